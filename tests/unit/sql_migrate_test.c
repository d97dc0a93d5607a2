/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/sql/migrate.h"
#include "common/sql/migrations.h"
#include "tests/unit/pg_rig.h"

static const struct sql_stmt applied = {
	"applied", "select count(*) from lite_migration", 0, 2, 0, NULL
};

static struct err e;

static int64_t count(struct sql_conn *c)
{
	_cleanup_(rows_fini) struct rows rows = { 0 };
	struct row row;

	assert_int_equal(sql_exec(c, &applied, NO_ARGS, &rows, &e), 0);
	row = rows_at(&rows, 0);
	return row_int(&row, 0);
}

static void *migrate(void *arg)
{
	struct err mine = { 0 };
	struct sql_conn *c = sql_conn_new(pg_rig_dsn, &mine);

	(void)arg;
	if (!c || sql_migrate(c, &mine) < 0)
		fprintf(stderr, "%s: %s\n", mine.msg, mine.detail);
	sql_conn_free(c);
	return mine.kind == ERR_NONE ? "ok" : NULL;
}

/* As the daemons do when a new version starts on all hosts. */
static void test_all_at_once(void **state)
{
	struct sql_conn *c;
	pthread_t t[4];
	void *rc;
	int n = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, migrate, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &rc);
		assert_non_null(rc);
	}
	while (sql_migrations[n].name)
		n++;
	c = sql_conn_new(pg_rig_dsn, &e);
	assert_int_equal(count(c), n);
	assert_int_equal(sql_migrate(c, &e), 0);
	assert_int_equal(count(c), n);
	sql_conn_free(c);
}

/* Nothing is left of a migration that fails: the first cannot run twice. */
static void test_failing(void **state)
{
	struct sql_conn *c = sql_conn_new(pg_rig_dsn, &e);
	int64_t before = count(c);

	(void)state;
	assert_int_equal(sql_script(c, "create table gone as select * from "
				    "lite_migration order by name limit 1;"
				    "delete from lite_migration where "
				    "name = (select name from gone)", &e), 0);
	assert_int_equal(sql_migrate(c, &e), -1);
	assert_non_null(strstr(e.detail, "already exists; migration 0001_"));
	assert_false(sql_in_tx(c));
	assert_int_equal(count(c), before - 1);
	assert_int_equal(sql_script(c, "insert into lite_migration select * "
				    "from gone", &e), 0);
	assert_int_equal(sql_migrate(c, &e), 0);
	sql_conn_free(c);
}

static void test_changed_text(void **state)
{
	struct sql_conn *c = sql_conn_new(pg_rig_dsn, &e);

	(void)state;
	assert_int_equal(sql_script(c, "update lite_migration "
				    "set sha256 = '\\x00'", &e), 0);
	assert_int_equal(sql_migrate(c, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_non_null(strstr(e.detail, "is not the one that was applied"));
	/* The lock is free again. */
	assert_int_equal(sql_migrate(c, &e), -1);
	sql_conn_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_failing),
		cmocka_unit_test(test_changed_text),
	};

	return cmocka_run_group_tests(tests, pg_rig_setup, pg_rig_teardown);
}
