/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "glance-lite/bundle/check.h"

static struct bundle_entry file(const char *path)
{
	return (struct bundle_entry){ .path = path, .type = BUNDLE_FILE,
				      .mode = 0755 };
}

static struct bundle_entry dir(const char *path)
{
	return (struct bundle_entry){ .path = path, .type = BUNDLE_DIR,
				      .mode = 0755 };
}

static struct bundle_entry to(const char *path, enum bundle_type type,
			      const char *target)
{
	return (struct bundle_entry){ .path = path, .type = type,
				      .mode = 0777, .target = target };
}

static void takes(struct bundle_tree *t, struct bundle_entry e,
		  const char *path)
{
	if (bundle_take(t, &e) < 0)
		fail_msg("%s: %s", e.path, t->why);
	assert_string_equal(t->path, path);
}

static void refuses(struct bundle_tree *t, struct bundle_entry e,
		    const char *why)
{
	int64_t n = t->n;

	assert_int_equal(bundle_take(t, &e), -1);
	if (!strstr(t->why, why))
		fail_msg("%s: %s, not %s", e.path, t->why, why);
	assert_int_equal(t->n, n);
}

static void paths(void **state)
{
	char name[300], deep[BUNDLE_PATH_MAX + 10];
	struct bundle_tree t;

	bundle_tree_init(&t);
	takes(&t, dir("."), "");
	takes(&t, dir("./"), "");
	takes(&t, dir("./a//b/"), "a/b");
	takes(&t, dir("a/b"), "a/b");
	takes(&t, file("a/./b/..c"), "a/b/..c");
	refuses(&t, file("/a"), "absolute");
	refuses(&t, file(""), "the tree itself");
	refuses(&t, file("./"), "the tree itself");
	refuses(&t, file("../a"), "\"..\"");
	refuses(&t, file("a/../../b"), "\"..\"");
	refuses(&t, file("a/.."), "\"..\"");
	refuses(&t, file("a\nb"), "control");
	refuses(&t, file("a/b/..c"), "twice");
	refuses(&t, dir("a/b/..c"), "twice");
	refuses(&t, file("a/b/..c/d"), "not a folder");
	memset(name, 'x', 256);
	name[256] = '\0';
	refuses(&t, file(name), "too long");
	for (size_t i = 0; i + 1 < sizeof(deep); i++)
		deep[i] = i % 2 ? '/' : 'y';
	deep[sizeof(deep) - 1] = '\0';
	refuses(&t, file(deep), "too long");
	assert_true(bundle_has(&t, "a/b"));
	assert_false(bundle_has(&t, "c"));
	bundle_tree_fini(&t);
	(void)state;
}

static void links(void **state)
{
	struct bundle_tree t;

	bundle_tree_init(&t);
	takes(&t, file("usr/bin/a"), "usr/bin/a");
	takes(&t, to("b", BUNDLE_HARDLINK, "./usr/bin/a"), "b");
	takes(&t, to("c", BUNDLE_HARDLINK, "b"), "c");
	refuses(&t, to("d", BUNDLE_HARDLINK, "../a"), "hard link to ../a");
	refuses(&t, to("d", BUNDLE_HARDLINK, "/usr/bin/a"), "hard link");
	refuses(&t, to("d", BUNDLE_HARDLINK, "later"), "hard link");
	refuses(&t, to("d", BUNDLE_HARDLINK, NULL), "hard link");
	takes(&t, to("bin", BUNDLE_SYMLINK, "usr/bin"), "bin");
	refuses(&t, to("e", BUNDLE_HARDLINK, "bin"), "hard link");
	refuses(&t, file("bin/e"), "below bin");
	refuses(&t, to("e", BUNDLE_SYMLINK, ""), "target");
	refuses(&t, to("e", BUNDLE_SYMLINK, "a\tb"), "target");
	refuses(&t, to("e", BUNDLE_OTHER, NULL), "device");
	bundle_tree_fini(&t);
	(void)state;
}

static void rights(void **state)
{
	struct bundle_entry e = file("usr/bin/su");
	struct bundle_tree t;

	bundle_tree_init(&t);
	e.mode = 04755;
	takes(&t, e, "usr/bin/su");
	e.path = "usr/libexec/x";
	e.capable = true;
	takes(&t, e, "usr/libexec/x");
	e.path = "usr/bin/y";
	e.mode = 04775;
	refuses(&t, e, "write");
	e.mode = 04755;
	e.uid = 1000;
	refuses(&t, e, "another user");
	e.uid = 0;
	e.path = "usr/binary";
	refuses(&t, e, "outside");
	e.path = "./tmp/../usr/bin/z";
	refuses(&t, e, "\"..\"");
	e.path = "opt/cap";
	e.mode = 0755;
	refuses(&t, e, "outside");
	e = dir("var/mail");
	e.mode = 02775;
	takes(&t, e, "var/mail");
	bundle_tree_fini(&t);
	(void)state;
}

static void scripts(void **state)
{
	struct bundle_entry plain = file("etc/plain");
	struct bundle_tree t;

	plain.mode = 0644;
	bundle_tree_init(&t);
	takes(&t, file("usr/sbin/start"), "usr/sbin/start");
	takes(&t, to("sbin", BUNDLE_SYMLINK, "usr/sbin"), "sbin");
	takes(&t, to("usr/up", BUNDLE_SYMLINK, "../sbin/./start"), "usr/up");
	takes(&t, to("abs", BUNDLE_SYMLINK, "/usr/up"), "abs");
	takes(&t, to("out", BUNDLE_SYMLINK, "../../usr/sbin/start"), "out");
	takes(&t, to("loop", BUNDLE_SYMLINK, "loop"), "loop");
	takes(&t, to("gone", BUNDLE_SYMLINK, "nowhere"), "gone");
	takes(&t, plain, "etc/plain");
	takes(&t, to("hard", BUNDLE_HARDLINK, "etc/plain"), "hard");
	assert_true(bundle_executes(&t, "/usr/sbin/start"));
	assert_true(bundle_executes(&t, "/sbin/start"));
	assert_true(bundle_executes(&t, "/usr/up"));
	assert_true(bundle_executes(&t, "/abs"));
	assert_true(bundle_executes(&t, "/out"));
	assert_false(bundle_executes(&t, "/loop"));
	assert_false(bundle_executes(&t, "/gone"));
	assert_false(bundle_executes(&t, "/etc/plain"));
	assert_false(bundle_executes(&t, "/hard"));
	assert_false(bundle_executes(&t, "/usr/sbin"));
	assert_false(bundle_executes(&t, "/"));
	assert_false(bundle_executes(&t, "/usr/sbin/start/x"));
	bundle_tree_fini(&t);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths), cmocka_unit_test(links),
		cmocka_unit_test(rights), cmocka_unit_test(scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
