/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A drive for UEFI: a FAT file system without partitions, where the firmware
 * finds systemd-boot under the name that removable media have. mtools takes
 * the times of files and folders from SOURCE_DATE_EPOCH or from the files.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/build.h"

#define STEP "loader"
#define MIB (1LL << 20)
#define SLACK (2 * MIB)			/* FAT, folders, ends of clusters */

static int put_text(const struct build *b, const char *name, const char *text,
		    struct err *e)
{
	char path[BOOT_PATH_MAX];
	_cleanup_(cleanup_close) int fd = -1;
	ssize_t n = strlen(text);

	build_path(b, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, n) != n)
		return build_errno(e, "write", path);
	return 0;
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_size;
}

static char *module_path(const struct build *b, size_t i)
{
	return xasprintf("%s/lib/modules/%s/%s", b->dir, b->release,
			 b->modules[i].path);
}

static int64_t size_needed(const struct build *b, const char *initrd)
{
	int64_t sum = size_of(b->kernel) + size_of(initrd) +
		size_of(SYSTEMD_BOOT) + SLACK;

	for (size_t i = 0; i < b->n_modules; i++) {
		_cleanup_(cleanup_free) char *path = module_path(b, i);

		sum += size_of(path) + 4096;
	}
	return (sum + MIB - 1) / MIB;
}

static int format(const struct build *b, const char *initrd, struct err *e)
{
	_cleanup_(cleanup_free) char *sectors =
		xasprintf("%lld", (long long)size_needed(b, initrd) * 2048);
	const char *const argv[] = {
		"mformat", "-C", "-i", b->out, "-T", sectors, "-h", "64",
		"-s", "32", "-N", "4c495445", "-v", "LITE-BOOT", "::", NULL
	};

	return build_run(STEP, argv, e);
}

static int copy(const struct build *b, const char *path, const char *name,
		struct err *e)
{
	const char *const argv[] = {
		"mcopy", "-i", b->out, "-Q", path, name, NULL
	};

	return build_run(STEP, argv, e);
}

static int make_dirs(const struct build *b, struct err *e)
{
	const char *const argv[] = {
		"mmd", "-i", b->out, "::/EFI", "::/EFI/BOOT", "::/loader",
		"::/loader/entries", "::/modules", NULL
	};

	return build_run(STEP, argv, e);
}

/* One run for all: each costs as much as the files. */
static int copy_modules(const struct build *b, struct err *e)
{
	const char **argv = xcalloc(b->n_modules + 6, sizeof(*argv));
	size_t n = 0, i;
	int rc;

	argv[n++] = "mcopy";
	argv[n++] = "-i";
	argv[n++] = b->out;
	argv[n++] = "-Q";
	for (i = 0; i < b->n_modules; i++)
		argv[n++] = module_path(b, i);
	argv[n] = "::/modules/";
	rc = b->n_modules ? build_run(STEP, argv, e) : 0;
	for (i = 0; i < b->n_modules; i++)
		free((char *)argv[4 + i]);
	free(argv);
	return rc;
}

static int put_entry(const struct build *b, const char *cmdline,
		     struct err *e)
{
	_cleanup_(cleanup_free) char *text = xasprintf(
		"title lite\nlinux /vmlinuz\ninitrd /initrd\noptions %s\n",
		cmdline);

	if (put_text(b, "lite.conf", text, e) < 0)
		return -1;
	return put_text(b, "loader.conf", "timeout 0\ndefault lite.conf\n"
			"editor no\n", e);
}

int uefi_write(const struct build *b, const char *cmdline, struct err *e)
{
	char initrd[BOOT_PATH_MAX], entry[BOOT_PATH_MAX], conf[BOOT_PATH_MAX];
	_cleanup_(cleanup_free) char *epoch = xasprintf("%d", BOOT_TIME);

	build_path(b, "initrd", initrd);
	build_path(b, "lite.conf", entry);
	build_path(b, "loader.conf", conf);
	setenv("SOURCE_DATE_EPOCH", epoch, 1);
	setenv("TZ", "UTC", 1);
	setenv("MTOOLSRC", "/dev/null", 1);
	setenv("MTOOLS_SKIP_CHECK", "1", 1);
	if (put_entry(b, cmdline, e) < 0 || format(b, initrd, e) < 0 ||
	    make_dirs(b, e) < 0 ||
	    copy(b, SYSTEMD_BOOT, "::/EFI/BOOT/BOOTX64.EFI", e) < 0 ||
	    copy(b, conf, "::/loader/loader.conf", e) < 0 ||
	    copy(b, entry, "::/loader/entries/lite.conf", e) < 0 ||
	    copy(b, b->kernel, "::/vmlinuz", e) < 0 ||
	    copy(b, initrd, "::/initrd", e) < 0)
		return -1;
	return copy_modules(b, e);
}
