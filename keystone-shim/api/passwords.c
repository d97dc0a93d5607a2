/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/passwords.h"

#include <string.h>

#include "common/crypto/password.h"
#include "keystone-shim/api/resource.h"

static int rule(const char *name)
{
	return (int)conf_int(service_conf(), "security_compliance", name);
}

static unsigned int cost(void)
{
	return (unsigned int)conf_int(service_conf(), "identity",
				      "password_hash_rounds");
}

const char *new_password_hash(struct req *rq, const char *password)
{
	char *hash;

	if (!password)
		return NULL;
	hash = arena_alloc(req_arena(rq), PASSWORD_HASH_SIZE);
	password_hash(password, cost(), hash);
	return hash;
}

int new_password_history(void)
{
	return rule("unique_last_password_count");
}

/* Counts failures while they may lock, and forgets them after a success. */
static int attempt_count(struct req *rq, const struct row *login, bool good)
{
	const char *id = row_text(login, login__id);

	if (rule("lockout_failure_attempts") == 0)
		return 0;
	if (!good)
		return sql_run(rq, &SQL_login_failed,
			       ARGS(id, rule("lockout_duration"))) < 0 ? -1 : 0;
	if (row_int(login, login__failed_logins) == 0)
		return 0;
	return sql_run(rq, &SQL_login_succeeded, ARGS(id)) < 0 ? -1 : 0;
}

int password_prove(struct req *rq, const struct named *user,
		   const char *password, struct row *login_r)
{
	struct row row;
	bool good;
	int n = sql_maybe(rq, &SQL_login_show, &row,
			  ARGS(user->id, user->name, user->domain_id,
			       user->domain_name,
			       rule("lockout_failure_attempts"),
			       rule("lockout_duration")));

	if (n < 0)
		return -1;
	sql_release(rq);
	if (n == 0 || row_null(&row, login__password_hash)) {
		password_burn(password ? password : "", cost());
		return fail(rq, ERR_UNAUTHORIZED, NULL);
	}
	if (row_bool(&row, login__locked))
		return fail(rq, ERR_UNAUTHORIZED, "The account is locked for "
			    "user: %s.", row_text(&row, login__id));
	good = password && password_verify(password, row_text(&row,
						login__password_hash));
	if (attempt_count(rq, &row, good) < 0)
		return -1;
	if (!good || !row_bool(&row, login__enabled))
		return fail(rq, ERR_UNAUTHORIZED, NULL);
	*login_r = row;
	return 0;
}

/* -- POST /v3/users/{user_id}/password ------------------------------------- */

struct password_in {
	const char *password, *original_password;
};

static const struct jfield password_fields[] = {
	JF_STR(struct password_in, original_password, J_REQ, 0, 4096),
	JF_STR(struct password_in, password, J_REQ, 1, 4096),
	JF_END_OPEN
};

static int history_check(struct req *rq, const char *id, const char *password)
{
	int count = new_password_history();
	const struct rows *rows;
	struct row row;

	if (count == 0)
		return 0;
	if (sql_rows(rq, &SQL_password_history, &rows, ARGS(id, count)) < 0)
		return -1;
	sql_release(rq);
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (password_verify(password, row_text(&row, 0)))
			return fail(rq, ERR_BAD_REQUEST, "The new password "
				    "cannot be identical to a previous "
				    "password. The total number which "
				    "includes the new password must be unique "
				    "is %d.", count);
	}
	return 0;
}

/* Whoever knows the old password may set a new one: no token is asked for. */
int user_password_change(struct req *rq)
{
	const char *id = req_path(rq, "user_id");
	struct named user = { .id = id };
	struct password_in in = { 0 };
	struct row row;

	if (req_body(rq, "user", password_fields, &in) < 0 ||
	    password_prove(rq, &user, in.original_password, &row) < 0 ||
	    history_check(rq, id, in.password) < 0)
		return -1;
	if (sql_one(rq, &SQL_user_update, &row,
		    ARGS(id, new_password_hash(rq, in.password), "{}",
			 new_password_history())) < 0 ||
	    tokens_changed(rq) < 0)
		return -1;
	return reply(rq, 204);
}
