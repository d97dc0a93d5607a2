/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nova-lite/inject/wire.h"
#include "tests/unit/inject_rig.h"

/* Injection by the program: the same results, and none of its ends is ours. */

static char program[512];

static int setup(void **state)
{
	ssize_t n = readlink("/proc/self/exe", program, 400);

	if (n < 0)
		return -1;
	program[n] = '\0';
	strcpy(strstr(program, "/unit/"), "/bin/nova-lite-inject");
	return rig_setup(state);
}

static int apply_by(const char *path, const struct inject_request *rq,
		    struct inject_report *report_r, struct err *e)
{
	struct inject_options o = { .temp_dir = rig_dir, .program = path };

	memset(e, 0, sizeof(*e));
	return inject_apply(&rig_disk, rq, &o, report_r, e);
}

static void results_are_the_same(void **state)
{
	struct inject_file files[] = { rig_file("/opt/x", "from memory"),
				       rig_file("/etc/passwd", ""),
				       rig_file("/opt/y", "") };
	struct inject_request rq = { .adds = files, .nadds = 3 };
	const char *removes[] = { "/opt/x", "/opt/y" };
	struct inject_report r, r2;
	struct err e;

	(void)state;
	rig_run("printf 'from a file' >payload");
	rig_new_disk("-t ext4", "16M");
	files[1].data = NULL;
	files[1].size = 11;
	files[1].fd = open(strcat(strcpy((char[128]){ 0 }, rig_dir),
				  "/payload"), O_RDONLY);
	if (apply_by(program, &rq, &r, &e) < 0)
		fail_msg("%s (%s)", e.msg, e.detail);
	close(files[1].fd);
	assert_int_equal(r.nadded, 3);
	assert_int_equal(r.bytes, 22);
	assert_true(!r.replaced[0] && r.replaced[1] && !r.replaced[2]);
	assert_int_equal(r.nmade, 1);
	assert_string_equal(r.made[0], "/opt");
	assert_true(r.serve > 0 && r.add > 0);
	rig_check();
	rig_assert_content("/opt/x", "from memory");
	rig_assert_content("/etc/passwd", "from a file");
	rig_assert_content("/opt/y", "");
	rig_run("debugfs -R 'stat /opt/x' fs | grep 'Mode: *0644'");

	rq = (struct inject_request){ .removes = removes, .nremoves = 2,
		.made = (const char *const *)r.made, .nmade = 1 };
	assert_int_equal(apply_by(program, &rq, &r2, &e), 0);
	assert_int_equal(r2.nremoved, 2);
	assert_int_equal(r2.nmade, 0);
	rig_check();
	rig_assert_absent("/opt");
	inject_report_fini(&r);
	inject_report_fini(&r2);
}

static void errors_come_through(void **state)
{
	struct inject_file file[] = { rig_file("/etc", "x") };
	struct inject_request rq = { .adds = file, .nadds = 1 };
	struct inject_report r;
	struct err e;

	(void)state;
	rig_new_disk("-t ext4", "16M");
	assert_int_equal(apply_by(program, &rq, &r, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(e.msg, "/etc is not a file");
	rig_run("rm overlay");
	assert_int_equal(apply_by(program, &rq, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_non_null(strstr(e.detail, "No such file"));
}

/* Programs that crash, say nothing, or say anything at all. */
static void a_program_gone_wrong_is_an_error(void **state)
{
	static const char *const scripts[] = {
		"kill -SEGV $$", "exit 0", "echo oops >&2; exit 3",
		"head -c 100 /dev/urandom >&3",
		"head -c 100000 /dev/zero >&3" };
	struct inject_file file[] = { rig_file("/x", "x") };
	struct inject_request rq = { .adds = file, .nadds = 1 };
	char path[128];
	struct inject_report r;
	struct err e;

	(void)state;
	snprintf(path, sizeof(path), "%s/program", rig_dir);
	rig_new_disk("-t ext4", "16M");
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		rig_run("printf '#!/bin/sh\\n%s\\n' >program && "
			"chmod 755 program", scripts[i]);
		assert_int_equal(apply_by(path, &rq, &r, &e), -1);
		assert_int_equal(e.kind, ERR_INTERNAL);
	}
	assert_int_equal(apply_by("/no/such/program", &rq, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

/* Every cut of a good reply is told from it. */
static void replies_are_not_trusted(void **state)
{
	_cleanup_(buf_fini) struct buf b = { 0 };
	char *made[] = { "/a", "/a/b" };
	bool replaced[] = { true, false };
	struct inject_report r = { .made = made, .nmade = 2,
				   .replaced = replaced, .nadded = 2 }, got;
	struct err e;
	struct wire w;

	(void)state;
	wire_put_reply(&b, 0, &r, 2, NULL);
	for (size_t n = 0; n <= b.len; n++) {
		w = (struct wire){ b.data, b.data + n, false };
		if (wire_get_reply(&w, 2, &got, &e) == 0) {
			assert_int_equal(n, b.len);
			assert_string_equal(got.made[1], "/a/b");
			inject_report_fini(&got);
		} else {
			assert_true(n < b.len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_the_same),
		cmocka_unit_test(errors_come_through),
		cmocka_unit_test(a_program_gone_wrong_is_an_error),
		cmocka_unit_test(replies_are_not_trusted),
	};

	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
