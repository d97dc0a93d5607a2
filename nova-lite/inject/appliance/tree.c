/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/appliance/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/mem.h"

#define NOT_A_FOLDER UINT64_MAX		/* id of all else */

static struct mounted_tree *mounted(struct tree *t)
{
	return container_of(t, struct mounted_tree, tree);
}

static int fd_of(struct tree *t, uint64_t id)
{
	return mounted(t)->folders[id - 1].fd;
}

static int failed(const struct tree *t, struct err *e)
{
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		return tree_full(t, e);
	return err_errno(e, "inject: %.300s", t->path);
}

/* -- folders -------------------------------------------------------------- */

/* The number of an open folder; it takes the descriptor. */
static int number(struct mounted_tree *t, int fd, uint64_t *id_r)
{
	struct stat st;
	size_t i;

	if (fstat(fd, &st) < 0) {
		close(fd);
		return -1;
	}
	for (i = 0; i < t->n; i++) {
		const struct open_folder *o = &t->folders[i];

		if (o->fd >= 0 && o->dev == st.st_dev && o->ino == st.st_ino) {
			close(fd);
			*id_r = i + 1;
			return 0;
		}
	}
	t->folders = xrealloc(t->folders, (t->n + 1) * sizeof(*t->folders));
	t->folders[t->n++] = (struct open_folder){ st.st_dev, st.st_ino, fd };
	*id_r = t->n;
	return 0;
}

static int open_folder(struct tree *t, uint64_t dir, const char *name,
		       uint64_t *id_r)
{
	int fd = openat(fd_of(t, dir), name, O_RDONLY | O_DIRECTORY |
			O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -1 : number(mounted(t), fd, id_r);
}

static int mounted_lookup(struct tree *t, uint64_t dir, const char *name,
			  struct node *node_r, struct err *e)
{
	struct node node = { NOT_A_FOLDER, 0 };
	struct stat st;

	if (fstatat(fd_of(t, dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return failed(t, e);
		*node_r = (struct node){ 0 };
		return 0;
	}
	node.mode = st.st_mode;
	if (S_ISDIR(st.st_mode) && open_folder(t, dir, name, &node.id) < 0)
		return failed(t, e);
	*node_r = node;
	return 0;
}

static int mounted_read_link(struct tree *t, const struct place *p,
			     struct buf *target, struct err *e)
{
	char *to = buf_reserve(target, PATH_MAX);
	ssize_t n = readlinkat(fd_of(t, p->dir), p->name, to, PATH_MAX);

	if (n < 0)
		return failed(t, e);
	target->len += strnlen(to, n);
	return 0;
}

/* What the folder above may have handed down; not all kinds have them. */
static void drop_acls(int fd)
{
	fremovexattr(fd, "system.posix_acl_access");
	fremovexattr(fd, "system.posix_acl_default");
}

static int mounted_make_folder(struct tree *t, uint64_t dir, const char *name,
			       uint64_t *id_r, struct err *e)
{
	uint64_t id;

	if (mkdirat(fd_of(t, dir), name, 0755) < 0 ||
	    open_folder(t, dir, name, &id) < 0)
		return failed(t, e);
	drop_acls(fd_of(t, id));
	if (fchown(fd_of(t, id), 0, 0) < 0 || fchmod(fd_of(t, id), 0755) < 0)
		return failed(t, e);
	*id_r = id;
	return 0;
}

static int mounted_remove_folder(struct tree *t, const struct place *p,
				 bool *removed_r, struct err *e)
{
	struct open_folder *o = &mounted(t)->folders[p->node.id - 1];
	int rc = unlinkat(fd_of(t, p->dir), p->name, AT_REMOVEDIR);

	if (rc < 0 && errno != ENOTEMPTY && errno != EEXIST)
		return failed(t, e);
	if (rc == 0) {
		close(o->fd);
		o->fd = -1;
	}
	*removed_r = rc == 0;
	return 0;
}

/* -- files ---------------------------------------------------------------- */

static int mounted_remove(struct tree *t, const struct place *p,
			  struct err *e)
{
	if (unlinkat(fd_of(t, p->dir), p->name, 0) < 0)
		return failed(t, e);
	return 0;
}

static int write_data(int fd, const struct inject_file *f)
{
	const char *p = f->data, *end = p + f->size;
	ssize_t n;

	for (; p < end; p += n) {
		n = write(fd, p, end - p);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n < 0)
			n = 0;
	}
	return 0;
}

/* Modes after owners, which take away what they say of users and groups. */
static int dress(int fd, const struct inject_file *f)
{
	const struct timespec times[2] = { { f->mtime, 0 }, { f->mtime, 0 } };

	drop_acls(fd);
	if (fchown(fd, f->uid, f->gid) < 0 || fchmod(fd, f->mode) < 0 ||
	    futimens(fd, times) < 0)
		return -1;
	return 0;
}

static int mounted_add(struct tree *t, const struct place *p,
		       const struct inject_file *f, struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;

	if (p->node.id && mounted_remove(t, p, e) < 0)
		return -1;
	fd = openat(fd_of(t, p->dir), p->name, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write_data(fd, f) < 0 || dress(fd, f) < 0)
		return failed(t, e);
	return 0;
}

/* -- all of it ------------------------------------------------------------ */

static int mounted_space(struct tree *t, struct tree_space *space_r,
			 struct err *e)
{
	struct statvfs s;

	if (fstatvfs(fd_of(t, t->root), &s) < 0)
		return failed(t, e);
	/* Btrfs does not count files. */
	*space_r = (struct tree_space){ s.f_bsize,
		s.f_bfree / (s.f_bsize / s.f_frsize),
		s.f_files ? s.f_ffree : UINT64_MAX };
	return 0;
}

static uint64_t mounted_file_blocks(struct tree *t, uint64_t size)
{
	struct statvfs s;

	if (fstatvfs(fd_of(t, t->root), &s) < 0)
		return 0;
	return size / s.f_bsize + (size % s.f_bsize > 0);
}

static int mounted_flush(struct tree *t, struct err *e)
{
	return syncfs(fd_of(t, t->root)) < 0 ? failed(t, e) : 0;
}

static const struct tree_ops mounted_ops = {
	.lookup = mounted_lookup,
	.read_link = mounted_read_link,
	.make_folder = mounted_make_folder,
	.add = mounted_add,
	.remove = mounted_remove,
	.remove_folder = mounted_remove_folder,
	.space = mounted_space,
	.file_blocks = mounted_file_blocks,
	.flush = mounted_flush,
};

int mounted_tree_open(struct mounted_tree *t, const char *root)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*t = (struct mounted_tree){ .tree.ops = &mounted_ops };
	return fd < 0 ? -1 : number(t, fd, &t->tree.root);
}

void mounted_tree_close(struct mounted_tree *t)
{
	while (t->n > 0)
		if (t->folders[--t->n].fd >= 0)
			close(t->folders[t->n].fd);
	free(t->folders);
}
