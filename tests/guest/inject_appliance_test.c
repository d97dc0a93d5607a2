/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/base/timefmt.h"
#include "tests/unit/inject_rig.h"

/*
 * Files into and out of what libext2fs cannot edit, by the appliance. Disks
 * are made and read back by each file system's own tools, none of which needs
 * root.
 */

#define MIB (1 << 20)

static int apply_within(const struct inject_request *rq, unsigned ms,
			struct inject_report *report_r, struct err *e)
{
	struct inject_options o = {
		.temp_dir = rig_dir, .deadline_ms = ms,
		.program = getenv("INJECT_PROGRAM"),
		.appliance = getenv("INJECT_APPLIANCE"),
	};
	struct inject_limits none = { "files", -1, -1, -1, NULL, 0 };

	memset(e, 0, sizeof(*e));
	if (inject_check(rq, &none, e) < 0)
		return -1;
	return inject_apply(&rig_disk, rq, &o, report_r, e);
}

static void apply(const struct inject_request *rq, struct inject_report *r)
{
	struct err e;

	if (apply_within(rq, 0, r, &e) < 0)
		fail_msg("%s (%s)", e.msg, e.detail);
}

static void refuse(const struct inject_request *rq, enum err_kind kind,
		   const char *text)
{
	struct inject_report r;
	struct err e;

	assert_int_equal(apply_within(rq, 0, &r, &e), -1);
	if (e.kind != kind || !strstr(e.msg, text))
		fail_msg("%s: %s (%s)", err_name(e.kind), e.msg, e.detail);
}

/* The disk as the guest has it, from `offset` bytes on, in fs. */
#define flatten(offset) \
	rig_run("qemu-img check -q overlay && sha256sum -c base.sum && " \
		"qemu-img convert -O raw overlay flat && rm -f fs && " \
		"dd if=flat of=fs bs=1M skip=%d conv=sparse status=none", \
		(offset) / MIB)

/* -- the same files for all ----------------------------------------------- */

#define MANY 16				/* files of one folder */

static char big[3 * MIB];

/* What the tree of the rig has links for, and what only an escape finds. */
static size_t files_for_all(struct inject_file *f)
{
	static char paths[MANY][40];
	size_t n = 0;

	f[n++] = rig_file("/etc/passwd", "replaced");
	f[n++] = rig_file("/etcabs/hosts", "by an absolute link");
	f[n++] = rig_file("/outside/escaped", "by a link that climbs");
	f[n++] = rig_file("/var/run/app/pid", "by a link to a folder");
	f[n++] = rig_file("/etc/resolv.conf", "in place of a link");
	f[n++] = rig_file("/root/.ssh/authorized_keys", "ssh-ed25519 A");
	f[n - 1].mode = 04600;
	f[n - 1].uid = 70000;
	f[n - 1].gid = 1000;
	f[n++] = rig_file("/root/.ssh/deep/er", "");
	f[n++] = rig_file("/big", "");
	f[n - 1].data = big;
	f[n - 1].size = sizeof(big);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/opt/many/%zu", i);
		f[n++] = rig_file(paths[i], paths[i]);
	}
	return n;
}

#define ALL_MAX 40

static void add_to_all(struct inject_report *r)
{
	struct inject_file files[ALL_MAX];
	struct inject_request rq = { .adds = files,
				     .nadds = files_for_all(files) };

	memset(big, 'b', sizeof(big));
	assert_true(rq.nadds >= 20);
	apply(&rq, r);
	assert_int_equal(r->nadded, rq.nadds);
	assert_int_equal(r->nreplaced, 2);
	assert_true(r->replaced[0] && !r->replaced[1] && r->replaced[4]);
	assert_int_equal(r->nmade, 6);
	assert_true(r->serve > 0 && r->add > 0);
}

static void remove_from_all(const struct inject_report *before)
{
	const char *removes[] = { "/root/.ssh/authorized_keys", "/big",
				  "/root/.ssh/deep/er", "/not/there" };
	struct inject_request rq = { .removes = removes, .nremoves = 4,
		.made = (const char *const *)before->made,
		.nmade = before->nmade };
	struct inject_report r;

	apply(&rq, &r);
	assert_int_equal(r.nremoved, 3);
	assert_int_equal(r.nmade, 3);		/* /var/run/app, /opt ... */
	inject_report_fini(&r);
}

/* `cat PATH` and `show PATH`: to want or got, "MODE UID GID MTIME". */
static void check_all(void)
{
	struct inject_file files[ALL_MAX];
	size_t n = files_for_all(files), i;

	for (i = 0; i < n; i++) {
		const char *path = files[i].path;

		if (strncmp(path, "/etcabs/", 8) == 0)
			path = "/etc/hosts";
		else if (strncmp(path, "/outside/", 9) == 0)
			path = "/etc/escaped";
		else if (strncmp(path, "/var/run/", 9) == 0)
			path = "/run/app/pid";
		rig_run("./read %s got >stat && "
			"grep -qx '10%04o %u %u %d' stat", path,
			files[i].mode, files[i].uid, files[i].gid, MTIME);
		if (files[i].data == big)
			rig_run("test $(stat -c %%s got) = %d && "
				"! tr -d b <got | grep -q .", 3 * MIB);
		else
			rig_run("printf %%s '%s' | cmp - got",
				(const char *)files[i].data);
	}
	rig_run("./read /home/u/kept got && grep kept got");
}

static void check_removed(void)
{
	rig_run("! ./read /root got && ! ./read /big got && "
		"./read /opt/many/3 got && ./read /run/app/pid got");
	/* nor do free blocks hold it, but for parts of clusters at its ends */
	rig_run("test $(tr -cd b <flat | wc -c) -lt 300000");
}

/* -- XFS ------------------------------------------------------------------ */

/* The tree as mkfs.xfs reads it. */
static void make_xfs(const char *options)
{
	rig_run("proto() { for p in \"$1\"/*; do n=${p##*/}; "
		"[ -e $p ] || [ -L $p ] || continue; if [ -L $p ]; then "
		"echo $n l--777 0 0 $(readlink $p); "
		"elif [ -d $p ]; then echo $n d--755 0 0; (proto $p); echo \\$;"
		"else echo $n ---644 0 0 $p; fi; done; }\n"
		"(echo /no; echo 0 0; echo d--755 0 0; proto tree; echo \\$)"
		" >proto && rm -f fs && mkfs.xfs -q -f -p proto %s",
		options);
	rig_run("printf '#!/bin/sh\\npython3 %s fs $1 2>stat.all >$2 || "
		"exit 1\\ncut -d\" \" -f1-4 stat.all\\n' >read && "
		"chmod 755 read", getenv("XFS_CAT"));
}

/* A partition behind one that has no /etc. */
static void xfs_on_gpt(void **state)
{
	struct inject_report r;

	(void)state;
	make_xfs("-d file,name=fs,size=310m");
	rig_run("rm -f base boot && truncate -s 330M base && "
		"printf 'label: gpt\\nstart=2048,size=16384\\n"
		"start=18432,size=634880\\n' | sfdisk -q base && "
		"mke2fs -q -t ext4 boot 8M && "
		"dd if=boot of=base bs=1M seek=1 conv=notrunc status=none && "
		"dd if=fs of=base bs=1M seek=9 conv=notrunc,sparse "
		"status=none");
	rig_new_overlay();
	add_to_all(&r);
	flatten(9 * MIB);
	rig_run("truncate -s 310M fs && xfs_repair -n fs");
	check_all();
	remove_from_all(&r);
	flatten(9 * MIB);
	rig_run("truncate -s 310M fs && xfs_repair -n fs");
	check_removed();
	inject_report_fini(&r);
}

static void conflicts(void **state)
{
	static char much[40 * MIB];
	struct inject_file files[] = { rig_file("/new/one", "x"),
				       rig_file("/etc", "x") };
	struct inject_request rq = { .adds = files, .nadds = 2 };

	(void)state;
	make_xfs("-d file,name=base,size=310m");
	rig_new_overlay();
	refuse(&rq, ERR_CONFLICT, "/etc is not a file");
	files[1] = rig_file("/much", "");
	files[1].data = much;
	files[1].size = sizeof(much);
	rig_run("mkdir -p t2/etc && truncate -s 32M base.new && "
		"mkfs.btrfs -q -M --rootdir t2 base.new && mv base.new base");
	rig_new_overlay();
	refuse(&rq, ERR_CONFLICT, "/much does not fit into the file system");
	flatten(0);
	rig_run("btrfs check fs");
}

/* -- btrfs ---------------------------------------------------------------- */

/* The root in a subvolume, and none at the top (btrfs_at.c). */
static void make_btrfs(void)
{
	rig_run("rm -f base && truncate -s 128M base && "
		"mkfs.btrfs -q --rootdir tree base && timeout 100 "
		"qemu-system-x86_64 -accel tcg -m 256 -nodefaults -display "
		"none -nic none -no-reboot -serial stdio -append "
		"'console=ttyS0 quiet panic=-1' -kernel %s/kernel.* "
		"-initrd %s -drive file=base,format=raw,if=virtio "
		"</dev/null | grep turned", getenv("INJECT_APPLIANCE"),
		getenv("AT_INITRD"));
}

static void btrfs(void **state)
{
	struct inject_report r;

	(void)state;
	make_btrfs();
	/* owners that only root could give: fakeroot remembers them */
	rig_run("printf '#!/bin/sh\\n[ -d out ] || { mkdir out; "
		"fakeroot -s owners btrfs restore -m -r 256 fs out "
		">/dev/null || exit 1; }\\n"
		"fakeroot -i owners cp out$1 $2 || exit 1\n"
		"fakeroot -i owners stat -c \"10%%%%04a %%%%u %%%%g %%%%Y\" "
		"out$1\n' >read && chmod 755 read");
	rig_new_overlay();
	add_to_all(&r);
	flatten(0);
	rig_run("btrfs check fs && rm -rf out");
	check_all();
	inject_report_fini(&r);
}

/* -- LVM ------------------------------------------------------------------ */

/*
 * A logical volume in two pieces, the second in front of the first: extents
 * of 4 MiB; root 6-9 and 1-4, between them another.
 */
static void lvm(void **state)
{
	struct inject_file files[] = { rig_file("/etc/motd", "in a volume") };
	struct inject_request rq = { .adds = files, .nadds = 1 };
	struct inject_report r;

	(void)state;
	rig_run("cat >lvm.sh <<'END'\n"
		"export LVM_SYSTEM_DIR=$PWD LD_PRELOAD=%s\n"
		"lvm \"$@\" --driverloaded n --config \"devices { dir=\\\"$PWD"
		"\\\" scan=[\\\"$PWD\\\"] use_devicesfile=0 hints=\\\"none\\\" "
		"obtain_device_list_from_udev=0 sysfs_scan=0 "
		"external_device_info_source=\\\"none\\\" "
		"md_component_detection=0 } global { locking_dir=\\\"$PWD/run"
		"\\\" etc=\\\"$PWD\\\" activation=0 event_activation=0 } "
		"backup { backup=0 archive=0 }\"\nEND\n", getenv("BLOCKFILE"));
	rig_run("mkdir -p run && rm -f pv base && truncate -s 60M pv && "
		"chmod 1600 pv && P=$PWD/pv && "
		"sh lvm.sh pvcreate $P && sh lvm.sh vgcreate vg $P && "
		"L='sh lvm.sh lvcreate -an -Zn -Wn' && "
		"$L -l 4 -n root vg $P:6-9 && $L -l 1 -n data vg $P:0 && "
		"sh lvm.sh lvextend -l +4 vg/root $P:1-4");
	rig_run("mke2fs -q -F -t ext4 -d tree root.fs 32M && "
		"put() { dd if=root.fs of=pv bs=1M skip=$1 seek=$2 count=16 "
		"conv=notrunc status=none; } && put 0 25 && put 16 5 && "
		"truncate -s 70M base && "
		"printf 'label: dos\\nstart=2048,size=16384,type=83\\n"
		"start=18432,size=122880,type=8e\\n' | sfdisk -q base && "
		"mke2fs -q -t ext4 boot 8M && "
		"dd if=boot of=base bs=1M seek=1 conv=notrunc status=none && "
		"dd if=pv of=base bs=1M seek=9 conv=notrunc status=none");
	rig_new_overlay();
	apply(&rq, &r);
	inject_report_fini(&r);
	flatten(9 * MIB);
	rig_run("mv fs pv2 && get() { dd if=pv2 of=fs bs=1M skip=$1 seek=$2 "
		"count=16 conv=notrunc status=none; } && get 25 0 && "
		"get 5 16 && e2fsck -fn fs");
	rig_assert_content("/etc/motd", "in a volume");
}

/* -- ext4 that libext2fs may not edit -------------------------------------- */

/*
 * The journal holds a block that the file system does not have yet; and there
 * are accounts to be kept.
 */
static void a_journal_is_replayed(void **state)
{
	struct inject_file files[] = { rig_file("/etc/motd", "after replay") };
	struct inject_request rq = { .adds = files, .nadds = 1 };
	struct inject_report r;
	struct err e;

	(void)state;
	rig_run("rm -f base && mke2fs -q -F -d tree -t ext4 "
		"-O ea_inode,project base 32M && tune2fs -O quota base && "
		"e2fsck -fn base && "
		"b=$(debugfs -R 'bmap /etc/passwd 0' base 2>/dev/null) && "
		"head -c 4096 /dev/zero | tr '\\0' j >block && "
		"printf \"jo\\njw -b $b block\\njc\\n\" >jo && "
		"debugfs -w -f jo base && "
		"dumpe2fs -h base | grep needs_recovery && "
		"debugfs -R 'cat /etc/passwd' base | grep root");
	rig_new_overlay();
	rig_run("qemu-img convert -O raw overlay before");
	assert_int_equal(rig_apply(&rq, &r, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_IMPLEMENTED);
	rig_run("qemu-img convert -O raw overlay after && cmp before after");
	apply(&rq, &r);
	inject_report_fini(&r);
	flatten(0);
	rig_run("e2fsck -fn fs && debugfs -R 'cat /etc/passwd' fs | "
		"grep -q '^jjjj'");
	rig_assert_content("/etc/motd", "after replay");
}

/* -- what goes wrong ------------------------------------------------------ */

static void a_disk_that_means_harm(void **state)
{
	struct inject_file files[] = { rig_file("/x", "x") };
	struct inject_request rq = { .adds = files, .nadds = 1 };

	(void)state;
	rig_run("rm -f base && mkfs.xfs -q -f -d file,name=base,size=310m && "
		"head -c 300000 /dev/urandom | "
		"dd of=base bs=1 seek=4 conv=notrunc status=none");
	rig_new_overlay();
	refuse(&rq, ERR_NOT_IMPLEMENTED, "The root file system cannot be "
	       "mounted");
}

static void without_an_appliance_it_is_not_implemented(void **state)
{
	struct inject_options o = { .temp_dir = rig_dir, .appliance = rig_dir,
				    .program = getenv("INJECT_PROGRAM") };
	struct inject_file files[] = { rig_file("/x", "x") };
	struct inject_request rq = { .adds = files, .nadds = 1 };
	struct inject_report r;
	struct err e;

	(void)state;
	rig_run("rm -f base && mkfs.xfs -q -f -d file,name=base,size=310m");
	rig_new_overlay();
	assert_int_equal(inject_apply(&rig_disk, &rq, &o, &r, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_IMPLEMENTED);
	rig_run("printf 'not one\\n' >manifest");
	assert_int_equal(inject_apply(&rig_disk, &rq, &o, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	rig_run("rm manifest");
}

/* The pid of a process of that name which has the layer open; 0: none. */
static pid_t find_process(const char *name)
{
	char log[96];
	pid_t pid = 0;
	FILE *f;

	if (rig_try("for p in /proc/[0-9]*; do "
		    "[ \"$(cut -c1-15 $p/comm 2>/dev/null)\" = %s ] || "
		    "continue; ls -l $p/fd 2>/dev/null | grep -q \"$PWD\" && "
		    "echo ${p##*/} && exit; done", name) != 0)
		return 0;
	snprintf(log, sizeof(log), "%s/log", rig_dir);
	f = fopen(log, "r");
	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

#define QEMU "qemu-system-x86"

static bool ends(pid_t pid)
{
	for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
		usleep(10000);
	return kill(pid, 0) < 0;
}

static void the_deadline_is_kept(void **state)
{
	struct inject_file files[] = { rig_file("/x", "x") };
	struct inject_request rq = { .adds = files, .nadds = 1 };
	usec_t began = usec_monotonic();
	struct inject_report r;
	struct err e;

	(void)state;
	assert_int_equal(apply_within(&rq, 1500, &r, &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_true(usec_monotonic() - began < 5 * USEC_PER_SEC);
	assert_int_equal(find_process(QEMU), 0);
}

static void *apply_in_a_thread(void *arg)
{
	struct inject_file files[] = { rig_file("/x", "x") };
	struct inject_request rq = { .adds = files, .nadds = 1 };
	struct inject_report r;
	struct err e;

	*(int *)arg = apply_within(&rq, 0, &r, &e);
	return NULL;
}

static void nothing_outlives_the_program(void **state)
{
	pid_t qemu = 0, parent = 0;
	pthread_t thread;
	char stat[64];
	FILE *f;
	int rc = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, apply_in_a_thread,
					&rc), 0);
	for (int i = 0; i < 1000 && !qemu; i++) {
		usleep(10000);
		qemu = find_process(QEMU);
	}
	assert_true(qemu > 0);
	snprintf(stat, sizeof(stat), "/proc/%d/stat", qemu);
	f = fopen(stat, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %*[^)]) %*c %d", &parent), 1);
	fclose(f);
	assert_int_equal(kill(parent, SIGKILL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(rc, -1);
	assert_true(ends(qemu));
	rig_run("! ls -d inject-*");
}

static int setup(void **state)
{
	return rig_setup(state) < 0 ? -1 :
		rig_try("echo kept >tree/home/u/kept && "
			"ln -s ../../../../etc tree/outside");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xfs_on_gpt),
		cmocka_unit_test(conflicts),
		cmocka_unit_test(btrfs),
		cmocka_unit_test(lvm),
		cmocka_unit_test(a_journal_is_replayed),
		cmocka_unit_test(a_disk_that_means_harm),
		cmocka_unit_test(without_an_appliance_it_is_not_implemented),
		cmocka_unit_test(the_deadline_is_kept),
		cmocka_unit_test(nothing_outlives_the_program),
	};

	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
