/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "nova-lite/inject/inject.h"

/* What a request may say, whatever the disk. */

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16
#define A255 A64 A64 A64 A16 A16 A16 "aaaaaaaaaaaaaaa"

static const struct inject_limits limits = {
	"personality", 5, 100, 300, NULL, 0
};

static const struct path_case {
	const char *path;
	const char *problem;		/* NULL: none */
} paths[] = {
	{ "/etc/motd", NULL },
	{ "/a", NULL },
	{ "/a b\n\xff", NULL },
	{ "/..a/b../...", NULL },
	{ "/" A255, NULL },
	{ "", "[0].path must be absolute" },
	{ "etc/motd", "[0].path must be absolute" },
	{ "./etc", "[0].path must be absolute" },
	{ "/", "[0].path has an empty component" },
	{ "/etc/", "[0].path has an empty component" },
	{ "//etc", "[0].path has an empty component" },
	{ "/etc//motd", "[0].path has an empty component" },
	{ "/..", "[0].path may not contain" },
	{ "/etc/../../x", "[0].path may not contain" },
	{ "/etc/..", "[0].path may not contain" },
	{ "/etc/./x", "[0].path may not contain" },
	{ "/a" A255, "[0].path has a name of more than 255 bytes" },
	{ "/" A255 "a/b", "[0].path has a name of more than 255 bytes" },
};

static struct inject_file file(const char *path)
{
	return (struct inject_file){ .path = path,
		.path_len = path ? strlen(path) : 0, .data = "x", .size = 1,
		.mode = 0644 };
}

static void expect(const struct inject_request *rq, enum err_kind kind,
		   const char *problem)
{
	struct err e = { 0 };
	int rc = inject_check(rq, &limits, &e);

	assert_int_equal(rc, problem ? -1 : 0);
	assert_int_equal(e.kind, problem ? kind : ERR_NONE);
	if (problem && !strstr(e.msg, problem))
		fail_msg("%s, not: %s", e.msg, problem);
}

static void expect_file(struct inject_file f, enum err_kind kind,
			const char *problem)
{
	struct inject_request rq = { .adds = &f, .nadds = 1 };

	expect(&rq, kind, problem);
}

static void paths_are_absolute_and_canonical(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		expect_file(file(paths[i].path), ERR_BAD_REQUEST,
			    paths[i].problem);
	expect_file(file(NULL), ERR_BAD_REQUEST, "[0].path is missing");
}

static void nul_and_length_are_seen(void **state)
{
	struct inject_file f = file("/etc/motd");
	struct inject_limits none = { "files", -1, -1, -1, NULL, 0 };
	struct inject_request rq = { .adds = &f, .nadds = 1 };
	char *longest = xmalloc(INJECT_PATH_MAX + 2);
	struct err e;

	(void)state;
	f.path_len += 4;
	expect_file(f, ERR_BAD_REQUEST, "[0].path contains a NUL");
	for (size_t i = 0; i <= INJECT_PATH_MAX; i++)
		longest[i] = i % 2 ? 'a' : '/';
	longest[INJECT_PATH_MAX + 1] = '\0';
	f = file(longest);
	assert_int_equal(inject_check(&rq, &none, &e), -1);
	assert_string_equal(e.msg, "files[0].path has more than 4095 bytes");
	longest[INJECT_PATH_MAX - 1] = '\0';
	f = file(longest);
	assert_int_equal(inject_check(&rq, &none, &e), 0);
	free(longest);
}

static void quotas_are_limits_and_not_one_less(void **state)
{
	struct inject_file f = file("/etc/motd");
	struct inject_file six[] = { file("/1"), file("/2"), file("/3"),
				     file("/4"), file("/5"), file("/6") };
	struct inject_request rq = { .adds = six, .nadds = 5 };

	(void)state;
	f.size = 100;
	expect_file(f, ERR_NONE, NULL);
	f.size = 101;
	expect_file(f, ERR_TOO_LARGE, "personality[0].contents has more than "
		    "the 100 bytes");
	f = file("/" A255 "/" A16 A16 "aaaaaaaaaaa");
	assert_int_equal(f.path_len, 300);
	expect_file(f, ERR_NONE, NULL);
	f = file("/" A255 "/" A16 A16 "aaaaaaaaaaaa");
	expect_file(f, ERR_TOO_LARGE, "personality[0].path has more than the "
		    "300 bytes");
	expect(&rq, ERR_NONE, NULL);
	rq.nadds = 6;
	expect(&rq, ERR_TOO_LARGE, "personality has more than the 5 files");
}

static void modes_are_permissions(void **state)
{
	struct inject_file f = file("/a");

	(void)state;
	f.mode = 07777;
	expect_file(f, ERR_NONE, NULL);
	f.mode = 0120777;
	expect_file(f, ERR_BAD_REQUEST, "personality[0].mode");
}

static void expect_set(const char *a, const char *b, const char *c,
		       const char *problem)
{
	struct inject_file files[] = { file(a), file(b), file(c) };
	struct inject_request rq = { .adds = files, .nadds = 3 };

	expect(&rq, ERR_BAD_REQUEST, problem);
}

static void paths_do_not_conflict(void **state)
{
	(void)state;
	expect_set("/a/b", "/a/c", "/a-b", NULL);
	expect_set("/a/b", "/c", "/a/b",
		   "personality[2].path is the same as personality[0].path");
	/* `-` and `.` sort before `/`: what is below is no neighbour then. */
	expect_set("/a", "/a-b", "/a/b", "personality[2].path is below "
		   "personality[0].path, which is a file");
	expect_set("/x/a/b/c", "/x/a.b", "/x/a", "personality[0].path is "
		   "below personality[2].path, which is a file");
}

static void removals_are_checked_like_additions(void **state)
{
	struct inject_file add = file("/a/b");
	const char *removes[] = { "/c", "/a/b" }, *made[] = { "/x/../y" };
	struct inject_request rq = { .adds = &add, .nadds = 1,
				     .removes = removes, .nremoves = 1 };

	(void)state;
	expect(&rq, ERR_NONE, NULL);
	rq.nremoves = 2;
	expect(&rq, ERR_BAD_REQUEST,
	       "removes[1] is the same as personality[0].path");
	removes[1] = "/c/../d";
	expect(&rq, ERR_BAD_REQUEST, "removes[1] may not contain");
	removes[1] = "/a";		/* a file that becomes a folder */
	expect(&rq, ERR_NONE, NULL);
	rq.made = made;
	rq.nmade = 1;
	expect(&rq, ERR_BAD_REQUEST, "made[0] may not contain");
}

/* Files of two lists are one set; each is called by its own list's name. */
static void two_lists(void **state)
{
	static const struct inject_limits two = {
		"personality", 5, 100, 300, "lite:files", 2
	};
	struct inject_file f[] = {
		file("/a"), file("/b"), file("/c"), file("/d")
	};
	struct inject_request rq = { .adds = f, .nadds = 4 };
	struct err e;

	(void)state;
	assert_int_equal(inject_check(&rq, &two, &e), 0);
	f[3] = file("/a");
	assert_int_equal(inject_check(&rq, &two, &e), -1);
	assert_string_equal(e.msg, "lite:files[1].path is the same as "
			    "personality[0].path");
	f[3] = file("d");
	assert_int_equal(inject_check(&rq, &two, &e), -1);
	assert_string_equal(e.msg, "lite:files[1].path must be absolute");
	f[3] = file("/d");
	f[1] = file("/c/x");
	assert_int_equal(inject_check(&rq, &two, &e), -1);
	assert_string_equal(e.msg, "personality[1].path is below "
			    "lite:files[0].path, which is a file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_absolute_and_canonical),
		cmocka_unit_test(nul_and_length_are_seen),
		cmocka_unit_test(quotas_are_limits_and_not_one_less),
		cmocka_unit_test(modes_are_permissions),
		cmocka_unit_test(paths_do_not_conflict),
		cmocka_unit_test(two_lists),
		cmocka_unit_test(removals_are_checked_like_additions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
