/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_POOL_H
#define LITE_HTTP_POOL_H

/*
 * Threads behind a bounded queue. Threads start when there is work for them
 * and then stay. Jobs are the caller's memory, usually inside something else.
 */
struct pool;

struct pool_job {
	void (*fn)(struct pool_job *job);
	struct pool_job *next;		/* the pool's */
};

struct pool *pool_new(int threads_max, int queue_max);
/* Runs what is queued, then ends and joins the threads. */
void pool_free(struct pool *p);

/* Borrows job until its fn runs. Returns 0, or -1 when the queue is full. */
int pool_push(struct pool *p, struct pool_job *job);

#endif
