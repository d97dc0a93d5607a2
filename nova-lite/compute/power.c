/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/service/service.h"
#include "nova-lite/compute/power.h"
#include "gen/compute_sql.h"

struct look {
	struct look *next;
	char id[37];		/* "": all */
};

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct look *first, **last;
	bool running, stopping;
} power = { .lock = PTHREAD_MUTEX_INITIALIZER,
	    .more = PTHREAD_COND_INITIALIZER, .last = &power.first };

void power_look(const char *server_id)
{
	struct look *l = xcalloc(1, sizeof(*l));

	if (server_id && strlen(server_id) < sizeof(l->id))
		strcpy(l->id, server_id);
	pthread_mutex_lock(&power.lock);
	*power.last = l;
	power.last = &l->next;
	pthread_cond_signal(&power.more);
	pthread_mutex_unlock(&power.lock);
}

void power_on_event(void *user, enum virt_event event, const char *uuid)
{
	(void)user;
	if (event == VIRT_EVENT_LOST)
		log_warn("libvirt does not answer");
	else
		power_look(uuid);
}

static int sync_one(struct agent *a, struct sql_conn *conn, const char *id,
		    enum virt_state state, struct err *e)
{
	struct rows rows = { 0 };

	if (sql_exec(conn, &SQL_server_power_sync,
		     ARGS(id, (int64_t)state, (const char *)a->host), &rows,
		     e) < 0)
		return -1;
	if (rows.affected > 0)
		log_msg(LOG_INFO_, "power state server=%s is=%d", id, state);
	rows_fini(&rows);
	return 0;
}

/* A server whose machine is not there is off. */
static enum virt_state state_in(const struct virt_domain *list, size_t n,
				const char *id)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].uuid, id) == 0)
			return list[i].state;
	}
	return VIRT_SHUTDOWN;
}

static int sync_listed(struct agent *a, struct sql_conn *conn,
		       const struct virt_domain *list, size_t n,
		       struct err *e)
{
	struct rows rows = { 0 };
	int r = 0;

	if (sql_exec(conn, &SQL_host_servers, ARGS((const char *)a->host),
		     &rows, e) < 0)
		return -1;
	for (int i = 0; i < rows.n && r == 0; i++) {
		struct row row = rows_at(&rows, i);
		const char *id = row_text(&row, host_server__id);

		if (!row_bool(&row, host_server__deleted))
			r = sync_one(a, conn, id, state_in(list, n, id), e);
	}
	rows_fini(&rows);
	return r;
}

int power_sync_all(struct agent *a, struct sql_conn *conn, struct err *e)
{
	_cleanup_(cleanup_free) struct virt_domain *list = NULL;
	size_t n;

	if (virt_list(a->virt, &list, &n, e) < 0)
		return -1;
	return sync_listed(a, conn, list, n, e);
}

static int look_at(struct agent *a, struct sql_conn *conn, const char *id,
		   struct err *e)
{
	struct virt_domain d;

	if (!*id)
		return power_sync_all(a, conn, e);
	if (virt_show(a->virt, id, &d, e) == 0)
		return sync_one(a, conn, id, d.state, e);
	return e->kind == ERR_NOT_FOUND ? 0 : -1;
}

static struct look *take(void)
{
	struct look *l;

	pthread_mutex_lock(&power.lock);
	while (!power.first && !power.stopping)
		pthread_cond_wait(&power.more, &power.lock);
	l = power.stopping ? NULL : power.first;
	if (l) {
		power.first = l->next;
		if (!power.first)
			power.last = &power.first;
	}
	pthread_mutex_unlock(&power.lock);
	return l;
}

/* What could not be looked at now is when libvirt or the catalog is back. */
static void *power_thread(void *arg)
{
	struct agent *a = arg;
	struct look *l;
	struct err e;

	while ((l = take())) {
		struct sql_conn *conn = sql_pool_get(service_pool(), &e);

		if (!conn || look_at(a, conn, l->id, &e) < 0)
			log_warn("power state server=%s: %s %s", l->id, e.msg,
				 e.detail);
		if (conn)
			sql_pool_put(service_pool(), conn);
		free(l);
	}
	return NULL;
}

int power_start(struct agent *a, struct err *e)
{
	int rc;

	rc = pthread_create(&power.thread, NULL, power_thread, a);
	if (rc) {
		errno = rc;
		return err_errno(e, "thread");
	}
	power.running = true;
	return 0;
}

void power_stop(void)
{
	struct look *l;

	if (!power.running)
		return;
	pthread_mutex_lock(&power.lock);
	power.stopping = true;
	pthread_cond_signal(&power.more);
	pthread_mutex_unlock(&power.lock);
	pthread_join(power.thread, NULL);
	while ((l = power.first)) {
		power.first = l->next;
		free(l);
	}
	power.running = false;
}
