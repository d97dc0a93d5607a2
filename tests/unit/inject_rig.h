/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_INJECT_RIG_H
#define TEST_INJECT_RIG_H

/*
 * Disks in a folder of the test's own, made by e2fsprogs and qemu-img and
 * read back by debugfs and e2fsck: what the guest would see, from a reader
 * that is not the code under test.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/inject.h"

#define MTIME 1700000000

static char rig_dir[64];
static char rig_base[96], rig_overlay[96];
static struct inject_layer rig_layers[2] = {
	{ rig_overlay, "qcow2" }, { rig_base, "raw" } };
static const struct inject_disk rig_disk = { rig_layers, 2 };

/* A shell command in the folder; its exit status. */
__attribute__((format(printf, 1, 2)))
static int rig_try(const char *fmt, ...)
{
	_cleanup_(cleanup_free) char *line = NULL;
	_cleanup_(cleanup_free) char *all = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		abort();
	va_end(ap);
	all = xasprintf("cd %s && PATH=$PATH:/sbin:/usr/sbin && { %s\n} "
			">log 2>&1", rig_dir, line);
	return system(all);
}

#define rig_run(...) do { \
	if (rig_try(__VA_ARGS__) != 0) { \
		rig_show_log(); \
		fail_msg("a command failed"); \
	} \
} while (0)

static void rig_show_log(void)
{
	_cleanup_(cleanup_free) char *line = xasprintf("cat %s/log >&2",
						       rig_dir);

	if (system(line) != 0)
		fprintf(stderr, "no log\n");
}

static int rig_setup(void **state)
{
	(void)state;
	strcpy(rig_dir, "/tmp/inject-test-XXXXXX");
	if (!mkdtemp(rig_dir))
		return -1;
	snprintf(rig_base, sizeof(rig_base), "%s/base", rig_dir);
	snprintf(rig_overlay, sizeof(rig_overlay), "%s/overlay", rig_dir);
	return rig_try("mkdir -p tree/etc tree/usr/bin tree/run tree/var/log "
		       "tree/lost tree/home/u && echo root:x:0 >"
		       "tree/etc/passwd && cd tree && ln -s /run var/run && "
		       "ln -s ../../../../../etc/passwd home/u/up && "
		       "ln -s /etc etcabs && ln -s loop2 loop1 && "
		       "ln -s loop1 loop2 && ln -s /no/such/place nowhere && "
		       "ln -s ../run/stub/resolv etc/resolv.conf && "
		       "ln -s passwd etc/alias");
}

static int rig_teardown(void **state)
{
	_cleanup_(cleanup_free) char *line = xasprintf("rm -rf %s", rig_dir);

	(void)state;
	return system(line);
}

/* An empty layer over the base. */
#define rig_new_overlay() do { \
	rig_layers[1].format = "raw"; \
	rig_run("rm -f overlay && qemu-img create -q -f qcow2 -b base " \
		"-F raw overlay && sha256sum base >base.sum"); \
} while (0)

/* The base: a whole disk with one file system of the tree. */
#define rig_new_disk(options, size) do { \
	rig_run("rm -f base && mke2fs -q -F -d tree %s base %s", options, \
		size); \
	rig_new_overlay(); \
} while (0)

/*
 * After every case: the layer is a sound qcow2, its file system (at `offset`
 * bytes) is clean by e2fsck, and the base is what it was. Leaves the file
 * system in fs.
 */
#define rig_check_at(offset) do { \
	rig_run("qemu-img check -q overlay && sha256sum -c base.sum && " \
		"qemu-img convert -O raw overlay flat && " \
		"tail -c +$((%d + 1)) flat >fs && e2fsck -fn fs", \
		(int)(offset)); \
} while (0)
#define rig_check() rig_check_at(0)

/* The file's bytes are those. */
#define rig_assert_content(path, text) \
	rig_run("rm -f got; printf %%s '%s' >want; " \
		"debugfs -R 'dump %s got' fs && cmp want got", text, path)

#define rig_assert_absent(path) \
	rig_run("debugfs -R 'stat %s' fs 2>&1 | grep 'not found'", path)

/* One file of some text, the rest as usual. */
static struct inject_file rig_file(const char *path, const char *text)
{
	return (struct inject_file){ .path = path, .path_len = strlen(path),
		.data = text, .size = strlen(text), .mode = 0644,
		.mtime = MTIME };
}

__attribute__((unused))
static int rig_apply(const struct inject_request *rq,
		     struct inject_report *report_r, struct err *e)
{
	struct inject_options o = { .temp_dir = rig_dir };
	struct inject_limits none = { "files", -1, -1, -1, NULL, 0 };

	if (inject_check(rq, &none, e) < 0)
		return -1;
	return inject_apply(&rig_disk, rq, &o, report_r, e);
}

#endif
