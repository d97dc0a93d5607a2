/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/timefmt.h"

/* -- memory -------------------------------------------------------------- */

static int order[3], norder;

static void remember(void *obj)
{
	order[norder++] = *(int *)obj;
}

static void test_arena(void **state)
{
	static int one = 1, two = 2;
	struct arena a;
	char *s, *big;

	(void)state;
	arena_init(&a);
	s = arena_printf(&a, "%s-%d", "x", 7);
	big = arena_zalloc(&a, 100000);
	for (int i = 0; i < 2000; i++) {
		int *p = arena_alloc(&a, sizeof(*p) * 5);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		p[4] = i;
	}
	assert_string_equal(s, "x-7");
	assert_int_equal(big[99999], 0);
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	arena_own(&a, &one, remember);
	arena_own(&a, &two, remember);
	arena_reset(&a);
	assert_int_equal(norder, 2);
	assert_int_equal(order[0], 2);
	assert_string_equal(arena_strdup(&a, "again"), "again");
	arena_fini(&a);
	assert_int_equal(norder, 2);
}

static void test_buf(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_string_equal(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	buf_addc(&b, '!');
	assert_int_equal(b.len, 3891);
	assert_memory_equal(b.data, "0,1,2,3", 7);
	assert_string_equal(buf_str(&b) + 3883, &"998,999,!"[1]);
	buf_reset(&b);
	buf_adds(&b, "new");
	buf_addu(&b, 0);
	buf_addu(&b, UINT64_MAX);
	assert_string_equal(buf_str(&b), "new018446744073709551615");
	buf_fini(&b);
	assert_null(b.data);
}

/* -- errors -------------------------------------------------------------- */

static void test_err(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, ERR_CONFLICT, "Name %s taken", "x"), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(e.msg, "Name x taken");
	err_set(&e, ERR_NOT_FOUND, "%s!", e.msg);
	assert_string_equal(e.msg, "Name x taken!");
	err_detail(&e, "one");
	err_detail(&e, "two %d", 2);
	assert_string_equal(e.detail, "one; two 2");
	err_set(&e, ERR_CONFLICT, NULL);
	assert_string_equal(e.msg, "The request conflicts.");
	assert_string_equal(e.detail, "");
	errno = ENOENT;
	err_errno(&e, "open %s", "/x");
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_string_equal(e.detail, "open /x: No such file or directory");
	assert_null(strstr(e.msg, "/x"));
}

static void test_err_fills_up(void **state)
{
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		err_detail(&e, "%s", "0123456789");
	assert_int_equal(strlen(e.detail), sizeof(e.detail) - 1);
}

static void test_err_tables(void **state)
{
	(void)state;
	assert_int_equal(err_status(ERR_NOT_FOUND), 404);
	assert_string_equal(err_nova_name(ERR_NOT_FOUND), "itemNotFound");
	assert_string_equal(err_name(ERR_TOO_LARGE), "TOO_LARGE");
	assert_int_equal(err_of_status(409), ERR_CONFLICT);
	assert_int_equal(err_of_status(418), ERR_INTERNAL);
}

/* -- log ----------------------------------------------------------------- */

/* What stderr gets while it is a pipe, "" for nothing. */
struct catch {
	int saved, fds[2];
	char text[1024];
};

static void catch_start(struct catch *c)
{
	assert_int_equal(pipe2(c->fds, O_NONBLOCK), 0);
	c->saved = dup(STDERR_FILENO);
	dup2(c->fds[1], STDERR_FILENO);
}

static const char *caught(struct catch *c)
{
	ssize_t n = read(c->fds[0], c->text, sizeof(c->text) - 1);

	c->text[n > 0 ? n : 0] = '\0';
	return c->text;
}

static void catch_end(struct catch *c)
{
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->fds[0]);
	close(c->fds[1]);
}

static void test_log(void **state)
{
	struct log_line l;
	struct catch c;
	const char *line;

	(void)state;
	catch_start(&c);
	log_init("base-test", LOG_INFO_);
	log_kv(LOG_DEBUG_, "not shown", NULL);
	assert_false(log_begin(&l, LOG_DEBUG_, "nor this"));
	log_kv(LOG_WARN_, "two words", "op", "flavor_show", "none", NULL,
	       "name", "a\"b\nc", "no", "", NULL);
	line = caught(&c);
	assert_memory_equal(line, "<4>time=", 8);
	assert_string_equal(strstr(line, " name="), " name=base-test "
			    "msg=\"two words\" op=flavor_show "
			    "name=\"a\\\"b\\nc\" no=\"\"\n");
	assert_true(log_begin(&l, LOG_INFO_, "x"));
	log_str(&l, "none", NULL);
	log_num(&l, "n", 200);
	log_ms(&l, "ms", 12034);
	log_end(&l);
	assert_string_equal(strstr(caught(&c), " msg="),
			    " msg=x n=200 ms=12.034\n");
	catch_end(&c);
}

static int lines(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

static void test_log_gathers(void **state)
{
	struct catch c;

	(void)state;
	catch_start(&c);
	log_gather(true);
	assert_false(log_waits());
	log_kv(LOG_INFO_, "one", NULL);
	log_kv(LOG_INFO_, "two", NULL);
	assert_true(log_waits());
	assert_string_equal(caught(&c), "");
	log_flush();
	assert_int_equal(lines(caught(&c)), 2);
	log_kv(LOG_INFO_, "three", NULL);
	log_warn("%s", "does not wait");
	assert_false(log_waits());
	assert_int_equal(lines(caught(&c)), 2);
	log_kv(LOG_INFO_, "last", NULL);
	log_gather(false);
	assert_int_equal(lines(caught(&c)), 1);
	catch_end(&c);
}

/* -- times --------------------------------------------------------------- */

static void expect_time(usec_t t, enum time_form form, const char *want)
{
	char s[TIME_MAX];

	assert_int_equal(time_format(t, form, s), strlen(want));
	assert_string_equal(s, want);
}

static void test_time_forms(void **state)
{
	usec_t t = 1795192069LL * USEC_PER_SEC + 42;

	(void)state;
	expect_time(t, TIME_Z, "2026-11-20T16:27:49Z");
	expect_time(t, TIME_USEC_Z, "2026-11-20T16:27:49.000042Z");
	expect_time(t, TIME_USEC, "2026-11-20T16:27:49.000042");
	expect_time(t, TIME_HTTP, "Fri, 20 Nov 2026 16:27:49 GMT");
	expect_time(0, TIME_HTTP, "Thu, 01 Jan 1970 00:00:00 GMT");
	expect_time(-1, TIME_USEC, "1969-12-31T23:59:59.999999");
	expect_time(INT64_MAX, TIME_Z, "9999-12-31T23:59:59Z");
	expect_time(INT64_MIN, TIME_Z, "0001-01-01T00:00:00Z");
}

/* The C library is the oracle, over all leap rules. */
static void test_time_calendar(void **state)
{
	(void)state;
	for (time_t t = -62135596800; t < 253402300799; t += 8640017) {
		char got[TIME_MAX], want[TIME_MAX];
		struct tm tm;
		usec_t back;

		gmtime_r(&t, &tm);
		snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
		time_format(t * USEC_PER_SEC, TIME_Z, got);
		assert_string_equal(got, want);
		assert_int_equal(time_parse(got, &back), 0);
		assert_int_equal(back, t * USEC_PER_SEC);
	}
}

static void test_time_parse(void **state)
{
	static const struct {
		const char *s;
		usec_t t;	/* -1: refused */
	} rows[] = {
		{ "1970-01-01T00:00:01", 1000000 },
		{ "1970-01-01 00:00:01Z", 1000000 },
		{ "1970-01-02", 86400000000 },
		{ "1970-01-01T00:01Z", 60000000 },
		{ "1970-01-01T00:00:00.5Z", 500000 },
		{ "1970-01-01T00:00:00.123456789", 123456 },
		{ "1970-01-01T01:30:00+01:30", 0 },
		{ "1970-01-01T00:00:00-0100", 3600000000 },
		{ "1970-01-01T00:00:00-01", 3600000000 },
		{ "2000-02-29T00:00:00Z", 951782400000000 },
		{ "", -1 }, { "xx", -1 }, { "1970", -1 }, { "1970-1-1", -1 },
		{ "1900-02-29", -1 }, { "1970-13-01", -1 },
		{ "1970-01-00", -1 }, { "1970-01-01T", -1 },
		{ "1970-01-01T24:00:00", -1 }, { "1970-01-01T00:00:60", -1 },
		{ "1970-01-01T00:00:00.", -1 }, { "1970-01-01T00:00:00x", -1 },
		{ "1970-01-01T00:00:00+", -1 },
		{ "1970-01-01T00:00:00+25:00", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		usec_t t = -1;
		int rc = time_parse(rows[i].s, &t);

		assert_int_equal(rc, rows[i].t < 0 ? -1 : 0);
		assert_int_equal(t, rows[i].t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_err_fills_up),
		cmocka_unit_test(test_err_tables),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_gathers),
		cmocka_unit_test(test_time_forms),
		cmocka_unit_test(test_time_calendar),
		cmocka_unit_test(test_time_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
