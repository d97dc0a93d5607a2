/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/appliance/superblock.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"

#define EXT_VALID 1
#define EXT_ERROR 2
#define EXT_RECOVER 4			/* incompatible feature */

/* Where a kind keeps what: magic, UUID, label. */
static const struct layout {
	enum volume_kind kind;
	uint32_t magic_at;
	const char *magic;
	uint32_t uuid_at, label_at, label_size;
} layouts[] = {
	{ VOLUME_XFS, 0, "XFSB", 32, 108, 12 },
	{ VOLUME_BTRFS, 0x10040, "_BHRfS_M", 0x10020, 0x1012b, 256 },
	{ VOLUME_EXT, 0x438, "\x53\xef", 0x468, 0x478, 16 },
	/* LVM's label is in one of the first four sectors. */
	{ VOLUME_LVM, 0x018, "LVM2 001", 0, 0, 0 },
	{ VOLUME_LVM, 0x218, "LVM2 001", 0, 0, 0 },
	{ VOLUME_LVM, 0x418, "LVM2 001", 0, 0, 0 },
	{ VOLUME_LVM, 0x618, "LVM2 001", 0, 0, 0 },
	{ VOLUME_OTHER, 0, "LUKS\xba\xbe", 0, 0, 0 },
	{ VOLUME_OTHER, 0x400, "\x10\x20\xf5\xf2", 0, 0, 0 },	/* F2FS */
};

static int fetch(const struct table_source *src, uint64_t at, void *data,
		 size_t n)
{
	if (at > src->size || n > src->size - at) {
		memset(data, 0, n);
		return 0;
	}
	return src->read(src->arg, at, data, n);
}

static int read_names(const struct table_source *src, const struct layout *l,
		      struct superblock *sb)
{
	unsigned char u[16];

	if (fetch(src, l->uuid_at, u, sizeof(u)) < 0 ||
	    fetch(src, l->label_at, sb->label, l->label_size) < 0)
		return -1;
	snprintf(sb->uuid, sizeof(sb->uuid), "%02x%02x%02x%02x-%02x%02x-"
		 "%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
		 u[12], u[13], u[14], u[15]);
	return 0;
}

static int judge_ext(const struct table_source *src, struct superblock *sb)
{
	uint16_t state;
	uint32_t incompat;

	if (fetch(src, 0x43a, &state, sizeof(state)) < 0 ||
	    fetch(src, 0x460, &incompat, sizeof(incompat)) < 0)
		return -1;
	if (le16toh(state) & EXT_ERROR ||
	    !(le16toh(state) & EXT_VALID ||
	      le32toh(incompat) & EXT_RECOVER))
		sb->why_not = "must be checked first";
	return 0;
}

int superblock_read(const struct table_source *src, struct superblock *sb_r)
{
	struct superblock sb = { .kind = VOLUME_NONE };
	char got[8];
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(layouts); i++) {
		n = strlen(layouts[i].magic);
		if (fetch(src, layouts[i].magic_at, got, n) < 0)
			return -1;
		if (memcmp(got, layouts[i].magic, n) == 0)
			break;
	}
	if (i < ARRAY_LEN(layouts)) {
		sb.kind = layouts[i].kind;
		if (layouts[i].uuid_at &&
		    read_names(src, &layouts[i], &sb) < 0)
			return -1;
	}
	if (sb.kind == VOLUME_EXT && judge_ext(src, &sb) < 0)
		return -1;
	*sb_r = sb;
	return 0;
}
