/* SPDX-License-Identifier: Apache-2.0 */
/* Claims the host's jobs and gives each a thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/crypto/digest.h"
#include "common/job/internal.h"
#include "gen/common_sql.h"

enum {
	POLL_MS = 1500,		/* should a NOTIFY be missed */
	LOCK_MS = 3000,		/* for the session of a dead engine to end */
	LOCK_PAUSE_MS = 50,
};

bool job_stopping(const struct job *j)
{
	return __atomic_load_n(&j->engine->stopping, __ATOMIC_ACQUIRE);
}

static struct timespec deadline(int ms)
{
	usec_t at = usec_now() + ms * 1000LL;

	return (struct timespec){ .tv_sec = at / USEC_PER_SEC,
				  .tv_nsec = at % USEC_PER_SEC * 1000 };
}

void job_engine_pause(struct job_engine *en, int ms)
{
	struct timespec until = deadline(ms);

	pthread_mutex_lock(&en->lock);
	while (!en->stopping &&
	       pthread_cond_timedwait(&en->idle, &en->lock, &until) == 0)
		;
	pthread_mutex_unlock(&en->lock);
}

static void wake(struct job_engine *en)
{
	uint64_t one = 1;

	if (write(en->wake, &one, sizeof(one)) < 0)
		return;		/* full: it is awake */
}

/* -- runs ---------------------------------------------------------------- */

static void *run_thread(void *arg)
{
	struct job *j = arg;
	struct job_engine *en = j->engine;

	job_run(j);
	job_free(j);
	pthread_mutex_lock(&en->lock);
	en->running--;
	pthread_cond_broadcast(&en->idle);
	wake(en);
	pthread_mutex_unlock(&en->lock);
	return NULL;
}

static int spawn(struct job *j, struct err *e)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, run_thread, j);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return 0;
	errno = rc;
	return err_errno(e, "thread of a job");
}

static int start_run(struct job_engine *en, const struct row *row,
		     struct err *e)
{
	struct job *j = job_new(en, row, e);

	if (!j)
		return -1;
	pthread_mutex_lock(&en->lock);
	en->running++;
	pthread_mutex_unlock(&en->lock);
	if (spawn(j, e) == 0)
		return 0;
	job_free(j);
	pthread_mutex_lock(&en->lock);
	en->running--;
	pthread_mutex_unlock(&en->lock);
	return -1;
}

/* -- claims -------------------------------------------------------------- */

/* A job that got no thread is claimed anew, later. */
static int give_back(struct job_engine *en, int64_t id)
{
	struct rows rows = { 0 };
	struct err ignored;

	if (sql_exec(en->conn, &SQL_job_unclaim, ARGS(id), &rows,
		     &ignored) == 0)
		rows_fini(&rows);
	return -1;
}

static int claim(struct job_engine *en, struct err *e)
{
	struct rows rows = { 0 };
	int room, r = 0;

	pthread_mutex_lock(&en->lock);
	room = en->conf->workers - en->running;
	pthread_mutex_unlock(&en->lock);
	if (room <= 0)
		return 0;
	if (sql_exec(en->conn, &SQL_job_claim,
		     ARGS(en->conf->host, en->token, en->kinds, room), &rows,
		     e) < 0)
		return -1;
	for (int i = 0; i < rows.n; i++) {
		struct row row = rows_at(&rows, i);

		if (start_run(en, &row, e) < 0)
			r = give_back(en, row_int(&row, job__id));
	}
	rows_fini(&rows);
	return r;
}

static int64_t lock_key(const char *host)
{
	uint8_t sum[SHA256_SIZE];
	int64_t key;

	sha256(host, strlen(host), sum);
	memcpy(&key, sum, sizeof(key));
	return key;
}

/* Waits for something to do. The lock goes with a lost connection. */
static int wait_for_work(struct job_engine *en, struct err *e)
{
	struct sql_note note;
	uint64_t n;

	if (sql_wait(en->conn, POLL_MS, en->wake, &note, e) >= 0) {
		if (read(en->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
			return err_errno(e, "eventfd");
		return 0;
	}
	if (sql_try_lock(en->conn, lock_key(en->conf->host), e) != 1)
		return -1;
	return 0;
}

static void *claim_thread(void *arg)
{
	struct job_engine *en = arg;
	struct err e;

	while (!__atomic_load_n(&en->stopping, __ATOMIC_ACQUIRE)) {
		if (claim(en, &e) < 0 || wait_for_work(en, &e) < 0)
			job_engine_pause(en, POLL_MS);
	}
	return NULL;
}

/* -- life ---------------------------------------------------------------- */

static char *kinds_array(const struct job_kind *const *kinds, bool preempting)
{
	struct buf b = { 0 };

	buf_addc(&b, '{');
	for (; *kinds; kinds++) {
		if (preempting && !(*kinds)->preempts)
			continue;
		buf_printf(&b, "%s%s", b.len > 1 ? "," : "", (*kinds)->name);
	}
	buf_addc(&b, '}');
	buf_str(&b);
	return b.data;
}

/*
 * The lock goes with its holder's session, which PostgreSQL ends only when it
 * has noticed that an engine was killed.
 */
static int take_lock(struct job_engine *en, int64_t key, struct err *e)
{
	int locked = 0;

	for (int ms = 0; locked == 0 && ms < LOCK_MS; ms += LOCK_PAUSE_MS) {
		if (ms > 0)
			job_engine_pause(en, LOCK_PAUSE_MS);
		locked = sql_try_lock(en->conn, key, e);
	}
	return locked;
}

/* The one engine of the host, and what a dead one held. */
static int take_over(struct job_engine *en, struct err *e)
{
	const char *host = en->conf->host;
	struct rows rows = { 0 };
	int locked = take_lock(en, lock_key(host), e);

	if (locked < 0)
		return -1;
	if (locked == 0)
		return err_set(e, ERR_CONFLICT, "Another process runs the "
			       "jobs of host %s.", host);
	if (sql_listen(en->conn, JOB_CHANNEL, e) < 0 ||
	    sql_exec(en->conn, &SQL_job_release, ARGS(host), &rows, e) < 0)
		return -1;
	rows_fini(&rows);
	return 0;
}

static void engine_fini(struct job_engine *en)
{
	sql_conn_free(en->conn);
	sql_pool_free(en->pool);
	close(en->wake);
	pthread_cond_destroy(&en->idle);
	pthread_mutex_destroy(&en->lock);
	free(en->kinds);
	free(en->preempting);
	free(en);
}

struct job_engine *job_engine_new(const struct job_conf *conf, struct err *e)
{
	struct sql_conn *conn = sql_conn_new(conf->dsn, e);
	struct job_engine *en;

	if (!conn)
		return NULL;
	en = xcalloc(1, sizeof(*en));
	en->conf = conf;
	en->conn = conn;
	en->pool = sql_pool_new(conf->dsn, conf->workers);
	en->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uuid_v4(en->token);
	en->kinds = kinds_array(conf->kinds, false);
	en->preempting = kinds_array(conf->kinds, true);
	pthread_mutex_init(&en->lock, NULL);
	pthread_cond_init(&en->idle, NULL);
	if (en->wake < 0)
		err_errno(e, "eventfd");
	if (en->wake >= 0 && take_over(en, e) == 0)
		return en;
	engine_fini(en);
	return NULL;
}

void job_engine_start(struct job_engine *en)
{
	en->started = pthread_create(&en->claimer, NULL, claim_thread,
				     en) == 0;
	if (!en->started)
		abort();	/* out of memory, like the rest */
}

void job_engine_free(struct job_engine *en, int ms)
{
	struct timespec until = deadline(ms);
	int running;

	if (!en)
		return;
	pthread_mutex_lock(&en->lock);
	__atomic_store_n(&en->stopping, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&en->idle);
	pthread_mutex_unlock(&en->lock);
	wake(en);
	if (en->started)
		pthread_join(en->claimer, NULL);
	pthread_mutex_lock(&en->lock);
	while (en->running > 0 &&
	       pthread_cond_timedwait(&en->idle, &en->lock, &until) == 0)
		;
	running = en->running;
	pthread_mutex_unlock(&en->lock);
	if (running == 0)
		engine_fini(en);
}
