/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/mem.h"
#include "common/json/out.h"

static struct buf out;
static struct jw w;

static int setup(void **state)
{
	(void)state;
	buf_reset(&out);
	jw_init(&w, &out);
	return 0;
}

static void test_structure(void **state)
{
	(void)state;
	j_obj(&w, NULL);
	j_obj(&w, "flavor");
	j_str(&w, "name", "m1");
	j_str(&w, "none", NULL);
	j_int(&w, "ram", INT64_MIN);
	j_int(&w, "big", INT64_MAX);
	j_bool(&w, "public", true);
	j_arr(&w, "links");
	j_end(&w);
	j_arr(&w, "list");
	j_int(&w, NULL, 0);
	j_obj(&w, NULL);
	j_end(&w);
	j_strf(&w, NULL, "%s-%d", "x", 1);
	j_null(&w, NULL);
	j_end(&w);
	j_end(&w);
	j_time(&w, "at", 0, TIME_Z);
	j_raw(&w, "raw", "{\"a\":1}", 7);
	j_end(&w);
	assert_string_equal(buf_str(&out),
		"{\"flavor\":{\"name\":\"m1\",\"none\":null,"
		"\"ram\":-9223372036854775808,\"big\":9223372036854775807,"
		"\"public\":true,\"links\":[],\"list\":[0,{},\"x-1\",null]},"
		"\"at\":\"1970-01-01T00:00:00Z\",\"raw\":{\"a\":1}}");
}

static void test_splice(void **state)
{
	static const char text[] = " {\"a\": 1, \"b\": {}} ";

	(void)state;
	j_obj(&w, NULL);
	j_splice(&w, "{ }", 3);
	j_splice(&w, text, sizeof(text) - 1);
	j_str(&w, "c", "");
	j_splice(&w, "{}", 2);
	j_end(&w);
	assert_string_equal(buf_str(&out),
			    "{\"a\": 1, \"b\": {},\"c\":\"\"}");
}

static void test_doubles(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 1, "1.0" }, { 0.1, "0.1" }, { -2.5, "-2.5" },
		{ 1e300, "1e+300" }, { 1.0 / 3, "0.3333333333333333" },
		{ INFINITY, "null" }, { NAN, "null" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		setup(NULL);
		j_double(&w, NULL, rows[i].v);
		assert_string_equal(buf_str(&out), rows[i].text);
	}
}

static void check(const char *s, size_t n, const char *want)
{
	setup(NULL);
	j_strn(&w, NULL, s, n);
	assert_string_equal(buf_str(&out), want);
}

static void test_escapes(void **state)
{
	(void)state;
	check("a\"b\\c\n\r\t\b\f\x01\x7f/", 13,
	      "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\x7f/\"");
	check("a\0b", 3, "\"a\\u0000b\"");
	check("12345678\"12345678", 17, "\"12345678\\\"12345678\"");
	check("gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80",
	      16, "\"gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac "
	      "\xf0\x9f\x98\x80\"");
}

#define BAD "\xef\xbf\xbd"

static void test_invalid_utf8(void **state)
{
	(void)state;
	check("a\xff", 2, "\"a" BAD "\"");
	check("\xc3", 1, "\"" BAD "\"");
	check("\xc0\x80", 2, "\"" BAD BAD "\"");
	check("\xed\xa0\x80", 3, "\"" BAD BAD BAD "\"");
	check("\xf4\x90\x80\x80", 4, "\"" BAD BAD BAD BAD "\"");
	check("\xe2\x82x", 3, "\"" BAD BAD "x\"");
	check("\xe0\x80\x80", 3, "\"" BAD BAD BAD "\"");
}

/* Every byte at every place of the eight that are looked at together. */
static void test_every_byte(void **state)
{
	(void)state;
	for (int i = 0; i < 24 * 256; i++) {
		char s[25] = "abcdefghijklmnopqrstuvwx";
		json_t *v;

		s[i / 256] = (char)(i % 256);
		setup(NULL);
		j_strn(&w, NULL, s, 24);
		v = json_loadb(out.data, out.len,
			       JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(v);
		if (i % 256 < 0x80)
			assert_memory_equal(json_string_value(v), s, 24);
		json_decref(v);
	}
}

/* 1000 rows of 20 keys: facts/http-postgresql.md measured 0.85 ms. */
static void test_speed(void **state)
{
	usec_t t0, best = INT64_MAX;

	(void)state;
	for (int round = 0; round < 20; round++) {
		setup(NULL);
		t0 = usec_monotonic();
		j_arr(&w, NULL);
		for (int i = 0; i < 1000; i++) {
			j_obj(&w, NULL);
			for (int k = 0; k < 6; k++) {
				j_str(&w, "some_name", "an ordinary value of "
				      "some length, 40 bytes");
				j_int(&w, "a_number", 123456789);
				j_bool(&w, "is_it", k & 1);
			}
			j_time(&w, "created_at", 1795192069000000, TIME_Z);
			j_time(&w, "updated_at", 1795192069000000, TIME_Z);
			j_end(&w);
		}
		j_end(&w);
		t0 = usec_monotonic() - t0;
		best = t0 < best ? t0 : best;
	}
	print_message("1000 rows, %zu bytes: %lld us\n", out.len,
		      (long long)best);
#if !defined(__SANITIZE_ADDRESS__) && defined(__OPTIMIZE__)
	assert_true(best < 5000);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_structure, setup),
		cmocka_unit_test_setup(test_splice, setup),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_invalid_utf8),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_speed),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	buf_fini(&out);
	return rc;
}
