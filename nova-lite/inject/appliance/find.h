/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_APPLIANCE_FIND_H
#define NOVA_APPLIANCE_FIND_H

#include "common/base/err.h"

#define FIND_ROOT "/root"

/*
 * Mounts the root file system of the disk /dev/DISK at FIND_ROOT, writable:
 * a partition, the whole disk, or a logical volume. Which it is
 * inject_options.root says, as for root_open; a btrfs that has no /etc in its
 * default subvolume may have it in one at its top. Fails with NOT_IMPLEMENTED
 * when there is none, or none that the kernel can mount and write to.
 */
int find_and_mount(const char *disk, const char *name, struct err *e);

#endif
