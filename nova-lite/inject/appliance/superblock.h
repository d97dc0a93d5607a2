/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_APPLIANCE_SUPERBLOCK_H
#define NOVA_APPLIANCE_SUPERBLOCK_H

#include "nova-lite/inject/table.h"

enum volume_kind {
	VOLUME_NONE, VOLUME_EXT, VOLUME_XFS, VOLUME_BTRFS, VOLUME_LVM,
	VOLUME_OTHER,			/* something, but nothing for us */
};

struct superblock {
	enum volume_kind kind;
	char uuid[37], label[257];	/* of a file system */
	const char *why_not;		/* to write to it; NULL: nothing */
};

/*
 * What a volume holds, by its first bytes: what the kernel makes of them is
 * another matter. -1 when the source fails.
 */
int superblock_read(const struct table_source *src,
		    struct superblock *sb_r);

#endif
