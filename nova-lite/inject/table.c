/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/table.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#define SECTOR 512u

static uint32_t le32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t le64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* A growing list of partitions. */
struct parts {
	const struct table_source *src;
	struct table_part *at;
	int n;
};

/* Sectors, size in sectors; those that are not of this disk are left out. */
static void add(struct parts *p, uint64_t first, uint64_t n, uint32_t sector)
{
	uint64_t total = p->src->size / sector;

	if (p->n == TABLE_PARTS || n == 0 || first >= total ||
	    n > total - first)
		return;
	p->at[p->n++] = (struct table_part){ first * sector, n * sector };
}

static int read_at(const struct table_source *src, uint64_t at, void *data,
		   size_t n)
{
	if (at > src->size || n > src->size - at) {
		memset(data, 0, n);
		return 0;
	}
	return src->read(src->arg, at, data, n);
}

/* -- GPT ------------------------------------------------------------------ */

static uint32_t crc32(const unsigned char *data, size_t n)
{
	uint32_t crc = ~0u;
	int bit;

	for (; n > 0; n--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static bool gpt_is_header(unsigned char *head)
{
	uint32_t size = le32(head + 12), crc = le32(head + 16);

	if (memcmp(head, "EFI PART", 8) != 0 || size < 92 || size > SECTOR)
		return false;
	memset(head + 16, 0, 4);
	return crc32(head, size) == crc;
}

/* One entry: type at 0, first sector at 32, last one at 40. */
static void gpt_entry(struct parts *p, const unsigned char *entry,
		      uint32_t sector)
{
	static const unsigned char unused[16];
	uint64_t first = le64(entry + 32), last = le64(entry + 40);

	if (memcmp(entry, unused, sizeof(unused)) != 0 && last >= first &&
	    last != UINT64_MAX)
		add(p, first, last - first + 1, sector);
}

static int gpt_entries(struct parts *p, const unsigned char *head,
		       uint32_t sector)
{
	uint64_t lba = le64(head + 72);
	uint32_t n = le32(head + 80), size = le32(head + 84), i;
	unsigned char entry[48];

	if (size < 128 || size > 4096 || lba > p->src->size / sector)
		return 0;
	for (i = 0; i < n && i < TABLE_PARTS; i++) {
		if (read_at(p->src, lba * sector + (uint64_t)i * size, entry,
			    sizeof(entry)) < 0)
			return -1;
		gpt_entry(p, entry, sector);
	}
	return 0;
}

/* 1 when there is one; the copy's place is the last sector. */
static int gpt_read(struct parts *p, uint64_t lba, uint32_t sector)
{
	unsigned char head[SECTOR];

	if (read_at(p->src, lba * sector, head, sizeof(head)) < 0)
		return -1;
	if (!gpt_is_header(head))
		return 0;
	return gpt_entries(p, head, sector) < 0 ? -1 : 1;
}

static int gpt(struct parts *p)
{
	static const uint32_t sectors[] = { 512, 4096 };
	int i, rc;

	for (i = 0; i < 4; i++) {
		uint32_t sector = sectors[i % 2];
		uint64_t total = p->src->size / sector;

		if (total < 2)
			continue;
		rc = gpt_read(p, i < 2 ? 1 : total - 1, sector);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* -- MBR ------------------------------------------------------------------ */

enum { MBR_EXTENDED = 0x05, MBR_EXTENDED_LBA = 0x0f, MBR_LINUX_EXT = 0x85,
	MBR_PROTECTIVE = 0xee };

/* An entry: type at 4, first sector at 8, number of sectors at 12. */
static const unsigned char *mbr_entry(const unsigned char *sector, int i)
{
	return sector + 446 + 16 * i;
}

static bool mbr_is_extended(const unsigned char *entry)
{
	return entry[4] == MBR_EXTENDED || entry[4] == MBR_EXTENDED_LBA ||
		entry[4] == MBR_LINUX_EXT;
}

static bool mbr_is_table(const unsigned char *sector)
{
	return sector[510] == 0x55 && sector[511] == 0xaa;
}

/* A chain of tables, each with one partition and the way to the next. */
static int mbr_logical(struct parts *p, uint64_t start)
{
	unsigned char sector[SECTOR];
	uint64_t at = start;
	int i;

	for (i = 0; i < TABLE_PARTS; i++) {
		const unsigned char *part = mbr_entry(sector, 0);
		const unsigned char *next = mbr_entry(sector, 1);

		if (read_at(p->src, at * SECTOR, sector, SECTOR) < 0)
			return -1;
		if (!mbr_is_table(sector))
			break;
		if (part[4])
			add(p, at + le32(part + 8), le32(part + 12), SECTOR);
		if (!mbr_is_extended(next) || le32(next + 8) == 0)
			break;
		at = start + le32(next + 8);
	}
	return 0;
}

static int mbr(struct parts *p)
{
	unsigned char sector[SECTOR];
	int i;

	if (read_at(p->src, 0, sector, SECTOR) < 0)
		return -1;
	for (i = 0; i < 4 && mbr_is_table(sector); i++) {
		const unsigned char *entry = mbr_entry(sector, i);

		if (mbr_is_extended(entry)) {
			if (mbr_logical(p, le32(entry + 8)) < 0)
				return -1;
		} else if (entry[4] && entry[4] != MBR_PROTECTIVE) {
			add(p, le32(entry + 8), le32(entry + 12), SECTOR);
		}
	}
	return 0;
}

int table_read(const struct table_source *src,
	       struct table_part parts_r[TABLE_PARTS])
{
	struct parts p = { src, parts_r, 0 };
	int rc = gpt(&p);

	if (rc == 0)
		rc = mbr(&p);
	return rc < 0 ? -1 : p.n;
}
