/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/ext.h"

#include <stddef.h>

#include "common/base/mem.h"
#include "nova-lite/inject/content.h"
#include "nova-lite/inject/entry.h"

static struct root *root_of(struct tree *t)
{
	return container_of(t, struct ext_tree, tree)->root;
}

static int outcome(struct tree *t, errcode_t rc, struct err *e)
{
	if (rc == EXT2_ET_BLOCK_ALLOC_FAIL || rc == EXT2_ET_INODE_ALLOC_FAIL)
		return tree_full(t, e);
	return rc ? root_failed(root_of(t), t->path, rc, e) : 0;
}

static int ext_lookup(struct tree *t, uint64_t dir, const char *name,
		      struct node *node_r, struct err *e)
{
	ext2_filsys fs = root_of(t)->fs;
	struct ext2_inode inode;
	ext2_ino_t ino;
	errcode_t rc = ext2fs_lookup(fs, dir, name, strlen(name), NULL, &ino);

	if (rc == EXT2_ET_FILE_NOT_FOUND) {
		*node_r = (struct node){ 0 };
		return 0;
	}
	if (rc == 0)
		rc = ext2fs_read_inode(fs, ino, &inode);
	if (rc)
		return outcome(t, rc, e);
	*node_r = (struct node){ ino, inode.i_mode };
	return 0;
}

static int ext_read_link(struct tree *t, const struct place *p,
			 struct buf *target, struct err *e)
{
	ext2_filsys fs = root_of(t)->fs;
	_cleanup_(cleanup_free) char *block = xcalloc(1, fs->blocksize);
	struct ext2_inode inode;
	blk64_t at;
	errcode_t rc = ext2fs_read_inode(fs, p->node.id, &inode);

	if (rc)
		return outcome(t, rc, e);
	if (inode.i_size == 0 || inode.i_size >= fs->blocksize)
		return tree_conflict(t, "leads through a damaged link", e);
	if (ext2fs_is_fast_symlink(&inode)) {
		memcpy(block, inode.i_block, sizeof(inode.i_block));
	} else {
		rc = ext2fs_bmap2(fs, p->node.id, &inode, NULL, 0, 0, NULL,
				  &at);
		if (rc == 0)
			rc = io_channel_read_blk64(fs->io, at, 1, block);
	}
	if (rc)
		return outcome(t, rc, e);
	buf_add(target, block, strnlen(block, inode.i_size));
	return 0;
}

static int ext_make_folder(struct tree *t, uint64_t dir, const char *name,
			   uint64_t *id_r, struct err *e)
{
	ext2_ino_t ino;
	errcode_t rc = entry_mkdir(root_of(t)->fs, dir, name, &ino);

	if (rc)
		return outcome(t, rc, e);
	*id_r = ino;
	return 0;
}

static int ext_add(struct tree *t, const struct place *p,
		   const struct inject_file *f, struct err *e)
{
	ext2_filsys fs = root_of(t)->fs;
	ext2_ino_t ino;
	errcode_t rc;

	if (content_write(root_of(t), p->dir, f, &ino, e) < 0)
		return -1;
	rc = p->node.id ?
		entry_replace(fs, p->dir, p->name, p->node.id, ino) :
		entry_add(fs, p->dir, p->name, ino);
	return outcome(t, rc, e);
}

static int ext_remove(struct tree *t, const struct place *p, struct err *e)
{
	struct ext_tree *ext = container_of(t, struct ext_tree, tree);
	ext2_filsys fs = ext->root->fs;
	errcode_t rc = freed_watch(&ext->freed, fs);

	if (rc == 0)
		rc = entry_remove(fs, p->dir, p->name, p->node.id);
	freed_unwatch(fs);
	return outcome(t, rc, e);
}

static int ext_remove_folder(struct tree *t, const struct place *p,
			     bool *removed_r, struct err *e)
{
	return outcome(t, entry_rmdir(root_of(t)->fs, p->dir, p->name,
				      p->node.id, removed_r), e);
}

static int ext_space(struct tree *t, struct tree_space *space_r,
		     struct err *e)
{
	ext2_filsys fs = root_of(t)->fs;

	(void)e;
	*space_r = (struct tree_space){
		.block = fs->blocksize,
		.blocks = ext2fs_free_blocks_count(fs->super),
		.files = fs->super->s_free_inodes_count,
	};
	return 0;
}

static uint64_t ext_file_blocks(struct tree *t, uint64_t size)
{
	return content_blocks(root_of(t)->fs, size);
}

static int ext_flush(struct tree *t, struct err *e)
{
	struct root *root = root_of(t);
	errcode_t rc = ext2fs_flush(root->fs);

	if (rc || cache_flush(root->volume.cache) < 0)
		return root_failed(root, t->path, rc, e);
	return freed_zero(&container_of(t, struct ext_tree, tree)->freed,
			  root, e);
}

static const struct tree_ops ext_ops = {
	.lookup = ext_lookup,
	.read_link = ext_read_link,
	.make_folder = ext_make_folder,
	.add = ext_add,
	.remove = ext_remove,
	.remove_folder = ext_remove_folder,
	.space = ext_space,
	.file_blocks = ext_file_blocks,
	.flush = ext_flush,
};

void ext_tree_init(struct ext_tree *t, struct root *root)
{
	*t = (struct ext_tree){
		.tree = { .ops = &ext_ops, .root = EXT2_ROOT_INO },
		.root = root,
	};
}

void ext_tree_fini(struct ext_tree *t)
{
	freed_fini(&t->freed);
}
