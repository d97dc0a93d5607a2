/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

/*
 * A body thread has the socket for itself, blocking: reading no faster than
 * the body is used is all the back-pressure there has to be. The thread never
 * writes the fields of the connection that belong to the loop.
 */
enum { SENDFILE_MAX = 1 << 22 };

static void fd_block(int fd, bool block)
{
	struct timeval tv = { .tv_sec = RATE_WINDOW_MS / 1000 };

	if (block) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	}
	fcntl(fd, F_SETFL, block ? 0 : O_NONBLOCK);
}

static void stream_run(struct pool_job *job)
{
	struct http_conn *c = container_of(job, struct http_conn, job);

	c->fn(&c->rq);
}

void http_stream(struct http_req *rq, void (*fn)(struct http_req *rq))
{
	struct http_conn *c = conn_of(rq);

	assert(loop_is_self(rq->loop) && c->state == CONN_BUSY);
	conn_interest(c, 0);
	fd_block(c->fd, true);
	c->state = CONN_AWAY;
	c->window = 0;
	c->waited = 0;
	c->fn = fn;
	c->job.fn = stream_run;
	if (pool_push(c->server->streams, &c->job) == 0)
		return;
	stream_return(c);
	conn_refuse(c, 503);
}

void stream_return(struct http_conn *c)
{
	fd_block(c->fd, false);
	c->readable = false;
	c->state = CONN_BUSY;
}

/*
 * Counts n bytes whose transfer began at start. Only the time spent waiting
 * for the client counts, not what the handler does in between.
 */
static bool rate_ok(struct http_conn *c, usec_t start, ssize_t n)
{
	int64_t least = (int64_t)c->server->conf.body_rate_min *
			RATE_WINDOW_MS / 1000;
	bool ok;

	c->waited += usec_monotonic() - start;
	c->window += n;
	if (c->waited < RATE_WINDOW_MS * 1000LL)
		return true;
	ok = c->window >= least;
	c->waited = 0;
	c->window = 0;
	return ok;
}

/* ---- reading ---------------------------------------------------------- */

static int body_fail(struct http_conn *c, struct err *e, const char *what)
{
	c->rq.close = true;
	return err_set(e, ERR_BAD_REQUEST, "%s", what);
}

static int send_all(struct http_conn *c, struct slice s, int flags)
{
	while (s.n) {
		usec_t start = usec_monotonic();
		ssize_t n = send(c->fd, s.p, s.n, flags | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || !rate_ok(c, start, n))
			return -1;
		s.p += n;
		s.n -= (size_t)n;
	}
	return 0;
}

/* Bytes from the wire into buf; 0: the client is gone, -1: too slow. */
static ssize_t wire_read(struct http_conn *c, char *buf, size_t n)
{
	usec_t start = usec_monotonic();
	ssize_t got;

	/* what the loop had read already comes first */
	if (c->in_at < c->in.len) {
		if (n > c->in.len - c->in_at)
			n = c->in.len - c->in_at;
		memcpy(buf, c->in.data + c->in_at, n);
		c->in_at += n;
		return (ssize_t)n;
	}
	buf_reset(&c->in);
	c->in_at = 0;
	if (!c->body.chunked && (uint64_t)c->body.left < n)
		n = (size_t)c->body.left;
	do
		got = recv(c->fd, buf, n, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? -1 : 0;
	return got == 0 || rate_ok(c, start, got) ? got : -1;
}

/* Puts back what was read too much: it belongs to the next request. */
static void wire_unread(struct http_conn *c, struct slice rest)
{
	if (!rest.n)
		return;
	if (c->in_at >= rest.n) {
		c->in_at -= rest.n;
		return;
	}
	buf_reset(&c->in);
	c->in_at = 0;
	buf_add(&c->in, rest.p, rest.n);
}

/* Decodes raw, which begins at buf, in place; the body's bytes or -1. */
static ssize_t body_decode(struct http_conn *c, char *buf, struct slice raw)
{
	struct slice data;
	ssize_t total = 0;
	size_t used;

	while (raw.n && !c->body.done) {
		enum http_chunks_result r = body_take(&c->body, raw, &used,
						      &data);

		if (r == HTTP_CHUNKS_BAD)
			return -1;
		raw.p += used;
		raw.n -= used;
		if (r == HTTP_CHUNKS_DATA) {
			memmove(buf + total, data.p, data.n);
			total += (ssize_t)data.n;
		}
	}
	wire_unread(c, raw);
	return total;
}

ssize_t http_body_read(struct http_req *rq, void *buf, size_t n,
		       struct err *e)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http_conn *c = conn_of(rq);
	ssize_t got = 0;

	assert(c->state == CONN_AWAY && n > 0);
	if (c->expect && c->in_at == c->in.len &&
	    send_all(c, (struct slice){ go_on, sizeof(go_on) - 1 }, 0) < 0)
		return body_fail(c, e, "The client went away.");
	c->expect = false;
	while (got == 0 && !c->body.done) {
		got = wire_read(c, buf, n);
		if (got == 0)
			return body_fail(c, e, "The body ended too early.");
		if (got < 0)
			return body_fail(c, e, "The body came too slowly.");
		got = body_decode(c, buf, (struct slice){ buf, (size_t)got });
		if (got < 0)
			return body_fail(c, e, "The chunks are malformed.");
	}
	return got;
}

/* ---- writing ---------------------------------------------------------- */

static int send_file(struct http_conn *c)
{
	struct http_req *rq = &c->rq;
	off_t at = rq->file_off;

	while (rq->bytes_out < rq->file_len) {
		int64_t left = rq->file_len - rq->bytes_out;
		usec_t start = usec_monotonic();
		ssize_t n = sendfile(c->fd, rq->file_fd, &at,
				     left < SENDFILE_MAX ? (size_t)left
							 : SENDFILE_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		/* 0: the file is shorter than was promised */
		if (n <= 0 || !rate_ok(c, start, n))
			return -1;
		rq->bytes_out += n;
	}
	return 0;
}

void stream_send(struct http_conn *c)
{
	struct http_req *rq = &c->rq;
	bool file = rq->file_fd >= 0 && reply_has_body(c);
	bool text = rq->file_fd < 0 && reply_has_body(c);
	struct slice wire, out = { rq->out.data, text ? rq->out.len : 0 };
	char date[TIME_MAX];
	int rc;

	time_format(usec_now(), TIME_HTTP, date);
	reply_prepare(c, date);
	wire = (struct slice){ c->wire.data, c->wire.len };
	c->window = 0;
	c->waited = 0;
	rc = send_all(c, wire, out.n || (file && rq->file_len) ? MSG_MORE : 0);
	if (rc == 0)
		rc = send_all(c, out, 0);
	if (rc == 0 && file)
		rc = send_file(c);
	else if (rc == 0)
		rq->bytes_out = (int64_t)out.n;
	rq->aborted = rc < 0;
	loop_mail(c, MAIL_SENT);
}
