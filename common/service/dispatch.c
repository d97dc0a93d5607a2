/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/service/dispatch.h"
#include "common/service/loop_sql.h"
#include "gen/common_sql.h"

/* -- making a request ----------------------------------------------------- */

/* What a proxy says of the request as it got it. */
static const char *forwarded(const struct req *rq, const char *name)
{
	return rq->dispatch->behind_proxy ? req_header(rq, name) : NULL;
}

static const char *base_url(struct req *rq)
{
	const char *proto = forwarded(rq, "X-Forwarded-Proto");
	const char *host = forwarded(rq, "X-Forwarded-Host");

	if (!host)
		host = req_header(rq, "Host");
	return arena_join(req_arena(rq), proto ? proto : "http", "://",
			  host ? host : "localhost", NULL);
}

static struct req *req_new(struct http_req *http, const struct dispatch *d)
{
	struct req *rq = arena_zalloc(&http->arena, sizeof(*rq));
	char id[UUID_SIZE];

	http->user = rq;
	rq->http = http;
	rq->dispatch = d;
	rq->svc = d->svc;
	rq->path = http->path;
	uuid_v4(id);
	rq->id = arena_join(&http->arena, "req-", id, NULL);
	rq->base_url = base_url(rq);
	jw_init(&rq->w, &http->out);
	return rq;
}

/* -- the end of the way --------------------------------------------------- */

static void render_error(struct req *rq)
{
	struct http_req *http = rq->http;

	buf_reset(&http->out);
	buf_reset(&http->head);
	rq->typed = false;
	cleanup_close(&http->file_fd);
	http->file_fd = -1;
	jw_init(&rq->w, &http->out);
	http->status = err_status(rq->err.kind);
	rq->svc->render_error(rq);
}

/* The reply is decided: 0, or -1 with rq->err. Completes its bytes. */
static void complete(struct req *rq, int ret)
{
	if (ret < 0)
		render_error(rq);
	if (!rq->typed && rq->http->out.len)
		reply_header(rq, "Content-Type", "application/json");
	rq->svc->finish(rq);
}

static void finish(struct req *rq, int ret)
{
	complete(rq, ret);
	http_send(rq->http);
}

/* -- the handler ---------------------------------------------------------- */

static void on_read(void *arg, const struct rows *rows, const struct err *e)
{
	struct req *rq = arg;

	if (e) {
		rq->err = *e;
		finish(rq, -1);
		return;
	}
	finish(rq, rq->route->read->view(rq, rows));
}

static void run_read(struct req *rq)
{
	const struct read_op *op = rq->route->read;

	if (op->bind && op->bind(rq) < 0) {
		finish(rq, -1);
		return;
	}
	rq->sql_n++;
	pipeline_submit(loop_sql(rq->http->loop), op->sql, rq->args, rq->nargs,
			on_read, rq);
}

/* On a worker, hash or body thread. */
static void run_blocking(struct http_req *http)
{
	struct req *rq = http->user;
	int ret = rq->route->run(rq);

	assert(ret < 0 || !rq->conn || !sql_in_tx(rq->conn));
	sql_release(rq);
	finish(rq, ret);
}

static enum http_pool hash_pool(struct req *rq)
{
	bool (*needs)(struct req *rq) = rq->svc->needs_hash;

	return !needs || needs(rq) ? HTTP_POOL_HASH : HTTP_POOL_WORK;
}

static void run(struct req *rq)
{
	switch (rq->route->kind) {
	case PAGE:
		finish(rq, rq->route->run(rq));
		break;
	case READ:
		run_read(rq);
		break;
	case WRITE:
		http_work(rq->http, HTTP_POOL_WORK, run_blocking);
		break;
	case HASH:
		http_work(rq->http, hash_pool(rq), run_blocking);
		break;
	case BODY_IN:
	case BODY_OUT:
		http_stream(rq->http, run_blocking);
		break;
	}
}

/* -- access, action, microversion ------------------------------------------ */

static int check_access(struct req *rq)
{
	const struct token *t = rq->token;
	bool ok = false;

	switch (rq->route->access) {
	case PUBLIC:
	case TOKEN:
		ok = true;
		break;
	case READER:
		ok = t->is_admin || (t->project_id[0] && t->nroles > 0);
		break;
	case MEMBER:
		ok = t->is_admin || (t->project_id[0] && t->is_member);
		break;
	case ADMIN:
		ok = t->is_admin;
		break;
	}
	return ok ? 0 : rq->svc->deny(rq);
}

static const char *action_of(const struct route *rt)
{
	const char *hash = strchr(rt->path, '#');

	return hash ? hash + 1 : NULL;
}

/* The key that names the action: the body's only one. */
static const char *body_action(struct req *rq)
{
	json_t *body = req_json(rq);
	void *it;

	if (!body || !json_is_object(body) || json_object_size(body) != 1)
		return NULL;
	it = json_object_iter(body);
	return json_object_iter_key(it);
}

static bool mv_fits(const struct req *rq, const struct route *rt)
{
	return rq->mv == 0 || (rq->mv >= rt->mv_min && rq->mv <= rt->mv_max);
}

/* Of the rows for this method and path, the one for this body and version. */
static int choose_route(struct req *rq)
{
	const char *action = NULL, *want;
	int i;

	if (rq->match.n && action_of(rq->match.routes[0])) {
		action = body_action(rq);
		if (!action && rq->err.kind != ERR_NONE)
			return -1;
	}
	for (i = 0; i < rq->match.n; i++) {
		want = action_of(rq->match.routes[i]);
		if (want && (!action || strcmp(want, action) != 0))
			continue;
		if (!mv_fits(rq, rq->match.routes[i]))
			continue;
		rq->route = rq->match.routes[i];
		return 0;
	}
	rq->extra = action;
	return rq->svc->no_route(rq);
}

static int prepare(struct req *rq)
{
	if (rq->svc->negotiate && rq->svc->negotiate(rq) < 0)
		return -1;
	if (rq->token && rq->svc->after_auth && rq->svc->after_auth(rq) < 0)
		return -1;
	if (choose_route(rq) < 0)
		return -1;
	return check_access(rq);
}

static void go_on(struct req *rq)
{
	if (prepare(rq) < 0)
		finish(rq, -1);
	else
		run(rq);
}

/* -- the token ------------------------------------------------------------ */

static void token_drop(void *token)
{
	token_unref(token);
}

static void token_set(struct req *rq, struct token *t)
{
	arena_own(req_arena(rq), t, token_drop);
	rq->token = t;
	go_on(rq);
}

static void on_token(void *arg, const struct rows *rows, const struct err *e)
{
	struct req *rq = arg;
	struct token *t;

	if (e) {
		auth_drop(&rq->auth);
		rq->err = *e;
		finish(rq, -1);
		return;
	}
	t = auth_end(rq->dispatch->auth, &rq->auth, rows, &rq->err);
	if (!t)
		finish(rq, -1);
	else
		token_set(rq, t);
}

static bool is_public(const struct req *rq)
{
	return rq->match.n && rq->match.routes[0]->access == PUBLIC;
}

static void on_request(struct http_req *http, void *arg)
{
	struct req *rq = http->user;
	const char *text = req_header(rq, "X-Auth-Token");
	struct token *t;

	(void)arg;
	if (is_public(rq)) {
		go_on(rq);
		return;
	}
	t = text ? auth_cached(rq->dispatch->auth, text) : NULL;
	if (t) {
		token_set(rq, t);
		return;
	}
	if (!text || !*text) {
		fail(rq, ERR_UNAUTHORIZED, NULL);
		finish(rq, -1);
		return;
	}
	if (auth_begin(rq->dispatch->auth, text, &rq->auth, &rq->err) < 0) {
		finish(rq, -1);
		return;
	}
	rq->sql_n++;
	pipeline_submit(loop_sql(http->loop), &SQL_token_context,
			rq->auth.args, rq->auth.nargs, on_token, rq);
}

/* -- the beginning of the way ---------------------------------------------- */

/* Parameters are slices of the path: they become strings once. */
static void params_cut(struct req *rq)
{
	int i;

	for (i = 0; i < rq->match.nparams; i++)
		rq->match.params[i].value =
			arena_strndup(req_arena(rq), rq->match.params[i].value,
				      rq->match.params[i].len);
}

static int on_head(struct http_req *http, void *arg)
{
	struct dispatch *d = arg;
	struct req *rq = req_new(http, d);
	const struct route *rt;

	if (d->svc->before_route && d->svc->before_route(rq) < 0)
		goto refuse;
	router_match(d->router, http->method, rq->path, &rq->match);
	if (rq->match.n == 0) {
		if (d->svc->negotiate && d->svc->negotiate(rq) < 0)
			goto refuse;
		d->svc->no_route(rq);
		goto refuse;
	}
	params_cut(rq);
	rt = rq->match.routes[0];
	return rt->kind == BODY_IN ? HTTP_STREAM : HTTP_BUFFER;
refuse:
	complete(rq, -1);
	return -1;
}

static void on_refuse(struct http_req *http, void *arg)
{
	struct req *rq = http->user;
	int status = http->status;

	if (!rq)
		rq = req_new(http, arg);
	fail(rq, err_of_status(status), NULL);
	complete(rq, -1);
	http->status = status;
}

static void log_error(struct log_line *l, const struct err *e)
{
	if (e->kind == ERR_NONE)
		return;
	log_str(l, "error", err_name(e->kind));
	log_str(l, "message", e->msg);
	log_str(l, "detail", e->detail[0] ? e->detail : NULL);
}

static void on_finished(struct http_req *http, void *arg)
{
	const struct req *rq = http->user;
	const struct token *t = rq ? rq->token : NULL;
	struct log_line l;

	(void)arg;
	if (!rq || !log_begin(&l, http->status >= 500 ? LOG_ERR_ : LOG_INFO_,
			      "request"))
		return;
	log_str(&l, "req", rq->id);
	log_str(&l, "method", http->method);
	log_str(&l, "path", http->path);
	log_str(&l, "op", rq->route ? rq->route->op : "-");
	log_num(&l, "status", (uint64_t)http->status);
	log_ms(&l, "ms", usec_monotonic() - http->started);
	log_num(&l, "sql", (uint64_t)rq->sql_n);
	log_str(&l, "user", t ? t->user_id : NULL);
	log_str(&l, "project", t && t->project_id[0] ? t->project_id : NULL);
	log_str(&l, "peer", http->peer);
	log_str(&l, "aborted", http->aborted ? "1" : NULL);
	log_error(&l, &rq->err);
	log_end(&l);
}

/* A loop's lines may be this late: a write for each turn costs more than the
 * lines do. */
#define LOG_LATE_MS 10

static _Thread_local bool log_timer;

static void on_log_timer(struct http_loop *l, void *arg)
{
	(void)l;
	(void)arg;
	log_timer = false;
	log_flush();
}

static void log_later(struct http_loop *l)
{
	if (log_timer || !log_waits())
		return;
	log_timer = true;
	http_loop_timer(l, LOG_LATE_MS, on_log_timer, NULL);
}

static int on_loop_start(struct http_loop *l, void *arg)
{
	struct dispatch *d = arg;
	struct err e;

	log_gather(true);
	loop_sql_start(l, d->dsn);
	if (!d->svc->loop_start || d->svc->loop_start(l, &e) == 0)
		return 0;
	log_err("%s %s", e.msg, e.detail);
	return -1;
}

static void on_loop_stop(struct http_loop *l, void *arg)
{
	(void)arg;
	loop_sql_stop(l);
	log_gather(false);
}

static void on_turn_end(struct http_loop *l, void *arg)
{
	(void)arg;
	loop_sql_flush(l);
	log_later(l);
}

const struct http_events dispatch_events = {
	.head = on_head,
	.request = on_request,
	.refuse = on_refuse,
	.finished = on_finished,
	.loop_start = on_loop_start,
	.loop_stop = on_loop_stop,
	.turn_end = on_turn_end,
};
