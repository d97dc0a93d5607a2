/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/tick.h"

#include <errno.h>
#include <time.h>

#include "common/base/log.h"
#include "common/service/service.h"

static void turn(struct tick *t)
{
	struct err e;
	struct sql_conn *conn = sql_pool_get(service_pool(), &e);

	if (!conn || t->fn(t->agent, conn, &e) < 0)
		log_warn("%s: %s %s", t->name, e.msg, e.detail);
	if (conn)
		sql_pool_put(service_pool(), conn);
}

/* False when the thread shall end. */
static bool wait_for_turn(struct tick *t)
{
	struct timespec until;
	bool go_on;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += t->seconds;
	pthread_mutex_lock(&t->lock);
	while (!t->stopping &&
	       pthread_cond_timedwait(&t->stop, &t->lock, &until) == 0)
		;
	go_on = !t->stopping;
	pthread_mutex_unlock(&t->lock);
	return go_on;
}

static void *tick_thread(void *arg)
{
	while (wait_for_turn(arg))
		turn(arg);
	return NULL;
}

int tick_start(struct tick *t, struct agent *a, struct err *e)
{
	int rc;

	t->agent = a;
	rc = pthread_create(&t->thread, NULL, tick_thread, t);
	if (rc) {
		errno = rc;
		return err_errno(e, "thread");
	}
	t->running = true;
	return 0;
}

void tick_stop(struct tick *t)
{
	if (!t->running)
		return;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->stop);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	t->running = false;
}
