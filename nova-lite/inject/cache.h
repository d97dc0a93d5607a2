/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_CACHE_H
#define NOVA_INJECT_CACHE_H

#include "nova-lite/inject/disk.h"

/*
 * What was read of a disk and what is to be written to it. libext2fs writes
 * the same few blocks again and again, byte by byte if need be; the disk sees
 * each once, in order and in long runs, when cache_flush is called or more is
 * in memory than CACHE_LINES lines. Unchanged bytes are not written at all:
 * each page written grows the layer.
 */
#define CACHE_LINE 65536u		/* a qcow2 cluster */
#define CACHE_PAGE 4096u
#define CACHE_LINES 1024u		/* 64 MiB */
#define CACHE_BUCKETS 1024u

struct cache_line;

struct cache {
	struct disk *disk;		/* borrowed */
	struct cache_line *buckets[CACHE_BUCKETS];
	size_t nlines;
	/* The first failure, all later calls fail too; kind ERR_NONE: none. */
	struct err err;
};

void cache_init(struct cache *c, struct disk *d);
/* Forgets what is not flushed. */
void cache_fini(struct cache *c);

/*
 * Any bytes of the disk. Return -1 with c->err filled; reading or writing
 * beyond the end fails with -1 alone, that being the file system's fault.
 */
int cache_read(struct cache *c, uint64_t at, void *data, size_t n);
int cache_write(struct cache *c, uint64_t at, const void *data, size_t n);
int cache_flush(struct cache *c);

#endif
