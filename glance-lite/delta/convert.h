/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_CONVERT_H
#define GLANCE_CONVERT_H

#include <stdint.h>

#include "common/base/err.h"

/*
 * One complete qcow2 of a delta and its base, by qemu-img. Which files it
 * opens, and by which drivers, is said here: nothing is probed, and no name
 * inside a file is followed.
 */
struct convert {
	const char *delta, *base, *base_driver;		/* paths, a driver */
	const char *out;		/* is there, and is overwritten */
	int64_t size_max;		/* bytes of out */
};

/* Fails as tool_run. */
int convert_run(const struct convert *c, struct err *e);

#endif
