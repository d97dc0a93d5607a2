/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/walk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/entry.h"

#define LINKS_MAX 40			/* as Linux */

/*
 * A walk on its way. rest is what is still to follow; all but its last `own`
 * bytes came from links.
 */
struct step {
	const struct walk *walk;
	const char *path;
	char *rest;
	size_t own;
	int links;
	ext2_ino_t dir;
	struct place link;		/* the one at the path's end, if ino */
};

void folders_add(struct folders *f, const char *path, size_t n)
{
	char *copy = xmalloc(n + 1);

	memcpy(copy, path, n);
	copy[n] = '\0';
	f->at = xrealloc(f->at, (f->n + 1) * sizeof(*f->at));
	f->at[f->n++] = copy;
}

void folders_fini(struct folders *f)
{
	while (f->n > 0)
		free(f->at[--f->n]);
	free(f->at);
}

static int conflict(const struct step *s, const char *what, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "%.900s %s", s->path, what);
}

static int failed(const struct step *s, errcode_t code, struct err *e)
{
	return root_failed(s->walk->root, s->path, code, e);
}

/* The target of a link in front of what is left to follow. */
static int expand_link(struct step *s, const struct ext2_inode *inode,
		       ext2_ino_t ino, struct err *e)
{
	ext2_filsys fs = s->walk->root->fs;
	_cleanup_(cleanup_free) char *block = xcalloc(1, fs->blocksize + 1);
	struct ext2_inode copy = *inode;
	const char *target = (const char *)copy.i_block;
	blk64_t at;
	errcode_t rc;
	char *rest;

	if (++s->links > LINKS_MAX)
		return conflict(s, "leads through too many links", e);
	if (inode->i_size == 0 || inode->i_size >= fs->blocksize)
		return conflict(s, "leads through a damaged link", e);
	if (!ext2fs_is_fast_symlink(&copy)) {
		rc = ext2fs_bmap2(fs, ino, &copy, NULL, 0, 0, NULL, &at);
		if (rc == 0)
			rc = io_channel_read_blk64(fs->io, at, 1, block);
		if (rc)
			return failed(s, rc, e);
		target = block;
	}
	if (strlen(s->rest) <= s->own)
		s->own = strlen(s->rest);
	rest = xasprintf("%.*s/%s", (int)inode->i_size, target, s->rest);
	free(s->rest);
	s->rest = rest;
	if (rest[0] == '/')
		s->dir = EXT2_ROOT_INO;
	return 0;
}

/* Takes the next component out of rest: 1, or 0 at its end. */
static int next_name(struct step *s, char name[INJECT_NAME_MAX + 1],
		     bool *from_link, struct err *e)
{
	char *begin = s->rest + strspn(s->rest, "/");
	size_t n = strcspn(begin, "/");

	if (n > INJECT_NAME_MAX)
		return conflict(s, "leads through a damaged link", e);
	*from_link = strlen(begin) > s->own;
	memcpy(name, begin, n);
	name[n] = '\0';
	memmove(s->rest, begin + n, strlen(begin + n) + 1);
	return n > 0;
}

static bool at_end(const struct step *s)
{
	return s->rest[strspn(s->rest, "/")] == '\0';
}

static int make_folder(struct step *s, const char *name, struct err *e)
{
	struct root *root = s->walk->root;
	errcode_t rc = entry_mkdir(root->fs, s->dir, name, &s->dir);

	if (rc == EXT2_ET_BLOCK_ALLOC_FAIL || rc == EXT2_ET_INODE_ALLOC_FAIL)
		return conflict(s, "does not fit into the file system", e);
	if (rc)
		return failed(s, rc, e);
	folders_add(s->walk->made, s->path, strlen(s->path) - strlen(s->rest));
	return 0;
}

/* What to do about a name that is not there; 1: the walk ends. */
static int missing(struct step *s, const char *name, bool from_link,
		   struct place *p, struct err *e)
{
	if (from_link) {
		if (!s->link.ino)
			return conflict(s, "leads through a link to nothing",
					e);
		*p = s->link;
		return 1;
	}
	if (!at_end(s)) {
		if (s->walk->flags & WALK_MAKE)
			return make_folder(s, name, e);
		*p = (struct place){ .dir = 0 };
		return 1;
	}
	*p = (struct place){ .dir = s->dir };
	strcpy(p->name, name);
	return 1;
}

static int found(struct step *s, const struct place *here, bool from_link,
		 struct place *p, struct err *e)
{
	struct ext2_inode inode;
	errcode_t rc = ext2fs_read_inode(s->walk->root->fs, here->ino, &inode);
	bool end = at_end(s);

	if (rc)
		return failed(s, rc, e);
	if (LINUX_S_ISLNK(inode.i_mode) &&
	    !(end && !from_link && (s->walk->flags & WALK_NOFOLLOW))) {
		if (end && !from_link) {
			s->link = *here;
			s->link.mode = inode.i_mode;
		}
		return expand_link(s, &inode, here->ino, e);
	}
	if (end) {
		*p = *here;
		p->mode = inode.i_mode;
		return 1;
	}
	if (!LINUX_S_ISDIR(inode.i_mode))
		return conflict(s, "leads through something that is not a "
				"folder", e);
	s->dir = here->ino;
	return 0;
}

/* One component; 1: the walk ends. */
static int step(struct step *s, struct place *p, struct err *e)
{
	struct place here = { .dir = s->dir };
	bool from_link = false;
	errcode_t rc;
	int got = next_name(s, here.name, &from_link, e);

	if (got < 0)
		return -1;
	if (got == 0) {
		*p = (struct place){ s->dir, s->dir, LINUX_S_IFDIR, "" };
		return 1;
	}
	if (strcmp(here.name, ".") == 0 ||
	    (s->dir == EXT2_ROOT_INO && strcmp(here.name, "..") == 0))
		return 0;
	rc = ext2fs_lookup(s->walk->root->fs, s->dir, here.name,
			   strlen(here.name), NULL, &here.ino);
	if (rc == EXT2_ET_FILE_NOT_FOUND)
		return missing(s, here.name, from_link, p, e);
	return rc ? failed(s, rc, e) : found(s, &here, from_link, p, e);
}

int walk_path(const struct walk *w, const char *path, struct place *place_r,
	      struct err *e)
{
	struct step s = { .walk = w, .path = path, .rest = xstrdup(path),
			  .own = SIZE_MAX, .dir = EXT2_ROOT_INO };
	struct place p = { 0 };
	int rc;

	do {
		rc = step(&s, &p, e);
	} while (rc == 0);
	free(s.rest);
	if (rc > 0)
		*place_r = p;
	return rc > 0 ? 0 : -1;
}
