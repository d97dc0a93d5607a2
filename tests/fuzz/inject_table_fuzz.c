/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes partition tables: whatever they say, the partitions lie within the
 * disk and the reader stays within it too and comes to an end.
 */
#include <assert.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/table.h"

/* Sectors are read at most this often: tables of GPT and chains of MBR. */
#define READS_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *data;
	size_t size;
	int reads;
};

static int read_memory(void *arg, uint64_t at, void *data, size_t n)
{
	struct memory *m = arg;

	assert(at <= m->size && n <= m->size - at);
	assert(++m->reads <= READS_MAX);
	memcpy(data, m->data + at, n);
	return 0;
}

/* No fuzzer finds a checksum: the disk gets a GPT header that is good. */
static void seal_gpt(uint8_t *head)
{
	uint32_t crc = ~0u;

	memcpy(head, "EFI PART\0\0\1\0\x5c\0\0\0\0\0\0\0", 20);
	for (int bit = 0; bit < 92 * 8; bit++) {
		crc ^= head[bit / 8] >> bit % 8 & 1;
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	crc = htole32(~crc);
	memcpy(head + 16, &crc, sizeof(crc));
}

/* The first byte says whether there is a GPT; the rest is the disk. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_free) uint8_t *disk = xmalloc(size + 1);
	struct memory m = { disk, size ? size - 1 : 0, 0 };
	struct table_source src = { read_memory, &m, m.size };
	struct table_part parts[TABLE_PARTS];
	int i, n;

	if (size)
		memcpy(disk, data + 1, m.size);
	if (size && (data[0] & 1) && m.size >= 1024)
		seal_gpt(disk + 512);
	n = table_read(&src, parts);
	assert(n >= 0 && n <= TABLE_PARTS);
	for (i = 0; i < n; i++)
		assert(parts[i].size > 0 && parts[i].at < m.size &&
		       parts[i].size <= m.size - parts[i].at);
	return 0;
}
