/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_IO_H
#define NOVA_INJECT_IO_H

#include <stdbool.h>

#include <ext2fs/ext2fs.h>

#include "nova-lite/inject/cache.h"

/* A part of a disk that holds one file system, or the whole of it. */
struct volume {
	struct cache *cache;
	uint64_t at, size;		/* bytes */
};

/*
 * ext2fs_open2 on a volume, which must outlive *fs_r, writable and in
 * memory: nothing reaches the disk before cache_flush.
 */
errcode_t volume_open(struct volume *v, ext2_filsys *fs_r);

#endif
