/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/mem.h"

/* Handlers run here: enough for libpq, OpenSSL and a path on the stack. */
enum { STACK_SIZE = 512 * 1024 };

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct pool_job *first, **last;
	int queued, queue_max;
	int idle, nthreads, threads_max;
	bool stop;
	pthread_t threads[];
};

struct pool *pool_new(int threads_max, int queue_max)
{
	struct pool *p = xcalloc(1, sizeof(*p) + (size_t)threads_max *
				 sizeof(p->threads[0]));

	assert(threads_max > 0);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->last = &p->first;
	p->queue_max = queue_max;
	p->threads_max = threads_max;
	return p;
}

/* The next job, or NULL when the pool stops. Called with the lock held. */
static struct pool_job *pool_take(struct pool *p)
{
	struct pool_job *job;

	while (!p->first && !p->stop) {
		p->idle++;
		pthread_cond_wait(&p->wake, &p->lock);
		p->idle--;
	}
	job = p->first;
	if (job) {
		p->first = job->next;
		if (!p->first)
			p->last = &p->first;
		p->queued--;
	}
	return job;
}

static void *pool_thread(void *arg)
{
	struct pool *p = arg;
	struct pool_job *job;
	sigset_t pipe;

	/* sendfile(2) has no MSG_NOSIGNAL */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	pthread_mutex_lock(&p->lock);
	while ((job = pool_take(p))) {
		pthread_mutex_unlock(&p->lock);
		job->fn(job);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void thread_start(struct pool *p)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (pthread_create(&p->threads[p->nthreads], &attr, pool_thread,
			   p) == 0)
		p->nthreads++;
	pthread_attr_destroy(&attr);
}

int pool_push(struct pool *p, struct pool_job *job)
{
	int rc = -1;

	pthread_mutex_lock(&p->lock);
	assert(!p->stop);
	if (p->idle <= p->queued && p->nthreads < p->threads_max)
		thread_start(p);
	if (p->queued < p->queue_max && p->nthreads > 0) {
		job->next = NULL;
		*p->last = job;
		p->last = &job->next;
		p->queued++;
		pthread_cond_signal(&p->wake);
		rc = 0;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->nthreads; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
