/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_CONVERT_H
#define GLANCE_CONVERT_H

#include <stdint.h>

#include "common/base/err.h"

/*
 * One complete qcow2 of a delta and its base, by qemu-img in a process of its
 * own, which ends with ours. Which files it opens, and by which drivers, is
 * said here: nothing is probed, and no name inside a file is followed.
 */
struct convert {
	const char *delta, *base, *base_driver;		/* paths, a driver */
	const char *out;		/* is there, and is overwritten */
	int64_t size_max;		/* bytes of out */
};

/* at_once: how many run at the same time; the others wait for their turn. */
void convert_init(int at_once);
/* UNAVAILABLE once convert_stop was called, else INTERNAL. */
int convert_run(const struct convert *c, struct err *e);
/* From any thread: those that run or wait end, and no other begins. */
void convert_stop(void);

#endif
