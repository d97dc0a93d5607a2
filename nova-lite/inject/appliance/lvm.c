/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/appliance/lvm.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define SECTOR 512
#define LABEL_SECTORS 4
#define TEXT_MAX (8u << 20)
#define CRC_SEED 0xf597a6cf

static uint64_t le64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint32_t le32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* CRC-32, with a start of LVM's own and no end. */
static uint32_t checksum(const void *data, size_t n)
{
	const unsigned char *p = data, *end = p + n;
	uint32_t crc = CRC_SEED;
	int bit;

	while (p < end) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

static int fetch(const struct table_source *src, uint64_t at, void *data,
		 size_t n)
{
	if (at > src->size || n > src->size - at)
		return -1;
	return src->read(src->arg, at, data, n);
}

/* -- the label and the metadata area -------------------------------------- */

/*
 * label_header: "LABELONE", sector, checksum of the rest of the sector from
 * byte 20 on, offset of the contents, "LVM2 001".
 */
static const unsigned char *find_label(const struct table_source *src,
				       unsigned char sector[SECTOR])
{
	uint32_t at;
	int i;

	for (i = 0; i < LABEL_SECTORS; i++) {
		if (fetch(src, i * SECTOR, sector, SECTOR) < 0)
			return NULL;
		at = le32(sector + 20);
		if (memcmp(sector, "LABELONE", 8) == 0 &&
		    memcmp(sector + 24, "LVM2 001", 8) == 0 &&
		    at >= 32 && at <= SECTOR - 40 &&
		    le32(sector + 16) == checksum(sector + 20, SECTOR - 20))
			return sector + at;
	}
	return NULL;
}

/*
 * pv_header: id, size, a list of data areas and one of metadata areas, pairs
 * of offset and size that end with zeroes.
 */
static uint64_t find_area(const unsigned char *header,
			  const unsigned char *end)
{
	const unsigned char *p = header + 40;

	while (p + 16 <= end && le64(p))
		p += 16;
	return p + 32 <= end ? le64(p + 16) : 0;
}

/* The text is in a ring that begins behind the area's header. */
static int read_ring(const struct table_source *src,
		     const unsigned char *area, char *text)
{
	uint64_t start = le64(area + 24), size = le64(area + 32);
	uint64_t at = le64(area + 40), n = le64(area + 48), first;

	if (at < SECTOR || at >= size || n > size - SECTOR)
		return -1;
	first = n < size - at ? n : size - at;
	if (fetch(src, start + at, text, first) < 0 ||
	    fetch(src, start + SECTOR, text + first, n - first) < 0)
		return -1;
	return le32(area + 56) == checksum(text, n) ? 0 : -1;
}

/*
 * mda_header: checksum of the rest, magic, version, start, size, and what
 * lies in it: offset, size, checksum, flags.
 */
static int read_area(const struct table_source *src, uint64_t at,
		     char **text_r, size_t *n_r)
{
	unsigned char area[SECTOR];
	char *text;
	uint64_t n;

	if (fetch(src, at, area, sizeof(area)) < 0 ||
	    memcmp(area + 4, " LVM2 x[5A%r0N*>", 16) != 0 ||
	    le32(area) != checksum(area + 4, sizeof(area) - 4) ||
	    le64(area + 24) != at)
		return -1;
	n = le64(area + 48);
	if (n > TEXT_MAX)
		return -1;
	text = xmalloc(n + 1);
	if (n > 0 && read_ring(src, area, text) < 0) {
		free(text);
		return -1;
	}
	*text_r = text;
	*n_r = n;
	return 0;
}

int lvm_label_read(const struct table_source *src, char id_r[LVM_ID_SIZE],
		   char **text_r, size_t *n_r)
{
	unsigned char sector[SECTOR];
	const unsigned char *header = find_label(src, sector);
	uint64_t area;

	if (!header)
		return -1;
	memcpy(id_r, header, LVM_ID_SIZE - 1);
	id_r[LVM_ID_SIZE - 1] = '\0';
	area = find_area(header, sector + SECTOR);
	if (area)
		return read_area(src, area, text_r, n_r);
	*text_r = xstrdup("");
	*n_r = 0;
	return 0;
}

void lvm_group_fini(struct lvm_group *g)
{
	while (g->nvolumes > 0)
		free(g->volumes[--g->nvolumes].segments);
	free(g->volumes);
	g->volumes = NULL;
}
