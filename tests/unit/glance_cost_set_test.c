/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "glance-lite/manifest/set.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FILE_OF(path, sha) \
	"{\"path\": \"" path "\", \"sha256\": \"" sha "\", \"size\": 5}"

static struct arena arena;
static struct err error;
static json_t *body;

static int parse(const char *text, struct set *set)
{
	json_decref(body);
	body = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(body);
	memset(&error, 0, sizeof(error));
	return set_parse(body, "files", &arena, set, &error);
}

/* printf 'AAA 5 420 0 0 /a\0BBB 7 493 10 20 /b\0' | sha256sum */
static void test_digest(void **state)
{
	struct set set, again;

	(void)state;
	assert_int_equal(parse("[]", &set), 0);
	assert_string_equal(set.digest, set_empty_digest);
	assert_int_equal(parse("[{\"path\": \"/b\", \"sha256\": \"" B64 "\","
		"\"size\": 7, \"mode\": \"755\", \"uid\": 10, \"gid\": 20},"
		FILE_OF("/a", A64) "]", &set), 0);
	assert_int_equal(set.n, 2);
	assert_int_equal(set.size, 12);
	assert_string_equal(set.files[0].path, "/a");
	assert_int_equal(set.files[0].mode, 0644);
	assert_int_equal(set.files[1].mode, 0755);
	assert_string_equal(set.digest, "cb939d485c514af25e0f2f23268d18bd"
			    "914b4aa20d5c2241b288ccce30ba530e");
	assert_int_equal(parse("[" FILE_OF("/a", A64) ",{\"path\": \"/b\","
		"\"sha256\": \"" B64 "\", \"size\": 7, \"mode\": \"0755\","
		"\"uid\": 10, \"gid\": 20}]", &again), 0);
	assert_string_equal(set.digest, again.digest);
}

/* -- bad input ------------------------------------------------------------ */

static void refused(const char *text, const char *words)
{
	struct set set;

	assert_int_equal(parse(text, &set), -1);
	assert_int_equal(error.kind, ERR_BAD_REQUEST);
	if (!strstr(error.msg, words))
		fail_msg("%s: \"%s\" without \"%s\"", text, error.msg, words);
}

static void test_paths(void **state)
{
	static const char *const bad[] = { "a", "a/b", "/", "//", "/a/", "//a",
		"/a//b", "/..", "/a/../b", "/a/..", "/.", "/./a", "" };
	char text[6000], name[4200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "[" FILE_OF("/ok", A64) ","
			 FILE_OF("%s", A64) "]", bad[i]);
		refused(text, "files[1].path: ");
	}
	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	snprintf(text, sizeof(text), "[" FILE_OF("/a/%s/b", A64) "]", name);
	refused(text, "more than 255 bytes");
	name[256] = 'x';
	name[4199] = '\0';
	for (size_t i = 0; i < sizeof(name) - 1; i += 200)
		name[i] = '/';
	snprintf(text, sizeof(text), "[" FILE_OF("%s", A64) "]", name);
	refused(text, "files[0].path: ");
}

static void test_fields(void **state)
{
	struct set set;

	(void)state;
	refused("[" FILE_OF("/a", "A" "aaa") "]", "files[0].sha256: ");
	refused("[{\"path\": \"/a\", \"sha256\": \"" A64 "\"}]", "'size'");
	refused("[{\"path\": \"/a\", \"sha256\": \"" A64 "\", \"size\": -1}]",
		"files[0].size: ");
	refused("[{\"path\": \"/a\", \"sha256\": \"" A64 "\", \"size\": 1,"
		"\"mode\": \"0888\"}]", "files[0].mode: ");
	refused("[{\"path\": \"/a\", \"sha256\": \"" A64 "\", \"size\": 1,"
		"\"uid\": 4294967295}]", "files[0].uid: ");
	refused("[{\"path\": \"/a\", \"sha256\": \"" A64 "\", \"size\": 1,"
		"\"x\": 1}]", "'x' was unexpected");
	refused("[7]", "files[0]");
	refused("{}", "files");
	refused("[" FILE_OF("/a", A64) "," FILE_OF("/b", B64) ","
		FILE_OF("/a", B64) "]", "/a is there twice");
	refused("[" FILE_OF("/a/b/c", A64) "," FILE_OF("/a-b", B64) ","
		FILE_OF("/a", B64) "]", "/a is a file, and a directory of "
		"/a/b/c");
	assert_int_equal(parse("[" FILE_OF("/ab", A64) ","
			       FILE_OF("/ab.d/x", B64) "]", &set), 0);
}

static void test_too_large(void **state)
{
	json_t *file = json_pack("{ss ss sI}", "path", "/a", "sha256", A64,
				 "size", (json_int_t)SET_BYTES_MAX);
	json_t *files = json_array();
	struct set set;

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_array_append_new(files, json_deep_copy(file));
		file = json_object_set_new(file, "path", json_string("/b"))
			? NULL : file;
	}
	assert_int_equal(set_parse(files, "files", &arena, &set, &error), -1);
	assert_int_equal(error.kind, ERR_TOO_LARGE);
	for (int i = 2; i <= SET_FILES_MAX; i++)
		json_array_append(files, file);
	assert_int_equal(set_parse(files, "files", &arena, &set, &error), -1);
	assert_int_equal(error.kind, ERR_TOO_LARGE);
	json_decref(files);
	json_decref(file);
}

/* -- difference ----------------------------------------------------------- */

static void test_minus(void **state)
{
	struct set a, b;
	const struct set_file *out[8];
	json_t *first;

	(void)state;
	assert_int_equal(parse("[" FILE_OF("/a", A64) "," FILE_OF("/b", A64)
			       "," FILE_OF("/d", A64) "]", &a), 0);
	first = json_incref(body);
	assert_int_equal(parse("[" FILE_OF("/b", B64) "," FILE_OF("/c", A64)
			       "," FILE_OF("/d", A64) "]", &b), 0);
	/* /b has other contents: it is missing and excess. */
	assert_int_equal(set_minus(&a, &b, out), 2);
	assert_string_equal(out[0]->path, "/a");
	assert_string_equal(out[1]->path, "/b");
	assert_int_equal(set_minus(&b, &a, out), 2);
	assert_string_equal(out[0]->path, "/b");
	assert_string_equal(out[1]->path, "/c");
	assert_int_equal(set_minus(&a, &a, out), 0);
	a.n = 0;
	assert_int_equal(set_minus(&a, &b, out), 0);
	assert_int_equal(set_minus(&b, &a, out), 3);
	json_decref(first);
}

static int finish(void **state)
{
	(void)state;
	json_decref(body);
	arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_minus),
	};

	arena_init(&arena);
	return cmocka_run_group_tests(tests, NULL, finish);
}
