/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sql/pipeline.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/sql/link.h"

#define BACKOFF_MIN (USEC_PER_SEC / 10)
#define BACKOFF_MAX (2 * USEC_PER_SEC)
#define CONNECT_MAX (5 * USEC_PER_SEC)
#define CONNECT_POLL 5	/* milliseconds */

/*
 * What the planner expects of an array that it does not know. With shorter
 * ones it finds plans for the very arrays cheaper, and makes one each time,
 * which costs more than to run it.
 */
#define ARRAY_ROWS 10

/*
 * What was sent and is to be answered, in order. A batch is what stands
 * between two syncs; after an error the server skips the rest of its batch
 * and says "aborted" for each.
 */
enum kind { PREPARE, EXECUTE, MULTIGET, FORGET, SYNC };

struct item {
	struct item *next;
	enum kind kind;
	const struct sql_stmt *stmt;	/* PREPARE, EXECUTE, MULTIGET */
	int ngets;			/* callers that it counts for in gets */
	/* EXECUTE, MULTIGET: */
	bool prepare_failed;		/* with err, in the same batch */
	struct err *err;		/* owned; seldom there */
	struct item *callers;		/* MULTIGET: a list; owned */
	/* EXECUTE: */
	pipeline_fn *fn;
	void *arg;
	bool retried;			/* after its plan went stale */
	int nargs;
	struct sql_arg args[];		/* and their text behind */
};

struct queue {
	struct item *head, **tail;
};

enum state { DOWN, CONNECTING, READY };

struct pipeline {
	char *dsn;
	PGconn *pg;			/* NULL when DOWN */
	enum state state;
	unsigned events;
	usec_t due;		/* DOWN: connect; CONNECTING: give up */
	usec_t backoff;
	bool broken;		/* to be taken down by io or tick */
	bool open;		/* something was sent since the last sync */
	bool half_read;		/* the NULL behind a result is to come */
	struct link_seen seen, unshared;	/* of multi forms: bad ones */
	struct queue sent;
	struct queue again;	/* aborted by others: run by themselves */
	/* Submitted: */
	struct queue waiting;	/* to be run with others like them */
	struct queue single;
	int nwaiting;
	int gets;		/* callers of what was sent from waiting */
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_put(struct queue *q, struct item *it)
{
	it->next = NULL;
	*q->tail = it;
	q->tail = &it->next;
}

/* All of from behind what q has. */
static void queue_move(struct queue *q, struct queue *from)
{
	if (!from->head)
		return;
	*q->tail = from->head;
	q->tail = from->tail;
	queue_init(from);
}

static struct item *queue_get(struct queue *q)
{
	struct item *it = q->head;

	if (!it)
		return NULL;
	q->head = it->next;
	if (!q->head)
		q->tail = &q->head;
	return it;
}

/* -- items --------------------------------------------------------------- */

static size_t arg_size(const struct sql_arg *a)
{
	return a->s ? strlen(a->s) + 1 : 0;
}

static struct item *item_new(enum kind kind, const struct sql_stmt *s,
			     const struct sql_arg *args, int nargs)
{
	size_t size = sizeof(struct item) + (size_t)nargs * sizeof(*args);
	struct item *it;
	char *p;

	for (int i = 0; i < nargs; i++)
		size += arg_size(&args[i]);
	it = xmalloc(size);
	memset(it, 0, sizeof(*it));
	it->kind = kind;
	it->stmt = s;
	it->nargs = nargs;
	p = (char *)&it->args[nargs];
	for (int i = 0; i < nargs; i++) {
		size_t n = arg_size(&args[i]);

		it->args[i] = args[i];
		if (!args[i].s)
			continue;
		it->args[i].s = memcpy(p, args[i].s, n);
		p += n;
	}
	return it;
}

static void item_free(struct item *it)
{
	free(it->err);
	free(it);
}

static void item_fail(struct item *it, const struct err *e)
{
	static const struct rows none;

	for (struct item *c = it->callers, *next; c; c = next) {
		next = c->next;
		item_fail(c, e);
	}
	if (it->kind == EXECUTE)
		it->fn(it->arg, &none, e);
	item_free(it);
}

/* -- sending ------------------------------------------------------------- */

static void sent(struct pipeline *p, struct item *it, int ok)
{
	queue_put(&p->sent, it);
	p->open = it->kind != SYNC;
	p->broken |= !ok;
}

static void flush_out(struct pipeline *p)
{
	int rc = PQflush(p->pg);

	p->broken |= rc < 0;
	p->events = POLLIN | (rc > 0 ? POLLOUT : 0);
}

static void sync_batch(struct pipeline *p)
{
	if (p->open)
		sent(p, item_new(SYNC, NULL, NULL, 0),
		     PQpipelineSync(p->pg));
}

static void execute(struct pipeline *p, struct item *it)
{
	const struct sql_stmt *s = it->stmt;
	struct link_params params;

	if (!link_seen(&p->seen, s)) {
		sent(p, item_new(PREPARE, s, NULL, 0),
		     PQsendPrepare(p->pg, s->name, s->text, 0, NULL));
		link_seen_set(&p->seen, s, true);
	}
	link_params_init(&params, it->args, it->nargs);
	sent(p, it, PQsendQueryPrepared(p->pg, s->name, s->nparams,
					params.values, NULL, NULL, 1));
}

/* In a batch of its own, so that it shares nobody's fate. */
static void execute_alone(struct pipeline *p, struct item *it)
{
	sync_batch(p);
	execute(p, it);
	sync_batch(p);
}

/* Makes the names of prepared statements free again, then tries once more. */
static void execute_afresh(struct pipeline *p, struct item *it)
{
	it->retried = true;
	it->prepare_failed = false;
	sync_batch(p);
	sent(p, item_new(FORGET, NULL, NULL, 0),
	     PQsendQueryParams(p->pg, "deallocate all", 0, NULL, NULL, NULL,
			       NULL, 0));
	sync_batch(p);
	memset(&p->seen, 0, sizeof(p->seen));
	execute_alone(p, it);
}

/* -- reads that share an execution --------------------------------------- */

/* The first of those that wait, and what may go with it; their number. */
static int waiting_take(struct pipeline *p, struct queue *like)
{
	const struct sql_stmt *s = p->waiting.head->stmt;
	int most = link_seen(&p->unshared, s->multi) ? 1 : SQL_MULTIGET, n = 0;
	struct queue others;
	struct item *it;

	queue_init(&others);
	while (n < most && (it = queue_get(&p->waiting))) {
		if (it->stmt == s)
			n++;
		queue_put(it->stmt == s ? like : &others, it);
	}
	queue_move(&others, &p->waiting);
	queue_move(&p->waiting, &others);
	p->nwaiting -= n;
	return n;
}

/* An element of an array in PostgreSQL's text form; NULL: null. */
static void put_element(struct buf *array, const char *text)
{
	buf_addc(array, array->len ? ',' : '{');
	if (!text) {
		buf_adds(array, "NULL");
		return;
	}
	buf_addc(array, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(array, '\\');
		buf_addc(array, *text);
	}
	buf_addc(array, '"');
}

/* Takes the callers, of which there are n. */
static struct item *multiget_new(struct item *callers, int n)
{
	struct buf arrays[SQL_ARGS_MAX] = { 0 };
	struct sql_arg args[SQL_ARGS_MAX];
	struct link_params params;
	int nargs = callers->nargs, i;
	struct item *it, *c;

	for (c = callers; c; c = c->next) {
		link_params_init(&params, c->args, nargs);
		for (i = 0; i < nargs; i++)
			put_element(&arrays[i], params.values[i]);
	}
	for (i = 0; i < nargs; i++) {
		for (int pad = n; pad < ARRAY_ROWS; pad++)
			put_element(&arrays[i], NULL);
		buf_addc(&arrays[i], '}');
		args[i] = sql_arg_text(buf_str(&arrays[i]));
	}
	args[nargs] = sql_arg_int(n);
	it = item_new(MULTIGET, callers->stmt->multi, args, nargs + 1);
	it->callers = callers;
	for (i = 0; i < nargs; i++)
		buf_fini(&arrays[i]);
	return it;
}

static void send_get(struct pipeline *p)
{
	struct queue like;
	struct item *it;
	int n;

	queue_init(&like);
	n = waiting_take(p, &like);
	it = n > 1 ? multiget_new(like.head, n) : like.head;
	it->ngets = n;
	p->gets += n;
	execute(p, it);
}

/*
 * Fewer than what is on its way wait for its answer, or until they are more:
 * the server is busy, and what an execution costs hardly grows with the
 * callers. So batches grow with the load, and where nothing is on its way
 * nothing waits. Nor do they let others past: those may be slow.
 */
static void send_waiting(struct pipeline *p)
{
	if (p->nwaiting < p->gets && !p->single.head)
		return;
	while (p->waiting.head)
		send_get(p);
	sync_batch(p);
}

static void send_single(struct pipeline *p)
{
	struct item *it;

	while ((it = queue_get(&p->single)))
		execute(p, it);
	sync_batch(p);
}

/* -- receiving ----------------------------------------------------------- */

/* Its callers will not notice: they are served one by one. */
static void do_not_share(struct pipeline *p, const struct item *it)
{
	link_seen_set(&p->unshared, it->stmt, true);
	log_kv(LOG_WARN_, "reads cannot share", "stmt", it->stmt->name,
	       "detail", it->err->detail, NULL);
}

/* The statement that a failed PREPARE was for stands right behind it. */
static void prepare_failed(struct pipeline *p, struct item *it,
			   const PGresult *res)
{
	struct item *user = p->sent.head;

	link_seen_set(&p->seen, it->stmt, false);
	if (PQresultStatus(res) == PGRES_PIPELINE_ABORTED)
		return;
	assert(user && user->stmt == it->stmt);
	user->prepare_failed = true;
	if (!link_stale(res) || user->retried) {
		free(user->err);
		user->err = xcalloc(1, sizeof(*user->err));
		link_fault(user->err, it->stmt->name, res);
		if (user->kind == MULTIGET)
			do_not_share(p, user);
	}
}

static void execute_aborted(struct pipeline *p, struct item *it)
{
	if (!it->prepare_failed)
		queue_put(&p->again, it);
	else if (it->err)
		item_fail(it, it->err);
	else
		execute_afresh(p, it);
}

/* Takes res. */
static void executed(struct pipeline *p, struct item *it, PGresult *res)
{
	struct rows rows;
	struct err e;

	if (link_ok(res)) {
		rows = link_rows(res);
		it->fn(it->arg, &rows, NULL);
		rows_fini(&rows);
		item_free(it);
		return;
	}
	if (PQresultStatus(res) == PGRES_PIPELINE_ABORTED) {
		execute_aborted(p, it);
	} else if (link_stale(res) && !it->retried) {
		execute_afresh(p, it);
	} else {
		link_fault(&e, it->stmt->name, res);
		item_fail(it, &e);
	}
	PQclear(res);
}

/* A statement that gives one row, or none, to each: none has no row. */
static void multi_answered(struct item *it, PGresult *res)
{
	struct rows all = link_rows(res);
	int at[SQL_MULTIGET], last = PQnfields(res) - 1, i;
	struct item *c, *next;

	memset(at, -1, sizeof(at));
	for (i = 0; i < all.n; i++) {
		struct row row = rows_at(&all, i);
		int64_t caller = row_int(&row, last) - 1;

		assert(caller >= 0 && caller < SQL_MULTIGET && at[caller] < 0);
		at[caller] = i;
	}
	for (i = 0, c = it->callers; c; i++, c = next) {
		struct rows one = { .res = res, .n = at[i] >= 0,
				    .first = at[i] };

		next = c->next;
		c->fn(c->arg, &one, NULL);
		item_free(c);
	}
}

/* What failed for one of them, or for all, is found out one by one. */
static void multi_failed(struct pipeline *p, struct item *it, bool stale)
{
	struct item *c = it->callers, *next;

	if (stale) {
		next = c->next;
		execute_afresh(p, c);
		c = next;
	}
	for (; c; c = next) {
		next = c->next;
		queue_put(&p->again, c);
	}
}

/* Takes it and res. */
static void multi_executed(struct pipeline *p, struct item *it, PGresult *res)
{
	bool aborted = PQresultStatus(res) == PGRES_PIPELINE_ABORTED;

	if (aborted && !it->prepare_failed) {
		queue_put(&p->again, it);
		PQclear(res);
		return;
	}
	if (link_ok(res))
		multi_answered(it, res);
	else
		multi_failed(p, it, link_stale(res) || (aborted && !it->err));
	PQclear(res);
	item_free(it);
}

static void synced(struct pipeline *p)
{
	struct item *it;

	while ((it = queue_get(&p->again)))
		execute_alone(p, it);
}

/* Takes res, an answer to the oldest item. */
static void answer(struct pipeline *p, PGresult *res)
{
	struct item *it = queue_get(&p->sent);

	assert(it);
	p->half_read = it->kind != SYNC;
	p->gets -= it->ngets;
	it->ngets = 0;
	switch (it->kind) {
	case PREPARE:
		if (!link_ok(res))
			prepare_failed(p, it, res);
		break;
	case EXECUTE:
		executed(p, it, res);
		return;
	case MULTIGET:
		multi_executed(p, it, res);
		return;
	case SYNC:
		synced(p);
		break;
	case FORGET:
		break;
	}
	PQclear(res);
	item_free(it);
}

static void receive(struct pipeline *p)
{
	PGresult *res;

	if (!PQconsumeInput(p->pg)) {
		p->broken = true;
		return;
	}
	while (p->sent.head && !PQisBusy(p->pg)) {
		res = PQgetResult(p->pg);
		if (res) {
			answer(p, res);
		} else if (p->half_read) {
			p->half_read = false;
		} else {
			p->broken = true;	/* the server lost count */
			break;
		}
	}
	p->broken |= PQstatus(p->pg) != CONNECTION_OK;
}

/* -- connecting ---------------------------------------------------------- */

static void fail_all(struct queue *q, const struct err *e)
{
	struct item *it;

	while ((it = queue_get(q)))
		item_fail(it, e);
}

static void set_lost(struct err *e, const PGconn *pg)
{
	*e = (struct err){ 0 };
	link_lost(e, pg);
}

static void retry_later(struct pipeline *p)
{
	p->due = usec_monotonic() + p->backoff;
	p->backoff = p->backoff * 2 < BACKOFF_MAX ? p->backoff * 2 :
		BACKOFF_MAX;
}

/* Everything is put straight before the first callback, which may submit. */
static void take_down(struct pipeline *p)
{
	struct queue lost;
	struct err e;

	set_lost(&e, p->pg);
	PQfinish(p->pg);
	p->pg = NULL;
	p->state = DOWN;
	p->broken = p->open = p->half_read = false;
	retry_later(p);
	p->gets = p->nwaiting = 0;
	queue_init(&lost);
	queue_move(&lost, &p->again);
	queue_move(&lost, &p->sent);
	queue_move(&lost, &p->waiting);
	queue_move(&lost, &p->single);
	fail_all(&lost, &e);
}

static void connected(struct pipeline *p)
{
	memset(&p->seen, 0, sizeof(p->seen));
	memset(&p->unshared, 0, sizeof(p->unshared));
	p->state = READY;
	p->events = POLLIN;
	p->backoff = BACKOFF_MIN;
	p->broken = PQsetnonblocking(p->pg, 1) < 0 ||
		!PQenterPipelineMode(p->pg);
}

/*
 * While libpq tries one address after the other it closes and opens sockets,
 * which may get the same number: an event loop would miss that. Hence these
 * are looked at from the tick, and the loop sees a socket that stays.
 */
static void connect_on(struct pipeline *p)
{
	struct pollfd fd = { PQsocket(p->pg), (short)p->events, 0 };

	if (poll(&fd, 1, 0) == 0)
		return;
	switch (PQconnectPoll(p->pg)) {
	case PGRES_POLLING_OK:
		connected(p);
		break;
	case PGRES_POLLING_READING:
		p->events = POLLIN;
		break;
	case PGRES_POLLING_WRITING:
		p->events = POLLOUT;
		break;
	default:
		p->broken = true;
		break;
	}
}

static void connect_start(struct pipeline *p)
{
	p->pg = link_connect_start(p->dsn);
	p->state = CONNECTING;
	p->events = POLLOUT;
	p->due = usec_monotonic() + CONNECT_MAX;
	p->broken = PQstatus(p->pg) == CONNECTION_BAD;
}

/* -- the caller's side --------------------------------------------------- */

/* The first connection is waited for: there is nobody to serve without it. */
struct pipeline *pipeline_new(const char *dsn)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));

	p->dsn = xstrdup(dsn);
	p->backoff = BACKOFF_MIN;
	queue_init(&p->sent);
	queue_init(&p->again);
	queue_init(&p->waiting);
	queue_init(&p->single);
	p->pg = link_connect(dsn);
	if (PQstatus(p->pg) == CONNECTION_OK)
		connected(p);
	else
		p->broken = true;
	if (p->broken)
		take_down(p);
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	take_down(p);
	free(p->dsn);
	free(p);
}

void pipeline_submit(struct pipeline *p, const struct sql_stmt *s,
		     const struct sql_arg *args, int nargs, pipeline_fn *fn,
		     void *arg)
{
	static const struct rows none;
	struct item *it;
	struct err e;

	assert(nargs == s->nparams);
	if (p->state != READY || p->broken) {
		set_lost(&e, p->pg);
		fn(arg, &none, &e);
		return;
	}
	it = item_new(EXECUTE, s, args, nargs);
	it->fn = fn;
	it->arg = arg;
	queue_put(s->multi ? &p->waiting : &p->single, it);
	p->nwaiting += s->multi != NULL;
}

void pipeline_flush(struct pipeline *p)
{
	if (p->state != READY || p->broken)
		return;
	if (!p->waiting.head && !p->single.head)
		return;
	send_waiting(p);
	send_single(p);
	flush_out(p);
}

int pipeline_fd(const struct pipeline *p)
{
	return p->state == READY && !p->broken ? PQsocket(p->pg) : -1;
}

unsigned pipeline_events(const struct pipeline *p)
{
	return p->events;
}

void pipeline_io(struct pipeline *p, unsigned revents)
{
	if (p->state != READY)
		return;
	if (!p->broken && revents & ~POLLOUT)
		receive(p);
	if (!p->broken)
		flush_out(p);
	if (p->broken)
		take_down(p);
}

int pipeline_timeout(const struct pipeline *p)
{
	usec_t left = p->due - usec_monotonic();

	if (p->broken)
		return 0;
	if (p->state == READY)
		return -1;
	if (p->state == CONNECTING)
		return CONNECT_POLL;
	return left > 0 ? (int)(left / 1000) + 1 : 0;
}

void pipeline_tick(struct pipeline *p)
{
	bool due = usec_monotonic() >= p->due;

	if (p->state == DOWN && due)
		connect_start(p);
	else if (p->state == CONNECTING && due)
		p->broken = true;
	else if (p->state == CONNECTING && !p->broken)
		connect_on(p);
	if (p->broken)
		take_down(p);
}
