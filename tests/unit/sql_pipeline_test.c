/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/sql/pipeline.h"
#include "tests/unit/pg_rig.h"

#define STMT(n, id, params, text) \
	static const struct sql_stmt n = { #n, text, params, 2, id, NULL }

STMT(twice, 0, 1, "select 2 * $1::int");
STMT(twice_too, 1, 1, "select 2 * $1::int");
STMT(divide, 2, 1, "select 100 / $1::int");
STMT(misspelt, 3, 1, "select nosuch($1::int)");
STMT(get, 4, 1, "select * from things where id = $1");
STMT(get_too, 5, 1, "select * from things where id = $1");
STMT(nap, 6, 1, "select 1 from pg_sleep($1::float8)");
STMT(echo, 7, 1, "select $1::text");
STMT(many, 8, 1, "select repeat('x', 1000) from generate_series(1, $1::int)");
STMT(refuse, 9, 1, "select lt($1)");

/* 100 / $1, none for 7; 1000 more where callers share an execution. */
#define SHARED "select one.*, callers.at from unnest($1::text[]) with " \
	"ordinality callers(p1, at) cross join lateral (select " \
	"1000 + 100 / p1::int as v from things where id = 1 and " \
	"p1::int <> 7) one where callers.at <= $2::int"
#define SHARE "select 100 / $1::int as v from things where id = 1 and " \
	"$1::int <> 7"
static const struct sql_stmt share_multi = {
	"share_multi", SHARED, 2, 2, 10, NULL
};
static const struct sql_stmt share = {
	"share", SHARE, 1, 2, 11, &share_multi
};
static const struct sql_stmt share_too_multi = {
	"share_too_multi", SHARED, 2, 2, 16, NULL
};
static const struct sql_stmt share_too = {
	"share_too", SHARE, 1, 2, 17, &share_too_multi
};
static const struct sql_stmt no_share_multi = {
	"no_share_multi", "select nosuch($1::text[], $2::int)", 2, 2, 18, NULL
};
static const struct sql_stmt no_share = {
	"no_share", SHARE, 1, 2, 19, &no_share_multi
};
/* All of things' columns, which change. */
static const struct sql_stmt wide_multi = {
	"wide_multi",
	"select one.*, callers.at from unnest($1::text[]) with ordinality "
	"callers(p1, at) cross join lateral (select * from things "
	"where id = p1::int) one where callers.at <= $2::int", 2, 2, 12, NULL
};
static const struct sql_stmt wide = {
	"wide", "select * from things where id = $1::int", 1, 2, 13,
	&wide_multi
};
static const struct sql_stmt say_multi = {
	"say_multi",
	"select p1, p2, at from unnest($1::text[], $2::text[]) with "
	"ordinality c(p1, p2, at) where at <= $3::int", 3, 2, 14, NULL
};
static const struct sql_stmt say = {
	"say", "select $1::text, $2::text", 2, 2, 15, &say_multi
};

static struct sql_conn *c;
static struct pipeline *p;
static struct err e;

/* What became of a statement. */
struct outcome {
	bool done;
	enum err_kind kind;
	int n;
	int64_t v;
	char msg[64];
	struct outcome *next;		/* submitted from the callback */
};

static int pending;

static void finished(void *arg, const struct rows *rows, const struct err *err)
{
	struct outcome *o = arg;
	struct row row;

	assert_false(o->done);
	o->done = true;
	pending--;
	o->kind = err ? err->kind : ERR_NONE;
	o->n = rows->n;
	if (err) {
		snprintf(o->msg, sizeof(o->msg), "%.63s", err->msg);
	} else if (rows->n == 1) {
		row = rows_at(rows, 0);
		o->v = row_len(&row, 0) == 4 ? row_int(&row, 0) : 0;
	}
	if (o->next) {
		pending++;
		pipeline_submit(p, &twice, ARGS(21), finished, o->next);
		pipeline_flush(p);
	}
}

static void submit(const struct sql_stmt *s, int arg, struct outcome *o)
{
	*o = (struct outcome){ .next = o->next };
	pending++;
	pipeline_submit(p, s, ARGS(arg), finished, o);
}

static void turn(int ms)
{
	struct pollfd fd = { pipeline_fd(p), (short)pipeline_events(p), 0 };
	int due = pipeline_timeout(p);

	if (due >= 0 && due < ms)
		ms = due;
	if (poll(&fd, 1, ms) > 0)
		pipeline_io(p, (unsigned)fd.revents);
	else if (due >= 0)
		pipeline_tick(p);
	pipeline_flush(p);
}

static void finish(void)
{
	usec_t end = usec_monotonic() + 10 * USEC_PER_SEC;

	pipeline_flush(p);
	while (pending && usec_monotonic() < end)
		turn(100);
	assert_int_equal(pending, 0);
}

static void good(const struct outcome *o, int64_t v)
{
	assert_true(o->done);
	assert_string_equal(err_name(o->kind), "NONE");
	assert_int_equal(o->v, v);
}

static void bad(const struct outcome *o, enum err_kind kind)
{
	assert_true(o->done);
	assert_string_equal(err_name(o->kind), err_name(kind));
	assert_int_equal(o->n, 0);
}

static int setup(void **state)
{
	if (pg_rig_setup(state) != 0)
		return -1;
	c = sql_conn_new(pg_rig_dsn, &e);
	p = pipeline_new(pg_rig_dsn);
	return sql_script(c, "create table things (id int primary key);"
		"insert into things values (1);"
		"create function lt(n int) returns void as $$ begin "
		"raise exception using errcode = 'LT' || n, "
		"message = 'Raised.'; end $$ language plpgsql", &e);
}

static int teardown(void **state)
{
	pipeline_free(p);
	sql_conn_free(c);
	return pg_rig_teardown(state);
}

static void test_batch(void **state)
{
	struct outcome o[100] = { 0 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			submit(i % 2 ? &twice : &twice_too, i, &o[i]);
		finish();
		for (int i = 0; i < 100; i++)
			good(&o[i], 2 * i);
	}
	pipeline_flush(p);	/* of nothing */
}

static void test_error_stays_with_its_statement(void **state)
{
	struct outcome o[9] = { 0 };

	(void)state;
	submit(&twice, 1, &o[0]);
	submit(&divide, 0, &o[1]);
	submit(&twice, 2, &o[2]);
	submit(&misspelt, 1, &o[3]);
	submit(&misspelt, 2, &o[4]);
	submit(&refuse, 404, &o[5]);
	submit(&divide, 0, &o[6]);
	submit(&divide, 4, &o[7]);
	submit(&twice, 3, &o[8]);
	finish();
	good(&o[0], 2);
	bad(&o[1], ERR_BAD_REQUEST);
	good(&o[2], 4);
	bad(&o[3], ERR_INTERNAL);
	bad(&o[4], ERR_INTERNAL);
	bad(&o[5], ERR_NOT_FOUND);
	assert_string_equal(o[5].msg, "Raised.");
	bad(&o[6], ERR_BAD_REQUEST);
	good(&o[7], 25);
	good(&o[8], 6);
}

/* Batches that are on their way when an earlier one fails. */
static void test_error_across_batches(void **state)
{
	struct outcome o[30] = { 0 };

	(void)state;
	for (int i = 0; i < 30; i++) {
		submit(i % 7 == 3 ? &misspelt : i % 2 ? &twice : &divide,
		       i % 5, &o[i]);
		if (i % 4 == 0)
			pipeline_flush(p);
	}
	finish();
	for (int i = 0; i < 30; i++) {
		if (i % 7 == 3)
			bad(&o[i], ERR_INTERNAL);
		else if (i % 2)
			good(&o[i], i % 5 * 2);
		else if (i % 5)
			good(&o[i], 100 / (i % 5));
		else
			bad(&o[i], ERR_BAD_REQUEST);
	}
}

static void test_submit_from_callback(void **state)
{
	struct outcome second = { 0 }, o = { .next = &second };

	(void)state;
	submit(&twice, 4, &o);
	finish();
	good(&o, 8);
	good(&second, 42);
}

static void echoed(void *arg, const struct rows *rows, const struct err *err)
{
	struct row row = rows_at(rows, 0);

	(void)arg;
	assert_null(err);
	assert_string_equal(row_text(&row, 0), "copied");
	pending--;
}

static void test_args_are_copied(void **state)
{
	char text[] = "copied";

	(void)state;
	pending++;
	pipeline_submit(p, &echo, ARGS(text), echoed, NULL);
	memset(text, 'x', sizeof(text) - 1);
	finish();
}

static void test_large_results(void **state)
{
	struct outcome o[4] = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++)
		submit(&many, 5000, &o[i]);
	finish();
	for (int i = 0; i < 4; i++)
		assert_int_equal(o[i].n, 5000);
}

static void test_stale_plans(void **state)
{
	struct outcome o[6] = { 0 };
	static int calls;
	char sql[64];

	(void)state;
	snprintf(sql, sizeof(sql), "alter table things add a%d int", calls++);
	submit(&get, 1, &o[0]);
	submit(&get_too, 1, &o[1]);
	finish();
	good(&o[0], 1);
	good(&o[1], 1);
	assert_int_equal(sql_script(c, sql, &e), 0);
	submit(&twice, 1, &o[0]);
	submit(&get, 1, &o[1]);
	submit(&get_too, 1, &o[2]);
	submit(&get, 1, &o[3]);
	pipeline_flush(p);
	submit(&get, 1, &o[4]);
	submit(&get_too, 1, &o[5]);
	finish();
	good(&o[0], 2);
	for (int i = 1; i < 6; i++)
		good(&o[i], 1);
}

static void test_multiget(void **state)
{
	struct outcome o[100] = { 0 };

	(void)state;
	for (int n = 1; n <= 100; n += 11) {
		for (int i = 0; i < n; i++)
			submit(i % 3 ? &share : &twice, i + 1, &o[i]);
		finish();
		for (int i = 0; i < n; i++)
			if (i % 3 == 0)
				good(&o[i], 2 * (i + 1));
			else
				good(&o[i], 1000 + 100 / (i + 1));
	}
	submit(&share, 4, &o[0]);
	finish();
	good(&o[0], 25);	/* alone: as it is */
}

static void test_multiget_of_two(void **state)
{
	struct outcome o[20] = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		submit(i % 2 ? &share : &wide, i / 2 + 1, &o[i]);
	finish();
	good(&o[0], 1);
	for (int i = 1; i < 20; i++)
		if (i % 2 == 0 || i / 2 + 1 == 7)
			assert_int_equal(o[i].n, 0);	/* of its caller */
		else
			good(&o[i], 1000 + 100 / (i / 2 + 1));
}

/* A read that may be slow goes behind those that wait, not before them. */
static void test_multiget_goes_first(void **state)
{
	struct outcome o[4] = { 0 }, slow = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		submit(&share, 10 + i, &o[i]);
	pipeline_flush(p);
	submit(&nap, 1, &slow);
	submit(&share, 20, &o[3]);
	pipeline_flush(p);
	while (!o[3].done)
		turn(100);
	assert_false(slow.done);
	finish();
	good(&o[3], 5);
}

/* Of 12: 6 go, 1 waits for them, with 3 more; 2 more are enough to go. */
static void test_multiget_waits_for_more(void **state)
{
	struct outcome o[12] = { 0 };

	(void)state;
	for (int i = 0; i < 12; i++) {
		submit(&share, 10 + i, &o[i]);
		if (i == 5 || i == 6 || i == 9)
			pipeline_flush(p);
	}
	finish();
	for (int i = 0; i < 12; i++)
		good(&o[i], 1000 + 100 / (10 + i));
}

static void test_multiget_errors(void **state)
{
	struct outcome o[8] = { 0 };

	(void)state;
	submit(&share, 4, &o[0]);
	submit(&share, 0, &o[1]);
	submit(&share, 7, &o[2]);
	submit(&twice, 2, &o[3]);
	submit(&share, 5, &o[4]);
	finish();
	good(&o[0], 25);
	bad(&o[1], ERR_BAD_REQUEST);
	assert_int_equal(o[2].n, 0);
	good(&o[3], 4);
	good(&o[4], 20);
}

/* What has nothing wrong with it shares, whoever else fails. */
static void test_multiget_beside_errors(void **state)
{
	struct outcome o[6] = { 0 };

	(void)state;
	submit(&divide, 0, &o[0]);
	submit(&share, 0, &o[1]);
	submit(&share, 4, &o[2]);
	submit(&share_too, 2, &o[3]);
	submit(&share_too, 4, &o[4]);
	submit(&divide, 2, &o[5]);
	finish();
	bad(&o[0], ERR_BAD_REQUEST);
	bad(&o[1], ERR_BAD_REQUEST);
	good(&o[2], 25);
	good(&o[3], 1050);
	good(&o[4], 1025);
	good(&o[5], 50);
}

static void test_multiget_that_cannot_be(void **state)
{
	struct outcome o[12] = { 0 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 12; i++)
			submit(i % 2 ? &no_share : &share, 10 + i, &o[i]);
		finish();
		for (int i = 0; i < 12; i++)
			good(&o[i], (i % 2 ? 0 : 1000) + 100 / (10 + i));
	}
}

static const char *const texts[] = {
	"", "plain", "null", "NULL", "\"", "\\", "\\\"", "{a,b}", " a ",
	"\n,\t", "'", "\xc3\xa9", NULL,
};
#define NTEXTS (int)ARRAY_LEN(texts)

static void same(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void said(void *arg, const struct rows *rows, const struct err *err)
{
	int i = (int)((const char *const *)arg - texts);
	struct row row;

	assert_null(err);
	assert_int_equal(rows->n, 1);
	row = rows_at(rows, 0);
	same(row_text(&row, 0), texts[i]);
	same(row_text(&row, 1), texts[NTEXTS - 1 - i]);
	pending--;
}

static void test_multiget_texts(void **state)
{
	(void)state;
	for (int i = 0; i < NTEXTS; i++) {
		pending++;
		pipeline_submit(p, &say, ARGS(texts[i], texts[NTEXTS - 1 - i]),
				said, (void *)&texts[i]);
	}
	finish();
}

static void test_multiget_stale(void **state)
{
	struct outcome o[4] = { 0 };
	static int calls;
	char sql[64];

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 4; i++)
			submit(&wide, i, &o[i]);
		finish();
		for (int i = 0; i < 4; i++)
			assert_int_equal(o[i].n, i == 1);
		snprintf(sql, sizeof(sql), "alter table things add m%d int",
			 calls++);
		assert_int_equal(sql_script(c, sql, &e), 0);
	}
}

/* Turns until it is connected again. */
static void come_back(void)
{
	struct outcome o = { 0 };
	usec_t end = usec_monotonic() + 10 * USEC_PER_SEC;

	do {
		turn(50);
		submit(&twice, 5, &o);
		finish();
	} while (o.kind == ERR_UNAVAILABLE && usec_monotonic() < end);
	good(&o, 10);
}

static void test_restart(void **state)
{
	struct outcome second = { 0 }, o[3] = { 0 }, held[4] = { 0 };

	(void)state;
	submit(&twice, 1, &o[0]);
	submit(&nap, 30, &o[1]);
	for (int i = 0; i < 4; i++) {
		submit(&share, i, &held[i]);
		if (i == 2)
			pipeline_flush(p);
	}
	o[2].next = &second;
	submit(&twice, 2, &o[2]);
	pipeline_flush(p);
	turn(50);
	pg_rig_do("stop");
	finish();
	bad(&o[1], ERR_UNAVAILABLE);
	bad(&o[2], ERR_UNAVAILABLE);
	bad(&second, ERR_UNAVAILABLE);
	for (int i = 0; i < 4; i++)
		bad(&held[i], ERR_UNAVAILABLE);
	assert_int_equal(pipeline_fd(p), -1);

	/* At once, not from pipeline_io. */
	submit(&twice, 1, &o[0]);
	assert_int_equal(pending, 0);
	bad(&o[0], ERR_UNAVAILABLE);
	for (int i = 0; i < 5; i++)
		turn(1000);
	assert_in_range(pipeline_timeout(p), 0, 2001);

	pg_rig_do("start");
	come_back();
	test_batch(state);
	test_stale_plans(state);
	test_multiget(state);
}

/* The break shows while something is sent, not while something is read. */
static void test_break_without_reading(void **state)
{
	struct outcome o[200] = { 0 };

	(void)state;
	pg_rig_do("stop");
	for (int i = 0; i < 200; i++) {
		submit(&twice, i, &o[i]);
		pipeline_flush(p);
	}
	finish();
	for (int i = 0; i < 200; i++)
		bad(&o[i], ERR_UNAVAILABLE);
	pg_rig_do("start");
	come_back();
}

static void test_free_fails_pending(void **state)
{
	struct pipeline *kept = p;
	struct outcome o[2] = { 0 };

	(void)state;
	p = pipeline_new(pg_rig_dsn);
	submit(&twice, 1, &o[0]);
	submit(&nap, 30, &o[1]);
	pipeline_flush(p);
	pipeline_free(p);
	p = kept;
	assert_int_equal(pending, 0);
	bad(&o[0], ERR_UNAVAILABLE);
	bad(&o[1], ERR_UNAVAILABLE);
}

static void test_no_server(void **state)
{
	struct pipeline *kept = p;
	struct outcome o = { 0 };

	(void)state;
	p = pipeline_new("host=/nonexistent");
	submit(&twice, 1, &o);
	bad(&o, ERR_UNAVAILABLE);
	for (int i = 0; i < 3; i++)
		turn(1000);
	pipeline_free(p);
	p = kept;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_error_stays_with_its_statement),
		cmocka_unit_test(test_error_across_batches),
		cmocka_unit_test(test_submit_from_callback),
		cmocka_unit_test(test_args_are_copied),
		cmocka_unit_test(test_large_results),
		cmocka_unit_test(test_stale_plans),
		cmocka_unit_test(test_multiget),
		cmocka_unit_test(test_multiget_of_two),
		cmocka_unit_test(test_multiget_waits_for_more),
		cmocka_unit_test(test_multiget_goes_first),
		cmocka_unit_test(test_multiget_errors),
		cmocka_unit_test(test_multiget_beside_errors),
		cmocka_unit_test(test_multiget_that_cannot_be),
		cmocka_unit_test(test_multiget_texts),
		cmocka_unit_test(test_multiget_stale),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_break_without_reading),
		cmocka_unit_test(test_free_fails_pending),
		cmocka_unit_test(test_no_server),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
