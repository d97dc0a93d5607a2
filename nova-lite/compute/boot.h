/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_BOOT_STEP_H
#define NOVA_COMPUTE_BOOT_STEP_H

#include "nova-lite/compute/server.h"
#include "nova-lite/virt/domain_spec.h"

/*
 * How a server boots, as files of its folder:
 *
 *	disk.boot	managed: its boot image, the first drive
 *	kernel ramdisk	Nova's convention: what its image names
 *
 * all of them hard links to what the host's caches have.
 */

/* Brings the files in line with the catalog's word. On failure what a running
 * machine has stays as it is. */
int server_boot(struct job *j, struct err *e);

/* The machine's kernel, where it is started without a boot loader. */
void server_boot_spec(struct job *j, struct domain_spec *spec);

#endif
