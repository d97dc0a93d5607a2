/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what a disk may say of volumes: the input is a device to look at,
 * and a text about a group. Every segment that comes of it is within bounds.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/appliance/lvm.h"
#include "nova-lite/inject/appliance/superblock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t size;
};

static int from_bytes(void *arg, uint64_t at, void *data, size_t n)
{
	const struct bytes *b = arg;

	assert(at <= b->size && n <= b->size - at);
	memcpy(data, b->data + at, n);
	return 0;
}

static void check_volume(const struct lvm_volume *v)
{
	size_t i;

	assert(strlen(v->name) < LVM_NAME_SIZE);
	for (i = 0; v->usable && i < v->nsegments; i++) {
		assert(v->segments[i].nstripes >= 1);
		assert(v->segments[i].nstripes <= LVM_STRIPES);
		assert(strlen(v->segments[i].stripes[0].pv) ==
		       LVM_ID_SIZE - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct table_source src = { from_bytes, &bytes, size };
	struct superblock sb;
	struct lvm_group g;
	char id[LVM_ID_SIZE], *text;
	size_t n;

	assert(superblock_read(&src, &sb) == 0);
	if (lvm_label_read(&src, id, &text, &n) == 0)
		free(text);
	if (lvm_group_parse((const char *)data, size, &g) == 0) {
		for (n = 0; n < g.nvolumes; n++)
			check_volume(&g.volumes[n]);
		lvm_group_fini(&g);
	}
	return 0;
}
