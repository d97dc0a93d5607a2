/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that keep a stock of each kind between its marks. They run when
 * nobody else wants the processor (SCHED_IDLE); how many there may be of a
 * kind is the catalog's word, which all hosts share.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "common/service/service.h"
#include "nova-lite/metadata/first_boot.h"
#include "gen/metadata_sql.h"

enum { LOOK_SECONDS = 1, WORKERS_MAX = 16 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping, woken;
	pthread_t threads[WORKERS_MAX];
	int n;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER,
	   .wake = PTHREAD_COND_INITIALIZER };
static atomic_llong made[FIRST_BOOT_KINDS], making[FIRST_BOOT_KINDS];

long long pool_made(size_t i)
{
	return atomic_load(&made[i]);
}

long long pool_making_usec(size_t i)
{
	return atomic_load(&making[i]);
}

char *pool_purpose(const char *kind, const char *id)
{
	return xasprintf("pool/%s/%s", kind, id);
}

/* -- one ------------------------------------------------------------------ */

static char *make_sealed(size_t i, const char *id)
{
	const struct material *m = first_boot_conf.kinds[i];
	_cleanup_(cleanup_free) char *purpose = pool_purpose(m->name, id);
	int64_t began = usec_monotonic();
	json_t *v = material_make(m);
	char *text, *sealed;

	atomic_fetch_add(&making[i], usec_monotonic() - began);
	text = json_dumps(v, JSON_COMPACT);
	material_free(v);
	if (!text)
		abort();
	sealed = vault_seal(purpose, text);
	mem_clear(text, strlen(text));
	free(text);
	return sealed;
}

static int store(struct sql_conn *conn, size_t i, const char *id,
		 const char *sealed, struct err *e)
{
	const struct material *m = first_boot_conf.kinds[i];
	struct rows rows = { 0 };
	struct row row;

	if (sql_exec(conn, &SQL_key_pool_add, ARGS(m->name, id, sealed,
						   first_boot_conf.high),
		     &rows, e) < 0)
		return -1;
	row = rows_at(&rows, 0);
	if (row_bool(&row, 0))
		atomic_fetch_add(&made[i], 1);
	rows_fini(&rows);
	return 0;
}

/* The connection goes back meanwhile: RSA takes its time. */
static int make_one(size_t i, struct err *e)
{
	char id[UUID_SIZE];
	_cleanup_(cleanup_free) char *sealed = NULL;
	struct sql_conn *conn;
	int rc;

	uuid_v4(id);
	sealed = make_sealed(i, id);
	conn = sql_pool_get(service_pool(), e);
	if (!conn)
		return -1;
	rc = store(conn, i, id, sealed, e);
	sql_pool_put(service_pool(), conn);
	return rc;
}

/* -- which ---------------------------------------------------------------- */

static int levels(int64_t n_r[FIRST_BOOT_KINDS], struct err *e)
{
	struct sql_conn *conn = sql_pool_get(service_pool(), e);
	struct rows rows = { 0 };
	int rc;

	if (!conn)
		return -1;
	rc = sql_exec(conn, &SQL_key_pool_level, NULL, 0, &rows, e);
	sql_pool_put(service_pool(), conn);
	if (rc < 0)
		return -1;
	memset(n_r, 0, FIRST_BOOT_KINDS * sizeof(*n_r));
	for (int r = 0; r < rows.n; r++) {
		struct row row = rows_at(&rows, r);

		for (size_t i = 0; i < first_boot_conf.n; i++)
			if (strcmp(first_boot_conf.kinds[i]->name,
				   row_text(&row, 0)) == 0)
				n_r[i] = row_int(&row, 1);
	}
	rows_fini(&rows);
	return 0;
}

/* The scarcest of those that are being filled, or -1. */
static int choose(bool filling[FIRST_BOOT_KINDS], struct err *e)
{
	const struct first_boot_conf *c = &first_boot_conf;
	int64_t n[FIRST_BOOT_KINDS];
	int best = -1;

	if (levels(n, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++) {
		filling[i] = n[i] < c->low ||
			(filling[i] && n[i] < c->high);
		if (filling[i] && n[i] < c->high &&
		    (best < 0 || n[i] < n[best]))
			best = i;
	}
	return best;
}

/* -- threads -------------------------------------------------------------- */

static bool stopping(void)
{
	bool stop;

	pthread_mutex_lock(&pool.lock);
	stop = pool.stopping;
	pthread_mutex_unlock(&pool.lock);
	return stop;
}

static void wait_for_work(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LOOK_SECONDS;
	pthread_mutex_lock(&pool.lock);
	while (!pool.stopping && !pool.woken &&
	       pthread_cond_timedwait(&pool.wake, &pool.lock, &until) == 0)
		;
	pool.woken = false;
	pthread_mutex_unlock(&pool.lock);
}

static void *worker(void *arg)
{
	const struct sched_param idle = { 0 };
	bool filling[FIRST_BOOT_KINDS] = { false };
	struct err e;
	int next;

	(void)arg;
	pthread_setschedparam(pthread_self(), SCHED_IDLE, &idle);
	while (!stopping()) {
		e.kind = ERR_NONE;
		next = choose(filling, &e);
		if (next >= 0 && make_one(next, &e) == 0)
			continue;
		if (e.kind != ERR_NONE)
			log_warn("first boot pool: %s %s", e.msg, e.detail);
		wait_for_work();
	}
	return NULL;
}

int pool_start(struct err *e)
{
	int want = first_boot_conf.high > 0 ? first_boot_conf.workers : 0;

	while (pool.n < want && pool.n < WORKERS_MAX) {
		errno = pthread_create(&pool.threads[pool.n], NULL, worker,
				       NULL);
		if (errno)
			return err_errno(e, "first boot: thread");
		pool.n++;
	}
	return 0;
}

void pool_wake(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.woken = true;
	pthread_cond_signal(&pool.wake);
	pthread_mutex_unlock(&pool.lock);
}

void pool_stop(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.stopping = true;
	pthread_cond_broadcast(&pool.wake);
	pthread_mutex_unlock(&pool.lock);
	while (pool.n > 0)
		pthread_join(pool.threads[--pool.n], NULL);
}
