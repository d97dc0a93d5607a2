/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/inject_rig.h"

/* Files into and out of ext2, ext3 and ext4, whatever their features. */

static const char *const kinds[] = {
	"-t ext2", "-t ext3", "-t ext4", "-t ext4 -b 1024", "-t ext2 -b 1024",
	"-t ext4 -O ^metadata_csum,^64bit", "-t ext4 -I 128",
	"-t ext4 -O meta_bg,^resize_inode", "-t ext4 -O metadata_csum_seed",
	"-t ext4 -O ^flex_bg,uninit_bg,^metadata_csum",
	"-t ext4 -E lazy_itable_init=1", "-t ext4 -O ^has_journal",
	"-t ext4 -O ^dir_index", "-t ext2 -O ^filetype",
};

/* Applies to the disk; the report belongs to the caller. */
static void apply(const struct inject_request *rq, struct inject_report *r)
{
	struct err e;

	if (rig_apply(rq, r, &e) < 0)
		fail_msg("%s (%s)", e.msg, e.detail);
}

static void refuse(const struct inject_request *rq, enum err_kind kind,
		   const char *text)
{
	struct inject_report r;
	struct err e = { 0 };

	assert_int_equal(rig_apply(rq, &r, &e), -1);
	if (e.kind != kind || !strstr(e.msg, text))
		fail_msg("%s: %s (%s)", err_name(e.kind), e.msg, e.detail);
}

#define ADDS(f) { .adds = (f), .nadds = ARRAY_LEN(f) }

static void every_kind_takes_files_and_gives_them_back(const char *options)
{
	static char big[300000];
	struct inject_file files[] = {
		rig_file("/etc/motd", "hello"),
		rig_file("/etc/passwd", "replaced"),
		rig_file("/root/.ssh/authorized_keys", "ssh-ed25519 A"),
		rig_file("/root/.ssh/deep/er", "x"),
		rig_file("/empty", ""),
		rig_file("/big", ""),
	};
	struct inject_request rq = ADDS(files);
	const char *removes[] = { "/root/.ssh/authorized_keys", "/big",
				  "/root/.ssh/deep/er", "/not/there" };
	struct inject_report r, r2;

	memset(big, 'b', sizeof(big));
	files[5].data = big;
	files[5].size = sizeof(big);
	files[2].mode = 0600;
	files[2].uid = 70000;
	files[2].gid = 1000;
	rig_new_disk(options, "16M");
	apply(&rq, &r);
	assert_int_equal(r.nadded, 6);
	assert_int_equal(r.nreplaced, 1);
	assert_true(r.replaced[1] && !r.replaced[0]);
	assert_int_equal(r.nmade, 3);
	assert_string_equal(r.made[0], "/root");
	assert_string_equal(r.made[2], "/root/.ssh/deep");
	rig_check();
	rig_assert_content("/etc/motd", "hello");
	rig_assert_content("/etc/passwd", "replaced");
	rig_assert_content("/empty", "");
	rig_run("debugfs -R 'dump /big got' fs && test $(stat -c %%s got) = "
		"300000 && ! tr -d b <got | grep -q .");
	rig_run("TZ=UTC debugfs -R 'stat /root/.ssh/authorized_keys' fs >s && "
		"grep 'Type: regular *Mode: *0600' s && "
		"grep 'User: 70000 *Group: *1000' s && "
		"grep 'mtime: .* Tue Nov 14 22:13:20 2023' s && "
		"grep 'Links: 1' s");
	rig_run("debugfs -R 'stat /root/.ssh' fs >s && "
		"grep 'Type: directory *Mode: *0755' s && "
		"grep 'User: *0 *Group: *0' s");

	rq = (struct inject_request){ .removes = removes, .nremoves = 4,
		.made = (const char *const *)r.made, .nmade = r.nmade };
	apply(&rq, &r2);
	assert_int_equal(r2.nremoved, 3);
	assert_int_equal(r2.nmade, 0);
	rig_check();
	rig_assert_absent("/root");
	rig_assert_absent("/big");
	inject_report_fini(&r);
	inject_report_fini(&r2);
}

static void every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		print_message("mke2fs %s\n", kinds[i]);
		every_kind_takes_files_and_gives_them_back(kinds[i]);
	}
}

static void links_stay_within_the_guest(void **state)
{
	struct inject_file files[] = {
		rig_file("/home/u/up", "by a relative link"),
		rig_file("/etcabs/hosts", "by an absolute link"),
		rig_file("/var/run/app/pid", "1"),
		rig_file("/etc/resolv.conf", "in place of a link to nothing"),
	};
	struct inject_request rq = ADDS(files);
	struct inject_report r;

	(void)state;
	rig_new_disk("-t ext4", "16M");
	apply(&rq, &r);
	rig_check();
	rig_assert_content("/etc/passwd", "by a relative link");
	rig_assert_content("/etc/hosts", "by an absolute link");
	rig_assert_content("/run/app/pid", "1");
	rig_assert_content("/etc/resolv.conf", "in place of a link to nothing");
	rig_run("debugfs -R 'stat /home/u/up' fs | grep 'Type: symlink'");
	rig_run("debugfs -R 'stat /etc/resolv.conf' fs | grep 'Type: regular'");
	assert_int_equal(r.nmade, 1);
	assert_string_equal(r.made[0], "/var/run/app");
	inject_report_fini(&r);
}

static void refuse_one(const char *path, const char *text)
{
	struct inject_file file[] = { rig_file(path, "x") };
	struct inject_request rq = ADDS(file);

	refuse(&rq, ERR_CONFLICT, text);
}

static void conflicts_are_named_and_change_nothing(void **state)
{
	struct inject_file twice[] = { rig_file("/var/run/x", "1"),
				       rig_file("/run/x", "2") };
	struct inject_request rq = ADDS(twice);
	const char *removes[] = { "/etc" };

	(void)state;
	rig_new_disk("-t ext4", "16M");
	rig_run("cp overlay before");
	refuse_one("/etc", "/etc is not a file");
	refuse_one("/etcabs", "/etcabs is not a file");
	refuse_one("/etc/passwd/x", "not a folder");
	refuse_one("/loop1", "too many links");
	refuse_one("/loop1/x", "too many links");
	refuse_one("/nowhere/x", "link to nothing");
	refuse(&rq, ERR_CONFLICT, "is the same file as");
	rq = (struct inject_request){ .removes = removes, .nremoves = 1 };
	refuse(&rq, ERR_CONFLICT, "/etc is not a file");
	rig_run("cmp overlay before");
}

static void a_full_file_system_is_seen_before_it_is_changed(void **state)
{
	static char big[6 << 20];
	struct inject_file files[] = { rig_file("/a", "fits"),
				       rig_file("/toolarge", "") };
	struct inject_request rq = ADDS(files);
	struct inject_file many[300];
	char names[300][16];
	size_t i;

	(void)state;
	files[1].data = big;
	files[1].size = sizeof(big);
	rig_new_disk("-t ext4", "4M");
	rig_run("cp overlay before");
	refuse(&rq, ERR_CONFLICT, "/toolarge does not fit");
	rig_run("cmp overlay before");

	for (i = 0; i < ARRAY_LEN(many); i++) {
		snprintf(names[i], sizeof(names[i]), "/f%03zu", i);
		many[i] = rig_file(names[i], "");
	}
	rq = (struct inject_request)ADDS(many);
	rig_new_disk("-t ext4 -N 64", "16M");
	rig_run("cp overlay before");
	refuse(&rq, ERR_CONFLICT, "does not fit");
	rig_run("cmp overlay before");
}

/* Every size near the end of the free space is refused or put in, clean. */
static void the_last_blocks_are_used_or_refused(void **state)
{
	static char big[4 << 20];
	struct inject_file file[] = { rig_file("/big", "") };
	struct inject_request rq = ADDS(file);
	struct inject_report r;
	struct err e;
	int put = 0, refused = 0;

	(void)state;
	file[0].data = big;
	for (size_t kib = 3500; kib <= 3800; kib += 50) {
		file[0].size = kib << 10;
		rig_new_disk("-t ext4 -b 1024 -O ^has_journal", "4M");
		if (rig_apply(&rq, &r, &e) == 0) {
			inject_report_fini(&r);
			put++;
		} else {
			assert_int_equal(e.kind, ERR_CONFLICT);
			refused++;
		}
		rig_check();
	}
	assert_true(put > 0 && refused > 0);
}

/* Folders with an index of one level and of two, which they lose. */
static void large_folders_stay_sound(void **state)
{
	struct inject_file files[] = {
		rig_file("/large/added", "1"),
		rig_file("/large/name-500-of-a-file", "replaced"),
	};
	struct inject_request rq = ADDS(files);
	const char *removes[] = { "/large/name-501-of-a-file" };
	static const char *const options[] = {
		"-t ext4 -b 1024", "-t ext4 -b 1024 -O ^metadata_csum",
		"-t ext4 -b 4096" };
	struct inject_report r;

	(void)state;
	rq.removes = removes;
	rq.nremoves = 1;
	rig_run("mkdir -p tree/large && cd tree/large && "
		"for i in $(seq 6000); do : >name-$i-of-a-file; done");
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		rig_run("rm -f base && mke2fs -q -F -d tree -N 9000 %s base "
			"64M && { e2fsck -fyD base || test $? = 1; } && "
			"debugfs -R 'htree_dump /large' base | "
			"grep 'Root node'", options[i]);
		rig_new_overlay();
		apply(&rq, &r);
		inject_report_fini(&r);
		rig_check();
		rig_assert_content("/large/added", "1");
		rig_assert_content("/large/name-500-of-a-file", "replaced");
		rig_assert_absent("/large/name-501-of-a-file");
		/* a name removed at the start of a block stays, of no inode */
		rig_run("debugfs -R 'ls -p /large' fs | grep -v ^/0/ | "
			"grep -c /name- | grep -x 5999");
	}
	rig_run("rm -rf tree/large");
}

/* A name among several for one inode, and a link in blocks of its own. */
static void links_lose_one_name_only(void **state)
{
	struct inject_file files[] = { rig_file("/usr/bin/a", "new") };
	struct inject_request rq = ADDS(files);
	const char *removes[] = { "/usr/bin/long" };
	struct inject_report r;

	(void)state;
	rq.removes = removes;
	rq.nremoves = 1;
	rig_run("cd tree/usr/bin && echo old >a && ln a b && "
		"ln -s $(printf %%0200d 0) long");
	rig_new_disk("-t ext4", "16M");
	apply(&rq, &r);
	inject_report_fini(&r);
	rig_check();
	rig_assert_content("/usr/bin/a", "new");
	rig_run("debugfs -R 'cat /usr/bin/b' fs | grep -x old");
	rig_assert_absent("/usr/bin/long");
	rig_run("rm tree/usr/bin/*");
}

static void folders_that_hold_something_else_stay(void **state)
{
	struct inject_file first[] = { rig_file("/opt/a/x", "x"),
				       rig_file("/opt/b/y", "y") };
	struct inject_request rq = ADDS(first);
	struct inject_file other[] = { rig_file("/opt/b/c/other", "o") };
	const char *removes[] = { "/opt/a/x", "/opt/b/y" };
	struct inject_report r, r2;

	(void)state;
	rig_new_disk("-t ext4", "16M");
	apply(&rq, &r);
	assert_int_equal(r.nmade, 3);
	rq = (struct inject_request)ADDS(other);
	rq.removes = removes;
	rq.nremoves = 2;
	rq.made = (const char *const *)r.made;
	rq.nmade = r.nmade;
	apply(&rq, &r2);
	rig_check();
	/* All were empty; two are needed again. */
	rig_assert_absent("/opt/a");
	rig_assert_content("/opt/b/c/other", "o");
	assert_int_equal(r2.nmade, 3);
	assert_string_equal(r2.made[2], "/opt/b/c");
	inject_report_fini(&r);
	inject_report_fini(&r2);
}

static void contents_come_from_files_too(void **state)
{
	struct inject_file file[] = { rig_file("/payload", "") };
	struct inject_request rq = ADDS(file);
	struct inject_report r;
	_cleanup_(cleanup_close) int fd = -1;

	(void)state;
	rig_run("head -c 5000001 /dev/urandom >%s/payload", rig_dir);
	fd = open(strcat(strcpy((char[128]){ 0 }, rig_dir), "/payload"),
		  O_RDONLY);
	file[0].data = NULL;
	file[0].fd = fd;
	file[0].size = 5000001;
	file[0].mtime = 5000000000;		/* the year 2128 */
	rig_new_disk("-t ext4", "32M");
	apply(&rq, &r);
	inject_report_fini(&r);
	rig_check();
	rig_run("debugfs -R 'dump /payload got' fs && cmp got payload");
	rig_run("TZ=UTC debugfs -R 'stat /payload' fs | grep 'mtime:.*2128'");
	file[0].size++;
	refuse(&rq, ERR_INTERNAL, err_message(ERR_INTERNAL));
}

/* Neither in the file system nor in its free blocks, nor as growth. */
static void what_was_removed_is_gone_from_the_layer(void **state)
{
	enum { SIZE = 600000 };
	_cleanup_(cleanup_free) char *text = xcalloc(1, SIZE + 1);
	const char *removes[] = { "/opt/secret" };
	struct inject_request add = { 0 }, change = { 0 };
	struct inject_file secret, other = rig_file("/opt/other", "fine");
	struct inject_report r;

	(void)state;
	for (size_t at = 0; at + 8 <= SIZE; at += 8)
		memcpy(text + at, "secrecy\n", 8);
	secret = rig_file("/opt/secret", text);
	rig_new_disk("-t ext4", "64M");
	add.adds = &secret;
	add.nadds = 1;
	apply(&add, &r);
	inject_report_fini(&r);
	rig_check();
	rig_run("grep -q secrecy flat");
	change.adds = &other;
	change.nadds = 1;
	change.removes = removes;
	change.nremoves = 1;
	apply(&change, &r);
	inject_report_fini(&r);
	rig_check();
	rig_run("! grep -q secrecy flat");
	rig_assert_content("/opt/other", "fine");
	rig_run("qemu-img convert -c -O qcow2 -B base -F raw overlay packed && "
		"test $(stat -c %%s packed) -lt 400000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
		cmocka_unit_test(links_stay_within_the_guest),
		cmocka_unit_test(conflicts_are_named_and_change_nothing),
		cmocka_unit_test(
			a_full_file_system_is_seen_before_it_is_changed),
		cmocka_unit_test(the_last_blocks_are_used_or_refused),
		cmocka_unit_test(large_folders_stay_sound),
		cmocka_unit_test(links_lose_one_name_only),
		cmocka_unit_test(folders_that_hold_something_else_stay),
		cmocka_unit_test(contents_come_from_files_too),
		cmocka_unit_test(what_was_removed_is_gone_from_the_layer),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
