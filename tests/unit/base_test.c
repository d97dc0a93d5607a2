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
	assert_string_equal(buf_str(&b), "new");
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

static void test_log(void **state)
{
	int saved = dup(STDERR_FILENO), fds[2];
	char line[512];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	log_init("base-test", LOG_INFO_);
	log_debug("not shown");
	log_kv(LOG_WARN_, "two words", "op", "flavor_show", "none", NULL,
	       "name", "a\"b\nc", NULL);
	dup2(saved, STDERR_FILENO);
	n = read(fds[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_memory_equal(line, "<4>time=", 8);
	assert_string_equal(strstr(line, " name="), " name=base-test "
			    "msg=\"two words\" op=flavor_show "
			    "name=\"a\\\"b\\nc\"\n");
	close(fds[0]);
	close(fds[1]);
	close(saved);
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
		cmocka_unit_test(test_time_forms),
		cmocka_unit_test(test_time_calendar),
		cmocka_unit_test(test_time_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
