/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/io.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

/* io_open() is told a name only. */
static _Thread_local struct volume *opening;

static errcode_t io_open(const char *name, int flags, io_channel *channel_r);

static errcode_t io_close(io_channel ch)
{
	if (--ch->refcount > 0)
		return 0;
	free(ch->name);
	free(ch);
	return 0;
}

static errcode_t io_set_blksize(io_channel ch, int size)
{
	ch->block_size = size;
	return 0;
}

/*
 * The bytes that `count` blocks from `block` on are on the disk; a negative
 * count is one of bytes. False when they are not within the volume.
 */
static bool io_range(io_channel ch, unsigned long long block, int count,
		     uint64_t *at_r, size_t *n_r)
{
	const struct volume *v = ch->private_data;
	uint64_t unit = ch->block_size;
	uint64_t n = count < 0 ? -(uint64_t)count : count * unit;

	if (block > v->size / unit || n > v->size - block * unit)
		return false;
	*at_r = v->at + block * unit;
	*n_r = n;
	return true;
}

static errcode_t io_read64(io_channel ch, unsigned long long block, int count,
			   void *data)
{
	const struct volume *v = ch->private_data;
	uint64_t at;
	size_t n;

	if (!io_range(ch, block, count, &at, &n) ||
	    cache_read(v->cache, at, data, n) < 0)
		return EXT2_ET_SHORT_READ;
	return 0;
}

static errcode_t io_write64(io_channel ch, unsigned long long block, int count,
			    const void *data)
{
	const struct volume *v = ch->private_data;
	uint64_t at;
	size_t n;

	if (!io_range(ch, block, count, &at, &n) ||
	    cache_write(v->cache, at, data, n) < 0)
		return EXT2_ET_SHORT_WRITE;
	return 0;
}

static errcode_t io_read(io_channel ch, unsigned long block, int count,
			 void *data)
{
	return io_read64(ch, block, count, data);
}

static errcode_t io_write(io_channel ch, unsigned long block, int count,
			  const void *data)
{
	return io_write64(ch, block, count, data);
}

static errcode_t io_write_byte(io_channel ch, unsigned long at, int n,
			       const void *data)
{
	const struct volume *v = ch->private_data;

	if (n < 0 || at > v->size || (uint64_t)n > v->size - at ||
	    cache_write(v->cache, v->at + at, data, n) < 0)
		return EXT2_ET_SHORT_WRITE;
	return 0;
}

/* What the file system thinks is written waits for cache_flush. */
static errcode_t io_flush(io_channel ch)
{
	(void)ch;
	return 0;
}

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "volume of a disk",
	.open = io_open,
	.close = io_close,
	.set_blksize = io_set_blksize,
	.read_blk = io_read,
	.write_blk = io_write,
	.flush = io_flush,
	.write_byte = io_write_byte,
	.read_blk64 = io_read64,
	.write_blk64 = io_write64,
};

static errcode_t io_open(const char *name, int flags, io_channel *channel_r)
{
	io_channel ch = xcalloc(1, sizeof(*ch));

	(void)flags;
	ch->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	ch->manager = &manager;
	ch->name = xstrdup(name);
	ch->block_size = 1024;
	ch->refcount = 1;
	ch->private_data = opening;
	*channel_r = ch;
	return 0;
}

errcode_t volume_open(struct volume *v, ext2_filsys *fs_r)
{
	errcode_t rc;

	opening = v;
	rc = ext2fs_open2("volume", NULL, EXT2_FLAG_RW | EXT2_FLAG_64BITS |
			  EXT2_FLAG_SKIP_MMP, 0, 0, &manager, fs_r);
	opening = NULL;
	return rc;
}
