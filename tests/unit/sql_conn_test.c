/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/sql/sql.h"
#include "tests/unit/pg_rig.h"

#define STMT(n, id, params, text) \
	static const struct sql_stmt n = { #n, text, params, 2, id, NULL }

STMT(one, 0, 1, "select $1::int");
STMT(kinds, 1, 0,
     "select 'text', 'v'::varchar, 'n'::name, "
     "'01234567-89ab-cdef-0123-456789abcdef'::uuid, '{\"a\": 1}'::jsonb, "
     "'[1]'::json, 'happy'::mood, (-2)::int2, (-3)::int4, "
     "9007199254740993::int8, true, 1.5::float4, -0.25::float8, "
     "timestamptz '2026-11-20 16:27:49.000042Z', "
     "null::text, null::int, null::timestamptz, null::bool, "
     "timestamptz 'infinity'");
STMT(echo, 2, 5,
     "select $1::text, $2::int8, $3::bool, $4::timestamptz, $5::smallint");
STMT(insert, 3, 2, "insert into things (id, name) values ($1, $2)");
STMT(get, 4, 1, "select * from things where id = $1");
STMT(delete_all, 5, 0, "delete from things");
STMT(refuse, 6, 2, "select raise($1, $2)");
STMT(backend, 7, 0, "select pg_backend_pid()");
STMT(terminate, 8, 1, "select pg_terminate_backend($1)");
STMT(misspelt, 9, 0, "select nosuch from things");
STMT(later, 10, 1, "insert into later (thing) values ($1)");

static const struct sql_constraint table[] = {
	{ "things_name_key", ERR_CONFLICT, "A thing of this name exists." },
	{ "things_ok_check", ERR_FORBIDDEN, NULL },
	{ "later_thing_fkey", ERR_NOT_FOUND, "No such thing." },
	{ NULL, ERR_NONE, NULL },
};

static struct sql_conn *c;
static struct err e;

static int setup(void **state)
{
	if (pg_rig_setup(state) != 0)
		return -1;
	sql_constraints(table);
	c = sql_conn_new(pg_rig_dsn, &e);
	if (!c)
		return -1;
	return sql_script(c, "create type mood as enum ('happy', 'sad');"
		"create table things (id int primary key, "
		"name text not null constraint things_name_key unique, "
		"ok bool constraint things_ok_check check (ok), "
		"constraint short check (length(name) < 20));"
		"create table later (thing int constraint later_thing_fkey "
		"references things deferrable initially deferred);"
		"create function raise(c text, m text) returns void as $$"
		"begin raise exception using errcode = c, message = m; end "
		"$$ language plpgsql", &e);
}

static int teardown(void **state)
{
	sql_conn_free(c);
	return pg_rig_teardown(state);
}

static int64_t get_int(const struct sql_stmt *s)
{
	_cleanup_(rows_fini) struct rows rows = { 0 };
	struct row row;

	assert_int_equal(sql_exec(c, s, NO_ARGS, &rows, &e), 0);
	row = rows_at(&rows, 0);
	return row_int(&row, 0);
}

static void test_types(void **state)
{
	_cleanup_(rows_fini) struct rows rows = { 0 };
	struct row r;

	(void)state;
	assert_int_equal(sql_exec(c, &kinds, NO_ARGS, &rows, &e), 0);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.affected, 0);
	r = rows_at(&rows, 0);
	assert_string_equal(row_text(&r, 0), "text");
	assert_string_equal(row_text(&r, 1), "v");
	assert_string_equal(row_text(&r, 2), "n");
	assert_string_equal(row_text(&r, 3),
			    "01234567-89ab-cdef-0123-456789abcdef");
	assert_int_equal(row_len(&r, 3), 36);
	assert_string_equal(row_text(&r, 4), "{\"a\": 1}");
	assert_int_equal(row_len(&r, 4), 8);
	assert_string_equal(row_text(&r, 5), "[1]");
	assert_string_equal(row_text(&r, 6), "happy");
	assert_int_equal(row_int(&r, 7), -2);
	assert_int_equal(row_int(&r, 8), -3);
	assert_int_equal(row_int(&r, 9), 9007199254740993);
	assert_true(row_bool(&r, 10));
	assert_true(row_double(&r, 11) == 1.5);
	assert_true(row_double(&r, 12) == -0.25);
	assert_int_equal(row_time(&r, 13), 1795192069000042);
	assert_null(row_text(&r, 14));
	assert_true(row_null(&r, 15));
	assert_int_equal(row_int(&r, 15), 0);
	assert_int_equal(row_time(&r, 16), 0);
	assert_false(row_bool(&r, 17));
	assert_int_equal(row_time(&r, 18), INT64_MAX);
}

static void test_params(void **state)
{
	_cleanup_(rows_fini) struct rows rows = { 0 };
	struct row r;

	(void)state;
	assert_int_equal(sql_exec(c, &echo, ARGS("a'b\\", -5, true,
			sql_time(-42), sql_int_or_null(3, -1)), &rows, &e), 0);
	r = rows_at(&rows, 0);
	assert_string_equal(row_text(&r, 0), "a'b\\");
	assert_int_equal(row_int(&r, 1), -5);
	assert_true(row_bool(&r, 2));
	assert_int_equal(row_time(&r, 3), -42);
	assert_int_equal(row_int(&r, 4), 3);
	rows_fini(&rows);
	assert_int_equal(sql_exec(c, &echo, ARGS((const char *)NULL,
			sql_null(), sql_null(), sql_null(),
			sql_int_or_null(-1, -1)), &rows, &e), 0);
	r = rows_at(&rows, 0);
	for (int i = 0; i < 5; i++)
		assert_true(row_null(&r, i));
}

static void fails(int rc, enum err_kind kind, const char *msg)
{
	assert_int_equal(rc, -1);
	assert_string_equal(err_name(e.kind), err_name(kind));
	assert_string_equal(e.msg, msg ? msg : err_message(kind));
}

static void test_faults(void **state)
{
	struct rows rows;

	(void)state;
	assert_int_equal(sql_exec(c, &insert, ARGS(1, "x"), &rows, &e), 0);
	assert_int_equal(rows.affected, 1);
	rows_fini(&rows);
	fails(sql_exec(c, &insert, ARGS(2, "x"), NULL, &e), ERR_CONFLICT,
	      "A thing of this name exists.");
	fails(sql_exec(c, &insert, ARGS(1, "y"), NULL, &e), ERR_CONFLICT,
	      NULL);
	assert_non_null(strstr(e.detail, "23505"));
	fails(sql_exec(c, &insert, ARGS(3, sql_null()), NULL, &e),
	      ERR_BAD_REQUEST, NULL);
	fails(sql_exec(c, &insert, ARGS("x", "y"), NULL, &e),
	      ERR_BAD_REQUEST, NULL);
	fails(sql_exec(c, &insert, ARGS(3, "a name that is too long"), NULL,
		       &e), ERR_BAD_REQUEST, NULL);
	fails(sql_exec(c, &insert, ARGS(3, "\xff"), NULL, &e),
	      ERR_BAD_REQUEST, NULL);
	fails(sql_exec(c, &refuse, ARGS("LT404", "No 100% thing"), NULL, &e),
	      ERR_NOT_FOUND, "No 100% thing");
	fails(sql_exec(c, &refuse, ARGS("LT499", "secret"), NULL, &e),
	      ERR_INTERNAL, NULL);
	fails(sql_exec(c, &refuse, ARGS("40P01", "deadlock"), NULL, &e),
	      ERR_UNAVAILABLE, NULL);
	fails(sql_exec(c, &misspelt, NO_ARGS, NULL, &e), ERR_INTERNAL, NULL);
	assert_non_null(strstr(e.detail, "misspelt: 42703"));
	assert_int_equal(sql_exec(c, &delete_all, NO_ARGS, &rows, &e), 0);
	assert_int_equal(rows.affected, 1);
	rows_fini(&rows);
}

static void test_transactions(void **state)
{
	_cleanup_(rows_fini) struct rows rows = { 0 };

	(void)state;
	assert_int_equal(sql_begin(c, &e), 0);
	assert_true(sql_in_tx(c));
	assert_int_equal(sql_exec(c, &insert, ARGS(7, "t"), NULL, &e), 0);
	sql_rollback(c);
	sql_rollback(c);
	assert_int_equal(sql_exec(c, &get, ARGS(7), &rows, &e), 0);
	assert_int_equal(rows.n, 0);

	/* A deferred constraint speaks at the commit. */
	assert_int_equal(sql_begin(c, &e), 0);
	assert_int_equal(sql_exec(c, &later, ARGS(99), NULL, &e), 0);
	fails(sql_commit(c, &e), ERR_NOT_FOUND, "No such thing.");
	assert_false(sql_in_tx(c));

	assert_int_equal(sql_begin(c, &e), 0);
	fails(sql_exec(c, &misspelt, NO_ARGS, NULL, &e), ERR_INTERNAL, NULL);
	fails(sql_commit(c, &e), ERR_INTERNAL, NULL);
}

static void test_stale_plans(void **state)
{
	struct rows rows = { 0 };

	(void)state;
	assert_int_equal(sql_exec(c, &get, ARGS(1), NULL, &e), 0);
	assert_int_equal(sql_script(c, "alter table things add a1 int", &e),
			 0);
	assert_int_equal(sql_exec(c, &get, ARGS(1), NULL, &e), 0);
	assert_int_equal(sql_script(c, "deallocate all", &e), 0);
	assert_int_equal(sql_exec(c, &get, ARGS(1), NULL, &e), 0);

	/* Within a transaction it fails, and works in the next one. */
	assert_int_equal(sql_script(c, "alter table things add a2 int", &e),
			 0);
	assert_int_equal(sql_begin(c, &e), 0);
	assert_int_equal(sql_exec(c, &get, ARGS(1), NULL, &e), -1);
	sql_rollback(c);
	assert_int_equal(sql_begin(c, &e), 0);
	assert_int_equal(sql_exec(c, &get, ARGS(1), &rows, &e), 0);
	rows_fini(&rows);
	assert_int_equal(sql_commit(c, &e), 0);
}

static void kill_backend(int64_t pid)
{
	struct sql_conn *other = sql_conn_new(pg_rig_dsn, &e);

	assert_int_equal(sql_exec(other, &terminate, ARGS(pid), NULL, &e), 0);
	sql_conn_free(other);
	usleep(50000);
}

static void test_lost_connection(void **state)
{
	int64_t pid = get_int(&backend);

	(void)state;
	kill_backend(pid);
	assert_int_not_equal(get_int(&backend), pid);

	/* In a transaction nothing is tried again behind the caller's back. */
	assert_int_equal(sql_begin(c, &e), 0);
	kill_backend(get_int(&backend));
	fails(sql_exec(c, &insert, ARGS(1, "x"), NULL, &e), ERR_UNAVAILABLE,
	      NULL);
	fails(sql_exec(c, &insert, ARGS(1, "x"), NULL, &e), ERR_UNAVAILABLE,
	      NULL);
	sql_rollback(c);
	assert_true(get_int(&backend) > 0);
}

static void test_restart(void **state)
{
	(void)state;
	pg_rig_do("stop");
	fails(sql_exec(c, &one, ARGS(1), NULL, &e), ERR_UNAVAILABLE, NULL);
	pg_rig_do("start");
	assert_int_equal(sql_exec(c, &one, ARGS(1), NULL, &e), 0);
}

static void test_listen(void **state)
{
	struct sql_conn *l = sql_conn_new(pg_rig_dsn, &e);
	struct sql_note note;
	int fds[2];

	(void)state;
	assert_int_equal(sql_listen(l, "jobs", &e), 0);
	assert_int_equal(sql_listen(l, "identity_changed", &e), 0);
	assert_int_equal(sql_wait(l, 10, -1, &note, &e), 0);
	assert_int_equal(sql_notify(c, "other", "-", &e), 0);
	assert_int_equal(sql_notify(c, "jobs", "host-1", &e), 0);
	assert_int_equal(sql_notify(c, "identity_changed", NULL, &e), 0);
	assert_int_equal(sql_wait(l, 2000, -1, &note, &e), 1);
	assert_string_equal(note.channel, "jobs");
	assert_string_equal(note.payload, "host-1");
	assert_int_equal(sql_wait(l, 2000, -1, &note, &e), 1);
	assert_string_equal(note.channel, "identity_changed");
	assert_string_equal(note.payload, "");

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(sql_wait(l, 60000, fds[0], &note, &e), 0);
	close(fds[0]);
	close(fds[1]);

	pg_rig_do("stop");
	fails(sql_wait(l, 2000, -1, &note, &e), ERR_UNAVAILABLE, NULL);
	fails(sql_wait(l, 2000, -1, &note, &e), ERR_UNAVAILABLE, NULL);
	pg_rig_do("start");
	/* Listening again, and says so. */
	fails(sql_wait(l, 2000, -1, &note, &e), ERR_UNAVAILABLE, NULL);
	assert_int_equal(sql_notify(c, "jobs", "host-2", &e), 0);
	assert_int_equal(sql_wait(l, 2000, -1, &note, &e), 1);
	assert_string_equal(note.payload, "host-2");
	sql_conn_free(l);
}

static void test_lock(void **state)
{
	struct sql_conn *other = sql_conn_new(pg_rig_dsn, &e);

	(void)state;
	assert_int_equal(sql_try_lock(c, -77, &e), 1);
	assert_int_equal(sql_try_lock(other, -77, &e), 0);
	assert_int_equal(sql_try_lock(other, 78, &e), 1);
	sql_conn_free(other);
}

/* -- pool ---------------------------------------------------------------- */

static void *hold(void *arg)
{
	struct sql_pool *p = arg;
	struct err mine;
	struct sql_conn *held = sql_pool_get(p, &mine);

	assert(held);
	usleep(100000);
	sql_pool_put(p, held);
	return NULL;
}

static void test_pool_waits(void **state)
{
	struct sql_pool *p = sql_pool_new(pg_rig_dsn, 1);
	struct sql_conn *got;
	pthread_t t;

	(void)state;
	pthread_create(&t, NULL, hold, p);
	usleep(50000);
	got = sql_pool_get(p, &e);
	assert_non_null(got);
	assert_int_equal(sql_begin(got, &e), 0);
	sql_pool_put(p, got);
	assert_ptr_equal(sql_pool_get(p, &e), got);
	assert_false(sql_in_tx(got));
	sql_pool_put(p, got);
	pthread_join(t, NULL);
	sql_pool_free(p);
}

static void test_pool_exhausted(void **state)
{
	struct sql_pool *p = sql_pool_new(pg_rig_dsn, 2);
	struct sql_conn *a = sql_pool_get(p, &e), *b = sql_pool_get(p, &e);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	assert_null(sql_pool_get(p, &e));
	fails(-1, ERR_UNAVAILABLE, NULL);
	sql_pool_put(p, a);
	sql_pool_put(p, b);
	sql_pool_free(p);
}

static void test_pool_without_server(void **state)
{
	struct sql_pool *p = sql_pool_new("host=/nonexistent", 2);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_null(sql_pool_get(p, &e));
	fails(-1, ERR_UNAVAILABLE, NULL);
	assert_null(sql_conn_new("host=/nonexistent", &e));
	sql_pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_stale_plans),
		cmocka_unit_test(test_lost_connection),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_pool_waits),
		cmocka_unit_test(test_pool_exhausted),
		cmocka_unit_test(test_pool_without_server),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
