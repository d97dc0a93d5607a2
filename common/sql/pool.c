/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"
#include "common/sql/conn.h"

#define WAIT_MAX 10	/* seconds */

struct sql_pool {
	pthread_mutex_t lock;
	pthread_cond_t returned;
	char *dsn;
	int max, made, nidle;
	struct sql_conn *idle[];	/* a stack: the warmest is on top */
};

struct sql_pool *sql_pool_new(const char *dsn, int max)
{
	struct sql_pool *p = xcalloc(1, sizeof(*p) + (size_t)max *
				     sizeof(p->idle[0]));
	pthread_condattr_t attr;

	p->dsn = xstrdup(dsn);
	p->max = max;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->returned, &attr);
	pthread_condattr_destroy(&attr);
	return p;
}

void sql_pool_free(struct sql_pool *p)
{
	if (!p)
		return;
	assert(p->nidle == p->made);
	while (p->nidle)
		sql_conn_free(p->idle[--p->nidle]);
	pthread_cond_destroy(&p->returned);
	pthread_mutex_destroy(&p->lock);
	free(p->dsn);
	free(p);
}

/* With the lock held. NULL: none came back in time. */
static struct sql_conn *take(struct sql_pool *p)
{
	struct timespec end;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += WAIT_MAX;
	while (!p->nidle && p->made == p->max && rc == 0)
		rc = pthread_cond_timedwait(&p->returned, &p->lock, &end);
	if (p->nidle)
		return p->idle[--p->nidle];
	if (p->made == p->max)
		return NULL;
	p->made++;
	return conn_make(p->dsn);
}

struct sql_conn *sql_pool_get(struct sql_pool *p, struct err *e)
{
	struct sql_conn *c;

	pthread_mutex_lock(&p->lock);
	c = take(p);
	pthread_mutex_unlock(&p->lock);
	if (!c) {
		err_set(e, ERR_UNAVAILABLE, NULL);
		err_detail(e, "all %d database connections are in use",
			   p->max);
		return NULL;
	}
	if (conn_ready(c, e) < 0) {
		sql_pool_put(p, c);
		return NULL;
	}
	return c;
}

void sql_pool_put(struct sql_pool *p, struct sql_conn *c)
{
	sql_rollback(c);
	pthread_mutex_lock(&p->lock);
	p->idle[p->nidle++] = c;
	pthread_cond_signal(&p->returned);
	pthread_mutex_unlock(&p->lock);
}
