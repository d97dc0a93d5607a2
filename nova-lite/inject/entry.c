/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/entry.h"

#include <string.h>
#include <time.h>

/* A folder has changed, and the number of folders in it by `links`. */
static errcode_t touch(ext2_filsys fs, ext2_ino_t dir, int links)
{
	struct ext2_inode inode;
	errcode_t rc = ext2fs_read_inode(fs, dir, &inode);

	if (rc)
		return rc;
	inode.i_mtime = inode.i_ctime = time(NULL);
	/* 1: more folders in it than can be counted (dir_nlink). */
	if (inode.i_links_count > 1)
		inode.i_links_count += links;
	return ext2fs_write_inode(fs, dir, &inode);
}

static errcode_t link_name(ext2_filsys fs, ext2_ino_t dir, const char *name,
			   ext2_ino_t ino)
{
	errcode_t rc = ext2fs_link(fs, dir, name, ino, EXT2_FT_REG_FILE);

	if (rc != EXT2_ET_DIR_NO_SPACE)
		return rc;
	rc = ext2fs_expand_dir(fs, dir);
	return rc ? rc : ext2fs_link(fs, dir, name, ino, EXT2_FT_REG_FILE);
}

errcode_t entry_add(ext2_filsys fs, ext2_ino_t dir, const char *name,
		    ext2_ino_t ino)
{
	errcode_t rc = link_name(fs, dir, name, ino);

	return rc ? rc : touch(fs, dir, 0);
}

errcode_t entry_mkdir(ext2_filsys fs, ext2_ino_t dir, const char *name,
		      ext2_ino_t *ino_r)
{
	errcode_t rc = ext2fs_mkdir(fs, dir, 0, name);

	if (rc == EXT2_ET_DIR_NO_SPACE) {
		rc = ext2fs_expand_dir(fs, dir);
		if (rc == 0)
			rc = ext2fs_mkdir(fs, dir, 0, name);
	}
	if (rc == 0)
		rc = touch(fs, dir, 0);
	return rc ? rc : ext2fs_lookup(fs, dir, name, strlen(name), NULL,
				       ino_r);
}

/* -- the inode behind a name ---------------------------------------------- */

static errcode_t free_blocks(ext2_filsys fs, ext2_ino_t ino,
			     struct ext2_inode_large *inode)
{
	struct ext2_inode *small = (struct ext2_inode *)inode;
	errcode_t rc = ext2fs_free_ext_attr(fs, ino, inode);

	if (rc == 0 && ext2fs_inode_has_valid_blocks2(fs, small))
		rc = ext2fs_punch(fs, ino, small, NULL, 0, ~0ULL);
	return rc;
}

/* Takes links away; without any left the inode is free. */
static errcode_t release(ext2_filsys fs, ext2_ino_t ino, int links)
{
	struct ext2_inode_large inode;
	struct ext2_inode *small = (struct ext2_inode *)&inode;
	errcode_t rc = ext2fs_read_inode_full(fs, ino, small, sizeof(inode));
	bool dir = LINUX_S_ISDIR(inode.i_mode);

	if (rc)
		return rc;
	inode.i_ctime = time(NULL);
	if (inode.i_links_count > links) {
		inode.i_links_count -= links;
		return ext2fs_write_inode_full(fs, ino, small, sizeof(inode));
	}
	rc = free_blocks(fs, ino, &inode);
	if (rc)
		return rc;
	inode.i_links_count = 0;
	inode.i_dtime = inode.i_ctime;
	ext2fs_inode_alloc_stats2(fs, ino, -1, dir);
	return ext2fs_write_inode_full(fs, ino, small, sizeof(inode));
}

/* -- replacing ------------------------------------------------------------ */

struct replacement {
	ext2_filsys fs;
	const char *name;
	ext2_ino_t ino;
	bool done;
};

static bool is_called(const struct ext2_dir_entry *d, const char *name)
{
	size_t n = strlen(name);

	return (size_t)ext2fs_dirent_name_len(d) == n &&
		memcmp(d->name, name, n) == 0;
}

static int replace_in(struct ext2_dir_entry *d, int offset, int block_size,
		      char *buf, void *arg)
{
	struct replacement *r = arg;

	(void)offset, (void)block_size, (void)buf;
	if (!is_called(d, r->name))
		return 0;
	d->inode = r->ino;
	if (ext2fs_has_feature_filetype(r->fs->super))
		ext2fs_dirent_set_file_type(d, EXT2_FT_REG_FILE);
	r->done = true;
	return DIRENT_CHANGED | DIRENT_ABORT;
}

errcode_t entry_replace(ext2_filsys fs, ext2_ino_t dir, const char *name,
			ext2_ino_t old, ext2_ino_t ino)
{
	struct replacement r = { fs, name, ino, false };
	errcode_t rc = ext2fs_dir_iterate(fs, dir, 0, NULL, replace_in, &r);

	if (rc == 0 && !r.done)
		rc = EXT2_ET_FILE_NOT_FOUND;
	if (rc == 0)
		rc = touch(fs, dir, 0);
	return rc ? rc : release(fs, old, 1);
}

/* -- removing ------------------------------------------------------------- */

errcode_t entry_remove(ext2_filsys fs, ext2_ino_t dir, const char *name,
		       ext2_ino_t ino)
{
	errcode_t rc = ext2fs_unlink(fs, dir, name, ino, 0);

	if (rc == 0)
		rc = touch(fs, dir, 0);
	return rc ? rc : release(fs, ino, 1);
}

static int occupied_by(struct ext2_dir_entry *d, int offset, int block_size,
		       char *buf, void *arg)
{
	(void)offset, (void)block_size, (void)buf;
	if (is_called(d, ".") || is_called(d, ".."))
		return 0;
	*(bool *)arg = true;
	return DIRENT_ABORT;
}

errcode_t entry_rmdir(ext2_filsys fs, ext2_ino_t dir, const char *name,
		      ext2_ino_t ino, bool *removed_r)
{
	bool occupied = false;
	errcode_t rc = ext2fs_dir_iterate(fs, ino, 0, NULL, occupied_by,
					  &occupied);

	*removed_r = false;
	if (rc || occupied)
		return rc;
	rc = ext2fs_unlink(fs, dir, name, ino, 0);
	if (rc == 0)
		rc = touch(fs, dir, -1);
	if (rc == 0)
		rc = release(fs, ino, 2);
	*removed_r = rc == 0;
	return rc;
}
