/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * A connection is a machine of states. Each state has one function, which
 * does what it can and returns true when the state has changed and the next
 * one may go on at once, or false when there is something to wait for.
 */

/* Buffers above this size are not kept for the next request. */
enum { KEEP_SIZE = 16 * 1024, KEEP_IDLE = 4096 };

static const struct http_events *events_of(const struct http_conn *c)
{
	return c->server->conf.events;
}

static void *arg_of(const struct http_conn *c)
{
	return c->server->conf.arg;
}

static struct slice unparsed(const struct http_conn *c)
{
	size_t n = c->in.len - c->in_at;

	return (struct slice){ n ? c->in.data + c->in_at : "", n };
}

static void buf_trim(struct buf *b, size_t keep)
{
	if (b->cap > keep)
		buf_fini(b);
	else
		buf_reset(b);
}

/* ---- reading ---------------------------------------------------------- */

enum got { GOT_BYTES, GOT_NOTHING, GOT_END };

/*
 * One recv for each time that epoll says there is something: it says so again
 * while there is more, and nobody keeps the loop to himself.
 */
static enum got conn_recv(struct http_conn *c, size_t *n_r)
{
	ssize_t n;

	if (!c->readable) {
		conn_interest(c, EPOLLIN);
		return GOT_NOTHING;
	}
	c->readable = false;
	n = recv(c->fd, c->rq.loop->scratch, SCRATCH_SIZE, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		conn_interest(c, EPOLLIN);
		return GOT_NOTHING;
	}
	if (n <= 0)
		return GOT_END;
	*n_r = (size_t)n;
	return GOT_BYTES;
}

static enum got conn_fill(struct http_conn *c)
{
	size_t n = 0;
	enum got got = conn_recv(c, &n);

	if (got != GOT_BYTES)
		return got;
	if (c->in_at == c->in.len) {
		buf_reset(&c->in);
		c->in_at = 0;
	}
	buf_add(&c->in, c->rq.loop->scratch, n);
	c->window += (int64_t)n;
	return got;
}

/* ---- one request ------------------------------------------------------ */

void conn_refuse(struct http_conn *c, int status)
{
	struct http_req *rq = &c->rq;

	buf_reset(&rq->out);
	buf_reset(&rq->head);
	cleanup_close(&rq->file_fd);
	rq->file_fd = -1;
	rq->status = status;
	if (events_of(c)->refuse)
		events_of(c)->refuse(rq, arg_of(c));
	http_send(rq);
}

/* The bytes cannot be trusted any more: the reply is the last one. */
static bool conn_reject(struct http_conn *c, int status)
{
	loop_due(c, DUE_NONE);
	c->state = CONN_BUSY;
	c->rq.close = true;
	conn_refuse(c, status);
	return true;
}

/* What came so far of the body is for the handler. */
static bool conn_dispatch(struct http_conn *c)
{
	loop_due(c, DUE_NONE);
	c->state = CONN_BUSY;
	c->rq.body = (char *)buf_str(&c->gathered);
	c->rq.body_len = c->gathered.len;
	events_of(c)->request(&c->rq, arg_of(c));
	return c->state != CONN_BUSY;
}

static bool conn_gather(struct http_conn *c)
{
	if (c->body.left > (int64_t)c->server->conf.max_body) {
		c->state = CONN_BUSY;
		conn_refuse(c, 413);
		return true;
	}
	if (c->expect && c->in_at == c->in.len) {
		static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

		if (send(c->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL) !=
		    sizeof(go_on) - 1) {
			conn_close(c);
			return false;
		}
	}
	c->expect = false;
	c->state = CONN_BODY;
	loop_due(c, DUE_RATE);
	return true;
}

static bool conn_begin(struct http_conn *c, size_t head_size)
{
	int rc = request_fill(c, &c->rq.loop->head);
	int take;

	loop_due(c, DUE_NONE);
	c->in_at += head_size;
	c->seen = 0;
	if (rc < 0)
		return conn_reject(c, -rc);
	take = events_of(c)->head(&c->rq, arg_of(c));
	if (take < 0) {
		c->state = CONN_BUSY;
		http_send(&c->rq);
		return true;
	}
	if (take == HTTP_STREAM || c->body.done)
		return conn_dispatch(c);
	return conn_gather(c);
}

static bool conn_read_head(struct http_conn *c)
{
	struct slice in = unparsed(c);
	int rc = in.n ? http_head_parse(in.p, in.n, &c->seen,
					&c->rq.loop->head) : 0;
	enum got got;

	if (rc != 0) {
		request_init(c);
		return rc > 0 ? conn_begin(c, (size_t)rc)
			      : conn_reject(c, -rc);
	}
	if (in.n && c->in_at) {		/* keep the start where it is */
		memmove(c->in.data, in.p, in.n);
		c->in.len = in.n;
		c->in_at = 0;
	} else if (!in.n) {
		buf_trim(&c->in, KEEP_IDLE);
		c->in_at = 0;
	}
	got = conn_fill(c);
	if (got == GOT_BYTES)
		return true;
	if (got == GOT_END || (!in.n && c->rq.loop->stopping)) {
		conn_close(c);
		return false;
	}
	/* the deadline of a head is absolute: it is not set again */
	if (!in.n || c->due_list != DUE_HEAD)
		loop_due(c, in.n ? DUE_HEAD : DUE_IDLE);
	return false;
}

static bool conn_read_body(struct http_conn *c)
{
	struct slice data = { NULL, 0 };
	size_t used;
	enum got got;

	switch (body_take(&c->body, unparsed(c), &used, &data)) {
	case HTTP_CHUNKS_DATA:
		c->in_at += used;
		buf_add(&c->gathered, data.p, data.n);
		if (c->gathered.len > c->server->conf.max_body)
			return conn_reject(c, 413);
		return c->body.done ? conn_dispatch(c) : true;
	case HTTP_CHUNKS_END:
		c->in_at += used;
		return conn_dispatch(c);
	case HTTP_CHUNKS_BAD:
		return conn_reject(c, 400);
	case HTTP_CHUNKS_MORE:
		c->in_at += used;
		break;
	}
	got = conn_fill(c);
	if (got == GOT_END)
		conn_close(c);
	return got == GOT_BYTES;
}

/* ---- the reply -------------------------------------------------------- */

static void request_fini(struct http_conn *c)
{
	struct http_req *rq = &c->rq;

	c->in_request = false;
	if (events_of(c)->finished)
		events_of(c)->finished(rq, arg_of(c));
	cleanup_close(&rq->file_fd);
	rq->file_fd = -1;
	arena_reset(&rq->arena);
	buf_trim(&rq->out, KEEP_SIZE);
	buf_trim(&rq->head, KEEP_SIZE);
	buf_trim(&c->gathered, KEEP_SIZE);
}

/* The reply is out (or the client gone): what becomes of the connection. */
static bool conn_end(struct http_conn *c)
{
	bool aborted = c->rq.aborted, close = c->rq.close;
	/* a client that asked for the end and sent nothing more just gets it;
	 * any other could lose the reply to a reset: RFC 9112, 9.6 */
	bool polite = c->keep_alive || !c->body.done ||
		      c->in_at < c->in.len;

	loop_due(c, DUE_NONE);
	request_fini(c);
	if (aborted || (close && !polite)) {
		conn_close(c);
		return false;
	}
	if (close) {
		shutdown(c->fd, SHUT_WR);
		c->state = CONN_LINGER;
		c->linger_end = c->rq.loop->now + LINGER_TOTAL_MS * 1000LL;
		loop_due(c, DUE_LINGER);
		return true;
	}
	c->state = c->body.done ? CONN_HEAD : CONN_DRAIN;
	c->window = 0;
	if (c->state == CONN_DRAIN)
		loop_due(c, DUE_RATE);
	return true;
}

static ssize_t reply_write(struct http_conn *c)
{
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov };
	size_t skip = c->sent;

	if (skip < c->wire.len) {
		iov[msg.msg_iovlen++] = (struct iovec){
			c->wire.data + skip, c->wire.len - skip };
		skip = 0;
	} else {
		skip -= c->wire.len;
	}
	if (reply_has_body(c) && skip < c->rq.out.len)
		iov[msg.msg_iovlen++] = (struct iovec){
			c->rq.out.data + skip, c->rq.out.len - skip };
	return sendmsg(c->fd, &msg, MSG_NOSIGNAL);
}

static bool conn_write(struct http_conn *c)
{
	size_t total = c->wire.len;
	ssize_t n;

	if (reply_has_body(c))
		total += c->rq.out.len;
	while (c->sent < total) {
		n = reply_write(c);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			conn_interest(c, EPOLLOUT);
			if (c->due_list != DUE_RATE)
				loop_due(c, DUE_RATE);
			return false;
		}
		if (n < 0) {
			c->rq.aborted = true;
			break;
		}
		c->sent += (size_t)n;
		c->window += n;
	}
	if (c->sent > c->wire.len)
		c->rq.bytes_out = (int64_t)(c->sent - c->wire.len);
	return conn_end(c);
}

/* In the loop, CONN_BUSY: the reply is complete. */
static void conn_reply(struct http_conn *c)
{
	struct http_req *rq = &c->rq;

	/* a disk may be slow: the loop never reads files */
	if (rq->file_fd >= 0 && reply_has_body(c) && rq->file_len > 0) {
		http_stream(rq, http_send);
		return;
	}
	reply_prepare(c, loop_date(rq->loop));
	c->state = CONN_SEND;
	c->window = 0;
}

/* ---- after the reply -------------------------------------------------- */

static bool conn_drain(struct http_conn *c)
{
	struct slice data;
	size_t used;
	enum got got;

	while (!c->body.done && c->in_at < c->in.len) {
		if (body_take(&c->body, unparsed(c), &used, &data) ==
		    HTTP_CHUNKS_BAD) {
			conn_close(c);
			return false;
		}
		c->in_at += used;
	}
	if (c->body.done) {
		loop_due(c, DUE_NONE);
		c->state = CONN_HEAD;
		return true;
	}
	got = conn_fill(c);
	if (got == GOT_END)
		conn_close(c);
	return got == GOT_BYTES;
}

static bool conn_linger(struct http_conn *c)
{
	size_t n = 0;

	switch (conn_recv(c, &n)) {
	case GOT_NOTHING:
		break;
	case GOT_BYTES:
		loop_due(c, DUE_LINGER);
		if (c->rq.loop->now < c->linger_end)
			return true;
		/* fall through */
	case GOT_END:
		conn_close(c);
	}
	return false;
}

/* ---- driving ---------------------------------------------------------- */

void conn_run(struct http_conn *c)
{
	static bool (*const steps[])(struct http_conn *c) = {
		[CONN_HEAD] = conn_read_head,
		[CONN_BODY] = conn_read_body,
		[CONN_SEND] = conn_write,
		[CONN_DRAIN] = conn_drain,
		[CONN_LINGER] = conn_linger,
		[CONN_CLOSED] = NULL,
	};

	if (c->running)
		return;
	c->running = true;
	while (steps[c->state] && steps[c->state](c))
		;
	c->running = false;
}

void conn_fire(struct http_loop *l, struct source *s, uint32_t events)
{
	struct http_conn *c = container_of(s, struct http_conn, source);

	(void)l;
	if (c->state == CONN_CLOSED || c->state == CONN_AWAY)
		return;
	if (c->state == CONN_BUSY) {
		/* what else the client sends can wait; that it is gone will
		 * show when the reply is sent */
		conn_interest(c, 0);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		c->readable = true;
	conn_run(c);
}

void conn_interest(struct http_conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = &c->source };
	int op = !events ? EPOLL_CTL_DEL
			 : c->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (events == c->interest)
		return;
	if (epoll_ctl(c->rq.loop->epfd, op, c->fd, &ev) == 0 || !events)
		c->interest = events;
}

void conn_mailed(struct http_conn *c)
{
	if (c->state == CONN_AWAY)
		stream_return(c);
	if (c->mail == MAIL_SENT)
		conn_end(c);
	else if (c->rq.loop->cut)
		conn_close(c);
	else if (c->mail == MAIL_SEND)
		conn_reply(c);
	else
		c->fn(&c->rq);
	conn_run(c);
}

void conn_expired(struct http_conn *c)
{
	int64_t least = (int64_t)c->server->conf.body_rate_min *
			RATE_WINDOW_MS / 1000;
	bool slow = c->due_list != DUE_RATE || c->window < least;

	loop_due(c, DUE_NONE);
	if (!slow) {
		c->window = 0;
		loop_due(c, DUE_RATE);
		return;
	}
	if (c->state == CONN_HEAD && c->in_at < c->in.len) {
		request_init(c);
		conn_reject(c, 408);
		conn_run(c);
	} else if (c->state == CONN_BODY) {
		conn_reject(c, 408);
		conn_run(c);
	} else {
		conn_close(c);
	}
}

void http_send(struct http_req *rq)
{
	struct http_conn *c = conn_of(rq);

	if (c->state == CONN_AWAY) {
		stream_send(c);
	} else if (loop_is_self(rq->loop)) {
		assert(c->state == CONN_BUSY);
		conn_reply(c);
		conn_run(c);
	} else {
		loop_mail(c, MAIL_SEND);
	}
}

void http_resume(struct http_req *rq, void (*fn)(struct http_req *rq))
{
	conn_of(rq)->fn = fn;
	loop_mail(conn_of(rq), MAIL_RESUME);
}

static void work_run(struct pool_job *job)
{
	struct http_conn *c = container_of(job, struct http_conn, job);

	c->fn(&c->rq);
}

void http_work(struct http_req *rq, enum http_pool pool,
	       void (*fn)(struct http_req *rq))
{
	struct http_conn *c = conn_of(rq);

	assert(loop_is_self(rq->loop) && c->state == CONN_BUSY);
	c->fn = fn;
	c->job.fn = work_run;
	if (pool_push(c->server->pools[pool], &c->job) < 0)
		conn_refuse(c, 503);
}

/* ---- the end ----------------------------------------------------------- */

void conn_close(struct http_conn *c)
{
	struct http_loop *l = c->rq.loop;

	assert(c->state != CONN_CLOSED && c->state != CONN_AWAY);
	if (c->in_request) {
		c->rq.aborted = true;
		request_fini(c);
	}
	loop_due(c, DUE_NONE);
	/* close alone is not enough: a child between fork and exec still has
	 * the socket, and epoll would go on to report it */
	conn_interest(c, 0);
	close(c->fd);
	c->state = CONN_CLOSED;
	if (c->prev)
		c->prev->next = c->next;
	else
		l->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	/* an event of this turn may still point here */
	c->next = l->graves;
	l->graves = c;
	atomic_fetch_sub(&c->server->nconns, 1);
}

void conn_free(struct http_conn *c)
{
	arena_fini(&c->rq.arena);
	buf_fini(&c->rq.out);
	buf_fini(&c->rq.head);
	buf_fini(&c->in);
	buf_fini(&c->gathered);
	buf_fini(&c->wire);
	free(c);
}
