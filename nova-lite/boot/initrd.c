/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initial RAM disk: our first process, what it is to do, and the modules,
 * as a cpio archive that the kernel need not unpack. Around a user's RAM disk,
 * as it is, ours stands twice: behind it, so that nothing of ours is replaced,
 * and before it, because some ways of compression take all that follows for
 * their own. See Documentation/driver-api/early-userspace/buffer-format.rst of
 * the kernel.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/build.h"

#define TOP ".lite"
#define CHUNK (1 << 16)

struct cpio {
	struct archive *a;
	struct archive_entry *entry;
};

static int cpio_fails(struct cpio *c, struct err *e)
{
	errno = archive_errno(c->a);
	return build_errno(e, "write", "initrd");
}

static int put_head(struct cpio *c, const char *name, mode_t mode,
		    int64_t size, struct err *e)
{
	archive_entry_clear(c->entry);
	archive_entry_set_pathname(c->entry, name);
	archive_entry_set_mode(c->entry, mode);
	archive_entry_set_nlink(c->entry, S_ISDIR(mode) ? 2 : 1);
	archive_entry_set_mtime(c->entry, BOOT_TIME, 0);
	archive_entry_set_size(c->entry, size);
	return archive_write_header(c->a, c->entry) == ARCHIVE_OK ? 0 :
		cpio_fails(c, e);
}

static int put_dir(struct cpio *c, const char *name, struct err *e)
{
	return put_head(c, name, S_IFDIR | 0755, 0, e);
}

static int put_text(struct cpio *c, const char *name, const struct buf *b,
		    struct err *e)
{
	if (put_head(c, name, S_IFREG | 0644, b->len, e) < 0)
		return -1;
	return archive_write_data(c->a, b->data, b->len) ==
		(ssize_t)b->len ? 0 : cpio_fails(c, e);
}

static int copy_to(struct cpio *c, int fd, struct err *e)
{
	char data[CHUNK];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		if (archive_write_data(c->a, data, n) != n)
			return cpio_fails(c, e);
	return n < 0 ? build_errno(e, "write", "initrd") : 0;
}

static int put_file(struct cpio *c, const char *name, const char *path,
		    struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return build_errno(e, "loader", path);
	if (put_head(c, name, S_IFREG | (st.st_mode & 0111 ? 0755 : 0644),
		     st.st_size, e) < 0)
		return -1;
	return copy_to(c, fd, e);
}

/* -- what is in it -------------------------------------------------------- */

/* Everything below a folder of the build's, sorted. */
static int put_tree(struct cpio *c, const struct build *b, const char *name,
		    struct err *e)
{
	_cleanup_(cleanup_free) char *path = xasprintf("%s/%s", b->dir, name);
	_cleanup_(cleanup_free) char *in = xasprintf(TOP "/%s", name);
	struct dirent **list = NULL;
	struct stat st;
	int n, rc;

	if (lstat(path, &st) < 0)
		return build_errno(e, "write", path);
	if (!S_ISDIR(st.st_mode))
		return put_file(c, in, path, e);
	rc = put_dir(c, in, e);
	n = scandir(path, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		_cleanup_(cleanup_free) char *sub =
			xasprintf("%s/%s", name, list[i]->d_name);

		if (rc == 0 && list[i]->d_name[0] != '.')
			rc = put_tree(c, b, sub, e);
		free(list[i]);
	}
	free(list);
	return rc;
}

static void put_orders(const struct build *b, struct buf *out)
{
	const struct boot_params *p = &b->params;

	for (size_t i = 0; i < b->n_modules; i++)
		buf_printf(out, "module %s%s%s\n", b->modules[i].path,
			   b->modules[i].options[0] ? " " : "",
			   b->modules[i].options);
	if (p->ramdisk_mib)
		buf_printf(out, "ramdisk %lld\n", (long long)p->ramdisk_mib);
	buf_printf(out, "policy %s\n", p->policy);
	if (b->release[0])
		buf_printf(out, "release %s\n", b->release);
}

static int put_all(struct cpio *c, const struct build *b, struct err *e)
{
	_cleanup_(buf_fini) struct buf orders = { 0 };

	put_orders(b, &orders);
	if (put_dir(c, TOP, e) < 0 ||
	    put_file(c, TOP "/init", b->init, e) < 0 ||
	    put_text(c, TOP "/boot", &orders, e) < 0)
		return -1;
	return b->release[0] ? put_tree(c, b, "lib", e) : 0;
}

static int write_cpio(const struct build *b, int fd, struct err *e)
{
	struct cpio c = { archive_write_new(), archive_entry_new() };
	int rc;

	archive_write_set_format_cpio_newc(c.a);
	archive_write_set_bytes_per_block(c.a, CHUNK);
	archive_write_set_bytes_in_last_block(c.a, 4);
	rc = archive_write_open_fd(c.a, fd) == ARCHIVE_OK ?
		put_all(&c, b, e) : cpio_fails(&c, e);
	if (rc == 0 && archive_write_close(c.a) != ARCHIVE_OK)
		rc = cpio_fails(&c, e);
	archive_entry_free(c.entry);
	archive_write_free(c.a);
	return rc;
}

static int write_all(int fd, const char *data, size_t n)
{
	ssize_t done;

	for (; n > 0; data += done, n -= done) {
		done = write(fd, data, n);
		if (done < 0)
			return -1;
	}
	return 0;
}

static int append_ramdisk(const struct build *b, int fd, struct err *e)
{
	_cleanup_(cleanup_close) int from = open(b->ramdisk, O_RDONLY |
						 O_CLOEXEC);
	static const char zeros[4];
	char data[CHUNK];
	off_t size = 0;
	ssize_t n;

	if (from < 0)
		return build_errno(e, "ramdisk", b->ramdisk);
	while ((n = read(from, data, sizeof(data))) > 0) {
		if (write_all(fd, data, n) < 0)
			return build_errno(e, "write", "initrd");
		size += n;
	}
	if (n < 0)
		return build_errno(e, "ramdisk", b->ramdisk);
	/* An archive begins at a multiple of four. */
	return write_all(fd, zeros, -size & 3) < 0 ?
		build_errno(e, "write", "initrd") : 0;
}

int initrd_make(struct build *b, struct err *e)
{
	char path[BOOT_PATH_MAX];
	_cleanup_(cleanup_close) int fd = -1;

	build_path(b, "initrd", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return build_errno(e, "write", path);
	if (write_cpio(b, fd, e) < 0)
		return -1;
	if (!b->ramdisk)
		return 0;
	return append_ramdisk(b, fd, e) < 0 ? -1 : write_cpio(b, fd, e);
}
