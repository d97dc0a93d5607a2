/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_APPLIANCE_MAPPER_H
#define NOVA_APPLIANCE_MAPPER_H

#include <stddef.h>
#include <stdint.h>

/* A part of a mapped device, as the device mapper knows it; sectors. */
struct mapper_target {
	uint64_t start, size;
	const char *type;
	char params[512];
};

/* A block device of the targets, at /dev/dm-N; -1 with errno. */
int mapper_make(const char *name, const struct mapper_target *targets,
		size_t n, unsigned *n_r);

#endif
