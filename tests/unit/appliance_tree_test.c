/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nova-lite/inject/appliance/tree.h"
#include "nova-lite/inject/edit.h"
#include "nova-lite/inject/walk.h"
#include "tests/unit/inject_rig.h"

/* What the appliance does to a mounted file system, on a folder of the host. */

static int edit_tree(const struct inject_request *rq,
		     struct inject_report *report_r, struct err *e)
{
	char root[96];
	struct mounted_tree t;
	int rc;

	memset(e, 0, sizeof(*e));
	snprintf(root, sizeof(root), "%s/root", rig_dir);
	assert_int_equal(mounted_tree_open(&t, root), 0);
	rc = edit(&t.tree, rq, report_r, e);
	mounted_tree_close(&t);
	return rc;
}

static void refuse(struct inject_file *files, size_t n, const char *text)
{
	struct inject_request rq = { .adds = files, .nadds = n };
	struct inject_report r;
	struct err e;

	for (size_t i = 0; i < n; i++)
		files[i].uid = getuid(), files[i].gid = getgid();
	rig_run("rm -rf before && cp -a root before");
	assert_int_equal(edit_tree(&rq, &r, &e), -1);
	if (e.kind != ERR_CONFLICT || !strstr(e.msg, text))
		fail_msg("%s: %s (%s)", err_name(e.kind), e.msg, e.detail);
	rig_run("diff -r --no-dereference before root");
}

static struct inject_file file(const char *path, const char *text)
{
	struct inject_file f = rig_file(path, text);

	f.uid = getuid();
	f.gid = getgid();
	return f;
}

/* A fresh copy of the rig's tree, and something beside it to be let alone. */
static int fresh(void **state)
{
	(void)state;
	return rig_try("rm -rf root outside && cp -a tree root && "
		       "mkdir outside && cp -a tree/etc outside && "
		       "ln -s ../../outside root/climb && "
		       "ln -s $PWD/outside root/absolute");
}

#define content(path, text) \
	rig_run("printf %%s '%s' | cmp - root%s", text, path)

static void files_come_and_go(void **state)
{
	struct inject_file files[] = {
		file("/etc/passwd", "replaced"),
		file("/root/.ssh/authorized_keys", "key"),
		file("/root/.ssh/deep/er", ""),
	};
	struct inject_request rq = { .adds = files, .nadds = 3 };
	const char *removes[] = { "/root/.ssh/authorized_keys",
				  "/root/.ssh/deep/er", "/not/there" };
	struct inject_report r, r2;
	struct err e;

	(void)state;
	if (getuid() != 0)
		skip();			/* folders are root's */
	files[1].mode = 04600;
	files[1].uid = 70000;
	rig_run("ln root/etc/passwd root/other && chmod 2777 root && "
		"chgrp 7 root");
	if (edit_tree(&rq, &r, &e) < 0)
		fail_msg("%s (%s)", e.msg, e.detail);
	assert_int_equal(r.nadded, 3);
	assert_int_equal(r.nreplaced, 1);
	assert_true(r.replaced[0] && !r.replaced[1]);
	assert_int_equal(r.nmade, 3);
	assert_string_equal(r.made[2], "/root/.ssh/deep");
	content("/etc/passwd", "replaced");
	rig_run("grep root root/other && cd root/root && "
		"stat -c '%%a %%u %%g %%Y' .ssh/authorized_keys | "
		"grep -x '4600 70000 0 1700000000' && "
		"stat -c '%%a %%u %%g' . .ssh | uniq | grep -x '755 0 0'");
	rq = (struct inject_request){ .removes = removes, .nremoves = 3,
		.made = (const char *const *)r.made, .nmade = r.nmade };
	assert_int_equal(edit_tree(&rq, &r2, &e), 0);
	assert_int_equal(r2.nremoved, 2);
	assert_int_equal(r2.nmade, 0);
	rig_run("! [ -e root/root ]");
	inject_report_fini(&r);
	inject_report_fini(&r2);
}

/* A folder of the same number may stand where one was removed. */
static void removed_folders_come_back(void **state)
{
	struct inject_file files[] = { file("/opt/a/new", "x") };
	const char *removes[] = { "/opt/a/old" };
	const char *made[] = { "/opt", "/opt/a" };
	struct inject_request rq = { .adds = files, .nadds = 1,
				     .removes = removes, .nremoves = 1,
				     .made = made, .nmade = 2 };
	struct inject_report r;
	struct err e;

	(void)state;
	if (getuid() != 0)
		skip();
	rig_run("mkdir -p root/opt/a && touch root/opt/a/old");
	assert_int_equal(edit_tree(&rq, &r, &e), 0);
	assert_int_equal(r.nmade, 2);
	content("/opt/a/new", "x");
	rig_run("! [ -e root/opt/a/old ]");
	inject_report_fini(&r);
}

static void links_stay_below_the_root(void **state)
{
	struct inject_file files[] = {
		file("/home/u/up", "by a relative link"),
		file("/etcabs/hosts", "by an absolute link"),
		file("/var/run/pid", "1"),
		file("/etc/resolv.conf", "in place of a link to nothing"),
	};
	struct inject_request rq = { .adds = files, .nadds = 4 };
	struct inject_file outside[] = { file("/climb/etc/passwd", "x") };
	struct inject_report r;
	struct err e;

	(void)state;
	assert_int_equal(edit_tree(&rq, &r, &e), 0);
	inject_report_fini(&r);
	content("/etc/passwd", "by a relative link");
	content("/etc/hosts", "by an absolute link");
	content("/run/pid", "1");
	content("/etc/resolv.conf", "in place of a link to nothing");
	refuse(outside, 1, "leads through a link to nothing");
	outside[0].path = "/absolute/etc/passwd";
	refuse(outside, 1, "leads through a link to nothing");
	rig_run("diff -r tree/etc/passwd outside/etc/passwd");
}

static void conflicts_are_told_before_anything_is_done(void **state)
{
	struct inject_file two[] = { file("/etc/hosts", "x"),
				     file("/etcabs/hosts", "y") };
	struct inject_file one[] = { file("/etc", "x") };
	static const char *const wrong[][2] = {
		{ "/etc", "/etc is not a file" },
		{ "/etc/passwd/x", "is not a folder" },
		{ "/loop1", "too many links" },
		{ "/loop1/x", "too many links" },
		{ "/nowhere/x", "a link to nothing" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		one[0].path = wrong[i][0];
		refuse(one, 1, wrong[i][1]);
	}
	refuse(two, 2, "is the same file as");
	one[0].path = "/etc/large";
	one[0].size = 1ull << 60;
	refuse(one, 1, "/etc/large does not fit into the file system");
}

static void folders_are_not_removed_as_files(void **state)
{
	const char *removes[] = { "/etc" };
	struct inject_request rq = { .removes = removes, .nremoves = 1 };
	struct inject_report r;
	struct err e;

	(void)state;
	assert_int_equal(edit_tree(&rq, &r, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	rig_run("ls root/etc/passwd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(files_come_and_go, fresh),
		cmocka_unit_test_setup(removed_folders_come_back, fresh),
		cmocka_unit_test_setup(links_stay_below_the_root, fresh),
		cmocka_unit_test_setup(
			conflicts_are_told_before_anything_is_done, fresh),
		cmocka_unit_test_setup(folders_are_not_removed_as_files,
				       fresh),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
