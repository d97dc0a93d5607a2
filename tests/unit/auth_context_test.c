/* SPDX-License-Identifier: Apache-2.0 */
/* Token contexts against a real catalog: every reason a token is not good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/auth/auth.h"
#include "common/base/mem.h"
#include "common/crypto/fernet.h"
#include "common/sql/migrate.h"
#include "gen/common_sql.h"
#include "tests/unit/pg_rig.h"

static struct sql_conn *db;
static struct auth *strict, *caching;
static char keys[] = "/tmp/lite-auth-XXXXXX";

static const char people[] =
	"insert into identity.projects (id, name, is_domain) values"
	" ('default', 'Default', true), ('dom2', 'Second', true);"
	"insert into identity.projects (id, name, domain_id, parent_id) values"
	" ('p1', 'one', 'default', 'default'),"
	" ('p2', 'two', 'default', 'default');"
	"insert into identity.users (id, name, domain_id) values"
	" ('ann', 'ann', 'default'), ('bob', 'bob', 'default'),"
	" ('eve', 'eve', 'dom2');"
	"insert into identity.groups (id, name, domain_id) values"
	" ('g', 'crew', 'default');"
	"insert into identity.group_members (group_id, user_id) values"
	" ('g', 'bob');"
	"insert into identity.roles (id, name) values ('ra', 'admin'),"
	" ('rm', 'member'), ('rr', 'reader'), ('rx', 'odd');"
	"insert into identity.implied_roles values ('ra', 'rm'), ('rm', 'rr');"
	"insert into identity.assignments"
	" (role_id, user_id, group_id, target_id, inherited) values"
	" ('ra', 'ann', null, 'p1', false),"
	" ('rr', 'ann', null, null, false),"
	" ('rx', 'bob', null, 'default', false),"
	" ('rm', 'bob', null, 'default', true),"
	" ('rx', null, 'g', 'p1', false),"
	" ('rr', 'eve', null, 'p1', false);";

static void run(const char *sql)
{
	struct err e = { 0 };

	if (sql_script(db, sql, &e) < 0)
		fail_msg("%s %s: %s", e.msg, e.detail, sql);
}

static int setup(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_non_null(mkdtemp(keys));
	assert_int_equal(fernet_repo_setup(keys, &e), 0);
	db = sql_conn_new(pg_rig_start(), &e);
	assert_non_null(db);
	assert_int_equal(sql_migrate(db, &e), 0);
	run(people);
	strict = auth_new(keys, false, &e);
	caching = auth_new(keys, true, &e);
	return strict && caching ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[64];

	(void)state;
	auth_free(strict);
	auth_free(caching);
	sql_conn_free(db);
	pg_rig_stop();
	snprintf(cmd, sizeof(cmd), "rm -r %s", keys);
	return system(cmd);
}

static const char *issue(const char *user, enum token_kind kind,
			 const char *scope, int seconds)
{
	static char text[TOKEN_TEXT_SIZE];
	struct token_payload p = { .kind = kind, .audit_count = 1 };

	strcpy(p.user_id, user);
	strcpy(p.scope_id, scope);
	p.methods = TOKEN_METHOD_PASSWORD;
	p.issued_at = usec_now() / USEC_PER_SEC;
	p.expires_at = usec_now() + seconds * USEC_PER_SEC;
	token_audit_id(p.audit_id[0]);
	fernet_token_make(auth_keys(strict), &p, text);
	return text;
}

static struct token *look(struct auth *a, const char *text)
{
	struct token *t = auth_cached(a, text);
	struct rows rows = { 0 };
	struct auth_step st;
	struct err e = { 0 };

	if (!t && auth_begin(a, text, &st, &e) == 0) {
		assert_int_equal(sql_exec(db, &SQL_token_context, st.args,
					  st.nargs, &rows, &e), 0);
		t = auth_end(a, &st, &rows, &e);
		rows_fini(&rows);
	}
	if (!t)
		assert_int_equal(e.kind, ERR_UNAUTHORIZED);
	return t;
}

/* The role names of a good token, in order; "-" when it is not good. */
static void roles_are(const char *user, enum token_kind kind,
		      const char *scope, const char *want)
{
	static const char *const names[] = { "admin", "member", "odd",
					     "reader" };
	struct token *t = look(strict, issue(user, kind, scope, 60));
	char got[64] = "";
	size_t i;

	if (!t) {
		assert_string_equal("-", want);
		return;
	}
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (token_has_role(t, names[i]))
			strcat(strcat(got, got[0] ? " " : ""), names[i]);
	assert_string_equal(got, want);
	token_unref(t);
}

static void test_roles(void **state)
{
	(void)state;
	roles_are("ann", TOKEN_PROJECT, "p1", "admin member reader");
	roles_are("ann", TOKEN_PROJECT, "p2", "-");
	roles_are("ann", TOKEN_SYSTEM, "all", "reader");
	roles_are("ann", TOKEN_UNSCOPED, "", "");
	/* by group, and inherited from the domain by what is below it */
	roles_are("bob", TOKEN_PROJECT, "p1", "member odd reader");
	roles_are("bob", TOKEN_PROJECT, "p2", "member reader");
	roles_are("bob", TOKEN_DOMAIN, "default", "odd");
	roles_are("bob", TOKEN_PROJECT, "default", "-");
	roles_are("nobody", TOKEN_UNSCOPED, "", "-");
}

static void test_fields(void **state)
{
	struct token *t = look(strict, issue("eve", TOKEN_PROJECT, "p1", 60));

	(void)state;
	assert_non_null(t);
	assert_string_equal(t->user_name, "eve");
	assert_string_equal(t->user_domain_name, "Second");
	assert_string_equal(t->project_name, "one");
	assert_string_equal(t->project_domain_id, "default");
	assert_true(t->is_reader && !t->is_member && !t->is_admin);
	token_unref(t);
}

/* Each statement makes ann's token bad, and the second mends it. */
static void test_what_ends_a_token(void **state)
{
	static const char *const pairs[][2] = {
		{ "update identity.users set enabled = false where id = 'ann'",
		  "update identity.users set enabled = true" },
		{ "update identity.projects set enabled = false "
		  "where id = 'p1'",
		  "update identity.projects set enabled = true" },
		{ "update identity.projects set enabled = false "
		  "where id = 'default'",
		  "update identity.projects set enabled = true" },
		{ "update identity.users set password_expires_at = now() "
		  "where id = 'ann'",
		  "update identity.users set password_expires_at = null" },
		{ "update identity.assignments set user_id = 'eve', "
		  "role_id = 'rm' where user_id = 'ann' and target_id = 'p1'",
		  "update identity.assignments set user_id = 'ann', "
		  "role_id = 'ra' where role_id = 'rm' and user_id = 'eve'" },
		{ "insert into identity.revocation_events (user_id) "
		  "values ('ann')",
		  "delete from identity.revocation_events" },
		{ "insert into identity.revocation_events (project_id) "
		  "values ('p1')",
		  "delete from identity.revocation_events" },
	};
	char text[TOKEN_TEXT_SIZE];
	struct token *t;
	size_t i;

	(void)state;
	strcpy(text, issue("ann", TOKEN_PROJECT, "p1", 60));
	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		run(pairs[i][0]);
		if ((t = look(strict, text)))
			fail_msg("still good after: %s", pairs[i][0]);
		run(pairs[i][1]);
		t = look(strict, text);
		if (!t)
			fail_msg("not good after: %s", pairs[i][1]);
		token_unref(t);
	}
}

static void test_audit_ids(void **state)
{
	char text[TOKEN_TEXT_SIZE], sql[256];
	struct token *t;

	(void)state;
	strcpy(text, issue("ann", TOKEN_PROJECT, "p1", 60));
	t = look(strict, text);
	snprintf(sql, sizeof(sql), "insert into identity.revocation_events "
		 "(audit_id) values ('%s')", t->audit_id);
	token_unref(t);
	run(sql);
	assert_null(look(strict, text));
	/* another token of the same user is another token */
	roles_are("ann", TOKEN_PROJECT, "p1", "admin member reader");
	run("delete from identity.revocation_events");
}

static void test_not_ours(void **state)
{
	static const char *const bad[] = { "", "x", "gAAAAABrAHThL-IRZMzZ",
		("gAAAAABrAQgGbHFz3ujdigwVU50qNIpzBzroftovC_59VPFNnpn1dYduk"
		 "6dw1TqIoKvR6-QCAb18K825q6gsF8xMYmctGTjV4GVmU541GaZfrWLiiv"
		 "yvyYr3Z6") };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(look(strict, bad[i]));
	assert_null(look(strict, issue("ann", TOKEN_PROJECT, "p1", -1)));
}

static void test_cache(void **state)
{
	char text[TOKEN_TEXT_SIZE];
	struct token *t;

	(void)state;
	strcpy(text, issue("ann", TOKEN_PROJECT, "p1", 60));
	assert_null(auth_cached(caching, text));
	token_unref(look(caching, text));
	run("update identity.users set enabled = false where id = 'ann'");
	t = auth_cached(caching, text);	/* until it is told */
	assert_non_null(t);
	token_unref(t);
	auth_flush(caching);
	assert_null(auth_cached(caching, text));
	assert_null(look(caching, text));
	run("update identity.users set enabled = true");
}

/* What was looked up before a flush must not come in after it. */
static void test_cache_race(void **state)
{
	struct rows rows = { 0 };
	struct err e = { 0 };
	struct auth_step st;
	struct token *t;
	char text[TOKEN_TEXT_SIZE];

	(void)state;
	strcpy(text, issue("ann", TOKEN_PROJECT, "p1", 60));
	assert_int_equal(auth_begin(caching, text, &st, &e), 0);
	assert_int_equal(sql_exec(db, &SQL_token_context, st.args, st.nargs,
				  &rows, &e), 0);
	auth_flush(caching);
	t = auth_end(caching, &st, &rows, &e);
	assert_non_null(t);
	token_unref(t);
	rows_fini(&rows);
	assert_null(auth_cached(caching, text));
}

static void test_cache_expiry(void **state)
{
	char text[TOKEN_TEXT_SIZE];

	(void)state;
	strcpy(text, issue("ann", TOKEN_PROJECT, "p1", 1));
	token_unref(look(caching, text));
	usleep(1100 * 1000);
	assert_null(auth_cached(caching, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_what_ends_a_token),
		cmocka_unit_test(test_audit_ids),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_race),
		cmocka_unit_test(test_cache_expiry),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
