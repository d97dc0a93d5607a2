/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/passwords.h"
#include "keystone-shim/api/resource.h"

#include <string.h>

#include "common/crypto/digest.h"

struct user_in {
	const char *name, *domain_id, *default_project_id, *password;
	bool enabled;
	json_t *options;
};

static const struct jfield user_new_fields[] = {
	JF_STR(struct user_in, name, J_REQ, 1, 255),
	JF_STR(struct user_in, domain_id, 0, 1, 64),
	JF_STR(struct user_in, default_project_id, J_NULL, 1, 64),
	JF_STR(struct user_in, password, J_NULL, 0, 4096),
	JF_BOOL(struct user_in, enabled, 0),
	JF_JSON(struct user_in, options, J_OBJ),
	JF_END_OPEN
};

static const struct jfield user_fields[] = {
	JF_STR(struct user_in, name, 0, 1, 255),
	JF_STR(struct user_in, domain_id, 0, 1, 64),
	JF_STR(struct user_in, default_project_id, J_NULL, 1, 64),
	JF_STR(struct user_in, password, J_NULL, 0, 4096),
	JF_BOOL(struct user_in, enabled, 0),
	JF_JSON(struct user_in, options, J_OBJ),
	JF_END_OPEN
};

static void user_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_splice(w, row_text(row, user__extra), row_len(row, user__extra));
	j_str(w, "id", row_text(row, user__id));
	j_str(w, "name", row_text(row, user__name));
	j_str(w, "domain_id", row_text(row, user__domain_id));
	j_bool(w, "enabled", row_bool(row, user__enabled));
	if (!row_null(row, user__default_project_id))
		j_str(w, "default_project_id",
		      row_text(row, user__default_project_id));
	if (row_null(row, user__password_expires_at))
		j_null(w, "password_expires_at");
	else
		j_time(w, "password_expires_at",
		       row_time(row, user__password_expires_at), TIME_USEC);
	/* Keystone repeats them here in the answer to a change. */
	if (strcmp(rq->http->method, "PATCH") == 0)
		j_raw(w, "extra", row_text(row, user__extra),
		      row_len(row, user__extra));
	j_raw(w, "options", row_text(row, user__options),
	      row_len(row, user__options));
}

static const struct resource user = {
	"user", "users", user_members, user__id
};

static int user_show_bind(struct req *rq)
{
	const char *id = req_path(rq, "user_id");

	req_args(rq, id);
	return allow_user(rq, id);
}

static int user_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &user, rows, req_path(rq, "user_id"));
}

const struct read_op user_show = {
	&SQL_user_show, user_show_bind, user_show_view
};

static int user_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "name"), query_text(rq, "domain_id"),
		 query_flag(rq, "enabled"));
	return allow_reader(rq);
}

static int user_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &user, rows);
}

const struct read_op user_list = {
	&SQL_user_list, user_list_bind, user_list_view
};

static int group_user_list_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "group_id"));
	return allow_reader(rq);
}

const struct read_op group_user_list = {
	&SQL_group_user_list, group_user_list_bind, user_list_view
};

/* Why a user could not be stored, by name. */
static int not_stored(struct req *rq, const char *name, const char *domain)
{
	if (rq->err.kind == ERR_NOT_FOUND)
		return resource_missing(rq, "domain", domain);
	if (rq->err.kind != ERR_CONFLICT)
		return -1;
	return fail(rq, ERR_CONFLICT, "Conflict occurred attempting to store "
		    "user - Duplicate entry found with name %s at domain ID "
		    "%s.", name, domain);
}

int user_create(struct req *rq)
{
	struct user_in in = { .domain_id = home_domain(rq) };
	const char *doc = resource_body(rq, "user", user_new_fields, &in,
					"password");
	char id[UUID_HEX_SIZE];
	struct row row;

	if (!doc)
		return -1;
	uuid_v4_hex(id);
	if (sql_one(rq, &SQL_user_create, &row,
		    ARGS(id, in.domain_id,
			 new_password_hash(rq, in.password), doc,
			 new_password_history() > 0)) < 0)
		return not_stored(rq, in.name, in.domain_id);
	return resource_reply(rq, &user, &row, 201);
}

int user_update(struct req *rq)
{
	const char *id = req_path(rq, "user_id");
	struct user_in in = { 0 };
	const char *doc = resource_body(rq, "user", user_fields, &in,
					"password");
	struct row row;
	int n;

	if (!doc)
		return -1;
	n = sql_maybe(rq, &SQL_user_update, &row,
		      ARGS(id, new_password_hash(rq, in.password), doc,
			   new_password_history()));
	if (n == 0)
		return resource_missing(rq, "user", id);
	if (n < 0)
		return not_stored(rq, in.name, "of the user");
	if (tokens_changed(rq) < 0)
		return -1;
	return resource_reply(rq, &user, &row, 200);
}

int user_delete(struct req *rq)
{
	return resource_delete(rq, &user, &SQL_user_delete,
			       req_path(rq, "user_id"));
}
