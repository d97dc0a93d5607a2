/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_TOOL_H
#define GLANCE_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

/*
 * A program that looks at or makes image files for us, with bounds on what it
 * takes, in a process that ends with ours. So many run at the same time; the
 * others wait for their turn.
 */
struct tool {
	const char *const *argv;	/* argv[0] is looked up in PATH */
	int64_t size_max;		/* bytes of a file that it writes */
	bool sanitized;			/* needs terabytes of addresses */
	/* Its end: the exit code, or -1; the beginning of what it printed. */
	int code;
	char said[800];
};

void tool_init(int at_once);
/* UNAVAILABLE once tool_stop was called, else, unless it exits with 0,
 * INTERNAL. */
int tool_run(struct tool *t, struct err *e);
/* From any thread: those that run or wait end, and no other begins. */
void tool_stop(void);

#endif
