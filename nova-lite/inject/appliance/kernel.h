/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_APPLIANCE_KERNEL_H
#define NOVA_APPLIANCE_KERNEL_H

#include "common/base/err.h"

/* /proc, /sys and /dev, where the first process finds none. */
int kernel_mounts(struct err *e);
/*
 * Loads the modules that the file /modules/SET names, each after those it
 * needs. None is an error that the kernel has already or lacks: what is
 * missing shows where it is used.
 */
void kernel_load(const char *set);

#endif
