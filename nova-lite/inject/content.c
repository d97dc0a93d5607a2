/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/content.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"

#define CHUNK (1u << 20)		/* bytes in memory at a time */

static uint64_t data_blocks(ext2_filsys fs, uint64_t size)
{
	return size / fs->blocksize + (size % fs->blocksize > 0);
}

uint64_t content_blocks(ext2_filsys fs, uint64_t size)
{
	uint64_t n = data_blocks(fs, size);
	/* Each block an extent of 12 bytes, or a number of 4. */
	uint64_t per_block = fs->blocksize / 12 - 2;

	return n + (n > 4 ? n / per_block + 3 : 0);
}

/* -- inode ---------------------------------------------------------------- */

static void fill(struct ext2_inode_large *i, const struct inject_file *f)
{
	i->i_mode = LINUX_S_IFREG | f->mode;
	i->i_uid = f->uid;
	i->i_gid = f->gid;
	i->osd2.linux2.l_i_uid_high = f->uid >> 16;
	i->osd2.linux2.l_i_gid_high = f->gid >> 16;
	i->i_atime = i->i_mtime = f->mtime;
	i->i_ctime = time(NULL);
	i->i_links_count = 1;
}

/*
 * Times beyond 2038 have two bits more (the low ones of the extra field), as
 * the kernel has it: signed 32 bits plus those bits times 2^32.
 */
static void fill_large(struct ext2_inode_large *i, const struct inject_file *f)
{
	uint32_t epoch = (f->mtime - (int32_t)f->mtime) >> 32 & 3;

	i->i_crtime = i->i_ctime;
	i->i_atime_extra = i->i_mtime_extra = epoch;
}

static errcode_t make(ext2_filsys fs, ext2_ino_t dir,
		      const struct inject_file *f, ext2_ino_t *ino_r,
		      struct ext2_inode_large *inode)
{
	struct ext2_inode *small = (struct ext2_inode *)inode;
	ext2_extent_handle_t extents;
	ext2_ino_t ino;
	errcode_t rc = ext2fs_new_inode(fs, dir, LINUX_S_IFREG | f->mode,
					NULL, &ino);

	if (rc)
		return rc;
	memset(inode, 0, sizeof(*inode));
	fill(inode, f);
	if (ext2fs_has_feature_extents(fs->super))
		inode->i_flags |= EXT4_EXTENTS_FL;
	ext2fs_inode_alloc_stats2(fs, ino, 1, 0);
	rc = ext2fs_write_new_inode(fs, ino, small);
	if (rc == 0 && (inode->i_flags & EXT4_EXTENTS_FL)) {
		/* Opening gives the inode an empty tree. */
		rc = ext2fs_extent_open2(fs, ino, small, &extents);
		if (rc == 0)
			ext2fs_extent_free(extents);
		if (rc == 0)
			rc = ext2fs_write_inode(fs, ino, small);
	}
	*ino_r = ino;
	return rc;
}

/* -- bytes ---------------------------------------------------------------- */

/* Blocks that follow each other on the disk, to be written at once. */
struct run {
	struct root *root;
	const struct inject_file *file;
	char *chunk;
	uint64_t first;			/* block of the file */
	blk64_t at;			/* block of the volume */
	uint32_t n;
};

/* The file's bytes from `at` on, or zeroes behind its end. */
static int take(struct run *r, uint64_t at, size_t n, struct err *e)
{
	const struct inject_file *f = r->file;
	size_t left = f->size - at < n ? f->size - at : n, got = 0;
	ssize_t part;

	memset(r->chunk + left, 0, n - left);
	if (f->data) {
		memcpy(r->chunk, (const char *)f->data + at, left);
		return 0;
	}
	while (got < left) {
		part = pread(f->fd, r->chunk + got, left - got, at + got);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return err_errno(e, "inject: read %.200s", f->path);
		if (part == 0)
			return err_internal(e, "inject: %.200s: less than "
					    "%llu bytes", f->path,
					    (unsigned long long)f->size);
		got += part;
	}
	return 0;
}

static int write_run(struct run *r, struct err *e)
{
	unsigned size = r->root->fs->blocksize;
	errcode_t rc;

	if (r->n == 0)
		return 0;
	if (take(r, r->first * size, (size_t)r->n * size, e) < 0)
		return -1;
	rc = io_channel_write_blk64(r->root->fs->io, r->at, r->n, r->chunk);
	r->n = 0;
	return rc ? root_failed(r->root, r->file->path, rc, e) : 0;
}

static int add_block(struct run *r, uint64_t block, blk64_t at, struct err *e)
{
	bool full = (r->n + 1) * r->root->fs->blocksize > CHUNK;

	if (r->n > 0 && (full || at != r->at + r->n) && write_run(r, e) < 0)
		return -1;
	if (r->n == 0) {
		r->first = block;
		r->at = at;
	}
	r->n++;
	return 0;
}

static int write_bytes(struct root *root, ext2_ino_t ino,
		       const struct inject_file *f, struct err *e)
{
	_cleanup_(cleanup_free) char *chunk = xmalloc(CHUNK);
	struct run r = { .root = root, .file = f, .chunk = chunk };
	uint64_t n = data_blocks(root->fs, f->size), block;
	struct ext2_inode inode;
	blk64_t at;
	errcode_t rc = ext2fs_read_inode(root->fs, ino, &inode);

	for (block = 0; rc == 0 && block < n; block++) {
		rc = ext2fs_bmap2(root->fs, ino, &inode, NULL, 0, block, NULL,
				  &at);
		if (rc == 0 && add_block(&r, block, at, e) < 0)
			return -1;
	}
	return rc ? root_failed(root, f->path, rc, e) : write_run(&r, e);
}

/* -- both ----------------------------------------------------------------- */

static errcode_t allocate(ext2_filsys fs, ext2_ino_t ino, uint64_t size,
			  struct ext2_inode *small)
{
	if (size == 0)
		return 0;
	return ext2fs_fallocate(fs, EXT2_FALLOCATE_FORCE_INIT, ino, small,
				~0ULL, 0, data_blocks(fs, size));
}

static errcode_t finish(ext2_filsys fs, ext2_ino_t ino,
			const struct inject_file *f)
{
	struct ext2_inode_large inode = { 0 };
	struct ext2_inode *small = (struct ext2_inode *)&inode;
	errcode_t rc = ext2fs_read_inode_full(fs, ino, small, sizeof(inode));

	if (rc == 0)
		rc = ext2fs_inode_size_set(fs, small, f->size);
	if (rc)
		return rc;
	fill(&inode, f);
	if (EXT2_INODE_SIZE(fs->super) >= sizeof(inode))
		fill_large(&inode, f);
	return ext2fs_write_inode_full(fs, ino, small, sizeof(inode));
}

static int content_failed(struct root *root, const struct inject_file *f,
			  errcode_t rc, struct err *e)
{
	if (rc == EXT2_ET_BLOCK_ALLOC_FAIL || rc == EXT2_ET_INODE_ALLOC_FAIL ||
	    rc == EXT2_ET_FILE_TOO_BIG)
		return err_set(e, ERR_CONFLICT, "%.900s does not fit into the "
			       "file system", f->path);
	return root_failed(root, f->path, rc, e);
}

int content_write(struct root *root, ext2_ino_t dir,
		  const struct inject_file *f, ext2_ino_t *ino_r,
		  struct err *e)
{
	struct ext2_inode_large inode;
	ext2_filsys fs = root->fs;
	ext2_ino_t ino;
	errcode_t rc = make(fs, dir, f, &ino, &inode);

	if (rc == 0)
		rc = allocate(fs, ino, f->size, (struct ext2_inode *)&inode);
	if (rc == 0)
		rc = finish(fs, ino, f);
	if (rc)
		return content_failed(root, f, rc, e);
	if (write_bytes(root, ino, f, e) < 0)
		return -1;
	*ino_r = ino;
	return 0;
}
