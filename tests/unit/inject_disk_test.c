/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/inject_rig.h"

/* Which file system of which disk; disks that lie; what is left of a crash. */

#define MIB (1 << 20)

static struct inject_file motd[1];
static const struct inject_request request = { .adds = motd, .nadds = 1 };

static int setup(void **state)
{
	motd[0] = rig_file("/etc/motd", "hello");
	return rig_setup(state);
}

static void accept_disk(const struct inject_disk *disk, const char *root)
{
	struct inject_options o = { .root = root, .temp_dir = rig_dir };
	struct inject_report r;
	struct err e;

	if (inject_apply(disk, &request, &o, &r, &e) < 0)
		fail_msg("%s (%s)", e.msg, e.detail);
	inject_report_fini(&r);
}

static void refuse_disk(const char *root, enum err_kind kind, const char *text)
{
	struct inject_options o = { .root = root, .temp_dir = rig_dir };
	struct inject_report r;
	struct err e = { 0 };

	assert_int_equal(inject_apply(&rig_disk, &request, &o, &r, &e), -1);
	if (e.kind != kind || !(strstr(e.msg, text) || strstr(e.detail, text)))
		fail_msg("%s: %s (%s)", err_name(e.kind), e.msg, e.detail);
}

/* A file system with or without /etc in one. */
#define new_fs(name, options, size, tree) \
	rig_run("rm -f %s && mke2fs -q -F %s %s %s %s", name, options, \
		tree ? "-d tree" : "", name, size)

/* base: an empty disk with this table, in sfdisk's words. */
#define new_table(size, words) \
	rig_run("rm -f base && truncate -s %s base && " \
		"printf '%s' | sfdisk -q base", size, words)

#define put_fs(name, mib) \
	rig_run("dd if=%s of=base bs=1M seek=%d conv=notrunc,sparse", name, mib)

#define assert_injected_at(mib) do { \
	rig_check_at((mib) * MIB); \
	rig_assert_content("/etc/motd", "hello"); \
} while (0)

/* -- tables --------------------------------------------------------------- */

static void partitions_of_an_mbr(void **state)
{
	(void)state;
	new_fs("root", "-t ext4", "20M", true);
	new_table("32M", "label: dos\\nstart=1MiB,size=20MiB,type=83\\n");
	put_fs("root", 1);
	rig_new_overlay();
	accept_disk(&rig_disk, NULL);
	assert_injected_at(1);
	/* As old tools laid them out, at sector 63. */
	new_table("32M", "label: dos\\nstart=63,size=40960,type=83\\n");
	rig_run("dd if=root of=base bs=512 seek=63 conv=notrunc");
	rig_new_overlay();
	accept_disk(&rig_disk, NULL);
	rig_check_at(63 * 512);
	rig_run("! ls -d inject-*");
	rig_assert_content("/etc/motd", "hello");
}

static void logical_partitions(void **state)
{
	(void)state;
	new_table("48M", "label: dos\\nstart=1MiB,size=1MiB,type=82\\n"
		  "start=2MiB,size=44MiB,type=5\\n"
		  "start=3MiB,size=4MiB,type=83\\n"
		  "start=8MiB,size=20MiB,type=83\\n");
	put_fs("root", 8);
	rig_new_overlay();
	accept_disk(&rig_disk, NULL);
	assert_injected_at(8);
}

static void partitions_of_a_gpt_and_of_its_copy(void **state)
{
	(void)state;
	new_table("32M", "label: gpt\\nstart=2MiB,size=20MiB\\n"
		  "start=1MiB,size=1MiB\\n");
	put_fs("root", 2);
	rig_new_overlay();
	accept_disk(&rig_disk, NULL);
	assert_injected_at(2);
	rig_run("dd if=/dev/zero of=base bs=512 seek=1 count=1 conv=notrunc");
	rig_new_overlay();
	accept_disk(&rig_disk, NULL);
	assert_injected_at(2);
}

static void tables_that_lie_lead_nowhere(void **state)
{
	(void)state;
	new_table("32M", "label: dos\\nstart=1MiB,size=4MiB,type=5\\n");
	/* Logical tables in a circle, each with a partition off the disk. */
	rig_run("{ head -c 446 /dev/zero; printf '\\0\\0\\0\\0\\203\\0\\0\\0"
		"\\0\\0\\0\\360\\0\\0\\0\\360'; printf '\\0\\0\\0\\0\\5\\0\\0"
		"\\0\\1\\0\\0\\0\\1\\0\\0\\0'; head -c 32 /dev/zero; "
		"printf '\\125\\252'; } >ebr && test $(stat -c %%s ebr) = 512 "
		"&& for at in 2048 2049; do dd if=ebr of=base bs=512 "
		"seek=$at conv=notrunc; done");
	rig_new_overlay();
	refuse_disk(NULL, ERR_NOT_IMPLEMENTED, "no root file system");
}

/* -- which is the root ---------------------------------------------------- */

static void the_root_is_the_one_with_etc_or_the_named_one(void **state)
{
	(void)state;
	new_fs("data", "-t ext4 -L data", "30M", false);
	new_fs("root", "-t ext4 -L a-root", "20M", true);
	new_table("64M", "label: gpt\\nstart=1MiB,size=30MiB\\n"
		  "start=32MiB,size=20MiB\\n");
	put_fs("data", 1);
	put_fs("root", 32);
	rig_new_overlay();
	accept_disk(&rig_disk, NULL);
	assert_injected_at(32);
	rig_new_overlay();
	accept_disk(&rig_disk, "data");
	assert_injected_at(1);
	rig_new_overlay();
	refuse_disk("no-such-label", ERR_NOT_IMPLEMENTED, "no root file");
	/* The largest, when none has /etc. */
	rig_run("dd if=/dev/zero of=base bs=1M seek=32 count=1 conv=notrunc");
	rig_new_overlay();
	accept_disk(&rig_disk, NULL);
	assert_injected_at(1);
	/* But not /boot beside a root of another kind. */
	rig_run("printf XFSB | dd of=base bs=1M seek=32 conv=notrunc");
	rig_new_overlay();
	refuse_disk(NULL, ERR_NOT_IMPLEMENTED, "no root file system");
}

/* -- what is left to others ----------------------------------------------- */

static void refuse_fs(const char *options, const char *text)
{
	new_fs("base", options, "20M", true);
	rig_new_overlay();
	rig_run("cp overlay before");
	refuse_disk(NULL, ERR_NOT_IMPLEMENTED, text);
	rig_run("cmp overlay before");
}

static void what_cannot_be_edited_is_told_apart(void **state)
{
	(void)state;
	refuse_fs("-t ext4 -O quota", "features that cannot be edited");
	refuse_fs("-t ext4 -O mmp", "features that cannot be edited");
	refuse_fs("-t ext4 -O bigalloc", "features that cannot be edited");
	refuse_fs("-t ext4 -O inline_data", "features that cannot be edited");
	refuse_fs("-t ext4 -O casefold", "features that cannot be edited");
	refuse_fs("-t ext4 -O ea_inode", "features that cannot be edited");

	new_fs("base", "-t ext4", "20M", true);
	rig_run("debugfs -w -R 'feature needs_recovery' base");
	rig_new_overlay();
	refuse_disk(NULL, ERR_NOT_IMPLEMENTED, "journal that must be replayed");

	new_fs("base", "-t ext2", "20M", true);
	rig_run("debugfs -w -R 'set_super_value state 0' base");
	rig_new_overlay();
	refuse_disk(NULL, ERR_NOT_IMPLEMENTED, "must be checked first");

	rig_run("rm base && truncate -s 20M base");
	rig_new_overlay();
	refuse_disk(NULL, ERR_NOT_IMPLEMENTED, "no root file system");
	/* A superblock of a file system larger than its disk. */
	new_fs("base", "-t ext4", "20M", true);
	rig_run("truncate -s 10M base");
	rig_new_overlay();
	refuse_disk(NULL, ERR_NOT_IMPLEMENTED, "no root file system");
}

/* Damage of all sorts: any answer will do that comes in time. */
static void damage_is_survived(void **state)
{
	struct inject_options o = { .temp_dir = rig_dir,
				    .deadline_ms = 5000 };
	struct inject_report r;
	struct err e;

	(void)state;
	new_fs("root", "-t ext4 -b 1024", "4M", true);
	for (unsigned seed = 1; seed <= 20; seed++) {
		rig_run("cp root base && python3 -c 'import random\n"
			"random.seed(%u)\n"
			"f = open(\"base\", \"r+b\")\n"
			"for _ in range(200):\n"
			" f.seek(random.randrange(2048, 400000))\n"
			" f.write(bytes([random.randrange(256)]))'", seed);
		rig_new_overlay();
		if (inject_apply(&rig_disk, &request, &o, &r, &e) == 0)
			inject_report_fini(&r);
		rig_run("sha256sum -c base.sum && qemu-img check -q overlay");
	}
}

/* -- formats and layers --------------------------------------------------- */

static void raw_disks_and_stacks_of_layers(void **state)
{
	char top[128];
	const struct inject_layer raw[] = { { rig_base, "raw" } };
	const struct inject_disk alone = { raw, 1 };
	const struct inject_layer stack[] = {
		{ top, "qcow2" }, { rig_overlay, "qcow2" },
		{ rig_base, "raw" } };
	const struct inject_disk three = { stack, 3 };

	(void)state;
	snprintf(top, sizeof(top), "%s/top", rig_dir);
	new_fs("base", "-t ext4", "20M", true);
	rig_new_overlay();
	rig_run("qemu-img create -q -f qcow2 -b overlay -F qcow2 top && "
		"cp overlay before");
	accept_disk(&three, NULL);
	rig_run("cmp overlay before && sha256sum -c base.sum && "
		"qemu-img convert -O raw top fs && e2fsck -fn fs");
	rig_assert_content("/etc/motd", "hello");

	accept_disk(&alone, NULL);
	rig_run("cp base fs && e2fsck -fn fs");
	rig_assert_content("/etc/motd", "hello");
}

static void headers_lead_to_no_other_file(void **state)
{
	(void)state;
	/* The layer says it rests on `secret`; the caller says base. */
	new_fs("base", "-t ext4", "20M", true);
	new_fs("secret", "-t ext4", "20M", true);
	rig_new_overlay();
	rig_run("qemu-img rebase -u -f qcow2 -b secret -F raw overlay && "
		"sha256sum secret >secret.sum");
	accept_disk(&rig_disk, NULL);
	rig_run("sha256sum -c secret.sum && "
		"qemu-img rebase -u -f qcow2 -b base -F raw overlay");
	assert_injected_at(0);
	/* A base whose data are in a file of its choice. */
	rig_run("rm base && qemu-img create -q -f qcow2 -o "
		"data_file=secret,data_file_raw=on base 20M");
	rig_layers[1].format = "qcow2";
	rig_run("qemu-img create -q -f qcow2 -u -b base -F qcow2 overlay 20M");
	refuse_disk(NULL, ERR_BAD_REQUEST, "external data file");
	rig_layers[1].format = "raw";
}

static void what_the_daemon_says_is_passed_on(void **state)
{
	(void)state;
	rig_new_disk("-t ext4", "20M");
	rig_run("printf 'not a qcow2' >overlay");
	refuse_disk(NULL, ERR_INTERNAL, "not in qcow2 format");
	rig_run("rm overlay");
	refuse_disk(NULL, ERR_INTERNAL, "No such file");
}

/* -- ends ----------------------------------------------------------------- */

/* The deadline holds for a daemon that does not answer. */
static void the_deadline_is_kept(void **state)
{
	struct inject_options o = { .temp_dir = rig_dir, .deadline_ms = 1 };
	struct inject_report r;
	struct err e;

	(void)state;
	rig_new_disk("-t ext4", "20M");
	assert_int_equal(inject_apply(&rig_disk, &request, &o, &r, &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	rig_run("sha256sum -c base.sum");
}

/* Killed at any moment: the base is what it was, and the daemon goes too. */
static void killed_in_the_middle(void **state)
{
	static char big[8 * MIB];
	struct inject_file file[] = { rig_file("/big", "") };
	const struct inject_request rq = { .adds = file, .nadds = 1 };
	struct inject_report r;
	struct err e;
	int status;
	pid_t pid;

	(void)state;
	file[0].data = big;
	file[0].size = sizeof(big);
	memset(big, 'x', sizeof(big));
	for (unsigned ms = 1; ms < 200; ms += ms / 2 + 1) {
		rig_new_disk("-t ext4", "20M");
		pid = fork();
		if (pid == 0)
			_exit(rig_apply(&rq, &r, &e) < 0);
		usleep(ms * 1000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		rig_run("sha256sum -c base.sum && "
			"for i in 1 2 3 4 5 6 7 8 9; do "
			"pgrep -f '[q]emu-storage-daemon.*%s' || exit 0; "
			"sleep 0.1; done; exit 1", rig_dir);
	}
	rig_new_disk("-t ext4", "20M");
	accept_disk(&rig_disk, NULL);
	assert_injected_at(0);
}

static void two_hundred_files(void **state)
{
	static char names[200][32], data[52429];
	struct inject_file files[200];
	const struct inject_request rq = { .adds = files, .nadds = 200 };
	struct inject_report r;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 2654435761u >> 13;
	for (i = 0; i < 200; i++) {
		snprintf(names[i], sizeof(names[i]), "/opt/app/file-%03zu", i);
		files[i] = rig_file(names[i], "");
		files[i].data = data;
		files[i].size = sizeof(data);
	}
	rig_new_disk("-t ext4", "256M");
	if (rig_apply(&rq, &r, &e) < 0)
		fail_msg("%s (%s)", e.msg, e.detail);
	print_message("200 files, 10 MiB: serve %.1f add %.1f flush %.1f ms\n",
		      r.serve / 1e3, r.add / 1e3, r.flush / 1e3);
	inject_report_fini(&r);
	rig_check();
	rig_run("mkdir out && debugfs -R 'rdump /opt/app out' fs && "
		"test $(cat out/app/* | sha256sum | cut -c1-8) = "
		"$(for i in $(seq 200); do cat out/app/file-000; done | "
		"sha256sum | cut -c1-8) && test $(stat -c %%s "
		"out/app/file-199) = 52429");
	/* The layer holds little more than the files. */
	rig_run("test $(stat -c %%s overlay) -le $((12 * 1048576 + 1048576))");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partitions_of_an_mbr),
		cmocka_unit_test(logical_partitions),
		cmocka_unit_test(partitions_of_a_gpt_and_of_its_copy),
		cmocka_unit_test(tables_that_lie_lead_nowhere),
		cmocka_unit_test(the_root_is_the_one_with_etc_or_the_named_one),
		cmocka_unit_test(what_cannot_be_edited_is_told_apart),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(raw_disks_and_stacks_of_layers),
		cmocka_unit_test(headers_lead_to_no_other_file),
		cmocka_unit_test(what_the_daemon_says_is_passed_on),
		cmocka_unit_test(the_deadline_is_kept),
		cmocka_unit_test(killed_in_the_middle),
		cmocka_unit_test(two_hundred_files),
	};

	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
