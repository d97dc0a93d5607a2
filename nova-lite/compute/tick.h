/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_TICK_H
#define NOVA_COMPUTE_TICK_H

#include <pthread.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "nova-lite/compute/agent.h"

/*
 * What the agent does again and again: fn, in a thread of its own, with a
 * connection, every so many seconds. A failure is logged under the name, and
 * the next turn comes all the same.
 */
struct tick {
	const char *name;
	int seconds;
	int (*fn)(struct agent *a, struct sql_conn *conn, struct err *e);
	/* tick.c's own */
	struct agent *agent;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool running, stopping;
};

#define TICK(name, seconds, fn) { name, seconds, fn, .agent = NULL, \
	.lock = PTHREAD_MUTEX_INITIALIZER, .stop = PTHREAD_COND_INITIALIZER }

/* t stays where it is until tick_stop, which waits for a turn to end, and
 * does nothing where nothing was started. */
int tick_start(struct tick *t, struct agent *a, struct err *e);
void tick_stop(struct tick *t);

#endif
