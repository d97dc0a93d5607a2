/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/freed.h"

static void note_range(ext2_filsys fs, blk64_t block, blk_t n, int inuse)
{
	struct freed *f = fs->priv_data;

	if (inuse < 0)
		ext2fs_mark_block_bitmap_range2(f->blocks, block, n);
}

static void note(ext2_filsys fs, blk64_t block, int inuse)
{
	note_range(fs, block, 1, inuse);
}

static void hear(ext2_filsys fs,
		 void (*one)(ext2_filsys fs, blk64_t block, int inuse),
		 void (*many)(ext2_filsys fs, blk64_t block, blk_t n,
			      int inuse))
{
	ext2fs_set_block_alloc_stats_callback(fs, one, NULL);
	ext2fs_set_block_alloc_stats_range_callback(fs, many, NULL);
}

errcode_t freed_watch(struct freed *f, ext2_filsys fs)
{
	errcode_t rc = 0;

	if (!f->blocks)
		rc = ext2fs_allocate_block_bitmap(fs, "freed", &f->blocks);
	if (rc)
		return rc;
	fs->priv_data = f;
	hear(fs, note, note_range);
	return 0;
}

void freed_unwatch(ext2_filsys fs)
{
	hear(fs, NULL, NULL);
}

/* From block on: how many are to be zeros. */
static blk64_t run_length(const struct freed *f, ext2_filsys fs,
			  blk64_t block, blk64_t last)
{
	blk64_t end = block;

	while (end <= last && ext2fs_test_block_bitmap2(f->blocks, end) &&
	       !ext2fs_test_block_bitmap2(fs->block_map, end))
		end++;
	return end - block;
}

int freed_zero(const struct freed *f, const struct root *root, struct err *e)
{
	const struct volume *v = &root->volume;
	ext2_filsys fs = root->fs;
	blk64_t block = fs->super->s_first_data_block, n;
	blk64_t last = ext2fs_blocks_count(fs->super) - 1;

	if (!f->blocks)
		return 0;
	for (; block <= last; block += n ? n : 1) {
		if (ext2fs_find_first_set_block_bitmap2(f->blocks, block,
							last, &block))
			break;
		n = run_length(f, fs, block, last);
		if (n && disk_zero(v->cache->disk,
				   v->at + block * fs->blocksize,
				   n * fs->blocksize, e) < 0)
			return -1;
	}
	return 0;
}

void freed_fini(struct freed *f)
{
	if (f->blocks)
		ext2fs_free_block_bitmap(f->blocks);
}
