/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_CHILD_H
#define NOVA_INJECT_CHILD_H

#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/timefmt.h"

#define CHILD_FD 3

/* A program that runs for us, and dies with the thread that started it. */
struct child {
	pid_t pid;
	int said;			/* what it prints, a pipe */
	char words[400];		/* the beginning of it, at its end */
};

/*
 * Starts argv[0], looked up in PATH, without a signal blocked, with `in` as
 * standard input (-1: none) and `fd` as CHILD_FD; both stay the caller's.
 */
int child_start(struct child *c, const char *const *argv, int in, int fd,
		struct err *e);
/*
 * Waits for its end; past the deadline (usec_monotonic) it is killed. Fails,
 * with what it said, unless it ended with 0.
 */
int child_wait(struct child *c, usec_t deadline, struct err *e);

#endif
