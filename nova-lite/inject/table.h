/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_TABLE_H
#define NOVA_INJECT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_PARTS 128

/* Where a table is read from; read returns 0 or -1. */
struct table_source {
	int (*read)(void *arg, uint64_t at, void *data, size_t n);
	void *arg;
	uint64_t size;			/* bytes */
};

struct table_part {
	uint64_t at, size;		/* bytes, within the disk, size > 0 */
};

/*
 * The partitions of a disk: GPT (UEFI 2.10, 5.3; the copy at the end when
 * the first is damaged; 512-byte or 4096-byte sectors), else MBR with logical
 * ones. What lies outside the disk is left out; chains and counts are bounded.
 * Returns how many, 0 without a table, -1 when the source fails.
 */
int table_read(const struct table_source *src,
	       struct table_part parts_r[TABLE_PARTS]);

#endif
