/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_APPLIANCE_DEVICE_H
#define NOVA_APPLIANCE_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "nova-lite/inject/appliance/superblock.h"

#define DEVICE_PATH 48

/* A block device of the appliance that may hold a file system. */
struct device {
	char name[32];			/* below /dev */
	dev_t dev;
	uint64_t size;			/* bytes */
	struct superblock sb;
	bool has_etc;
	char subvolume[256];		/* "": the default one */
};

struct devices {
	struct device *at;
	size_t n;
};

/*
 * The partitions of a disk, as the kernel sees them, or the whole of it where
 * none of them holds anything; and the logical volumes on them, made for it.
 * One that cannot be made counts as something of another kind.
 */
int devices_read(struct devices *all, const char *disk, struct err *e);
void devices_fini(struct devices *all);

void device_path(const struct device *d, char path_r[DEVICE_PATH]);

#endif
