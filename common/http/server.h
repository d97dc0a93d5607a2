/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_SERVER_H
#define LITE_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/mem.h"
#include "common/base/timefmt.h"

/*
 * An HTTP/1.1 server (RFC 9110, 9112). It knows requests, replies, threads
 * and nothing else: what a request means is the business of the callbacks.
 *
 * One loop thread per core accepts and parses. A request belongs to exactly
 * one thread at a time: its loop, then perhaps a pool or body thread that it
 * was handed to, then its loop again, which sends the reply. Nothing in a
 * request is locked for that reason.
 */
struct http_server;
struct http_loop;

enum http_pool {
	HTTP_POOL_WORK,		/* blocking work: SQL transactions, files */
	HTTP_POOL_HASH,		/* password hashing, nproc threads */
	HTTP_POOLS
};

enum http_take {
	HTTP_BUFFER,	/* gather the body (at most max_body), then request() */
	HTTP_STREAM,	/* request() at once; a body thread reads the body */
};

struct http_header {
	const char *name, *value;	/* NUL-terminated */
};

struct http_req {
	/* The request. Strings live as long as the request. */
	const char *method;		/* "GET" */
	const char *path;		/* %XX decoded, begins with '/' */
	const char *query;		/* raw text behind '?', or "" */
	const struct http_header *headers;
	size_t nheaders;
	const char *peer;		/* the client's address as text */
	char *body;			/* HTTP_BUFFER: NUL behind body_len */
	size_t body_len;
	int64_t content_length;		/* -1: none given (or chunked) */
	bool chunked;
	usec_t started;			/* usec_monotonic at the head */

	/* The reply, filled by whoever owns the request. */
	int status;
	struct buf out;			/* the body */
	struct buf head;		/* extra "Name: value\r\n" lines */
	int file_fd;			/* >= 0: its range is the body; owned */
	int64_t file_off, file_len;
	bool close;			/* close the connection afterwards */

	/* For the callbacks. */
	struct arena arena;		/* reset after the reply is sent */
	struct http_loop *loop;
	void *user;
	int64_t bytes_out;		/* body bytes sent, at finished() */
	bool aborted;			/* at finished(): the client is gone */
};

/* Every callback gets the arg of http_conf. */
struct http_events {
	/*
	 * Loop thread, head parsed: how to take the body. On a reason to
	 * refuse early (413, 404 ...) fill the reply and return -1: it is
	 * sent without reading the body (RFC 9110 10.1.1: no 100 either).
	 */
	int (*head)(struct http_req *rq, void *arg);
	/* Loop thread: now answer with http_send, http_work or http_stream. */
	void (*request)(struct http_req *rq, void *arg);
	/*
	 * Loop thread: the engine refuses by itself (400, 408, 413, 414, 417,
	 * 431, 501, 503, 505). rq->status is set; fill the body. May be NULL.
	 */
	void (*refuse)(struct http_req *rq, void *arg);
	/* Loop thread, reply sent or client gone: the place to log. */
	void (*finished)(struct http_req *rq, void *arg);
	/*
	 * Loop thread, before its first event and after its last. When the
	 * grace of http_server_free is over, loop_stop comes earlier and has
	 * to answer what it still holds: timers and turn_end come no more.
	 */
	int (*loop_start)(struct http_loop *l, void *arg);
	void (*loop_stop)(struct http_loop *l, void *arg);
	/* Loop thread, after each turn's events: flush what was gathered. */
	void (*turn_end)(struct http_loop *l, void *arg);
};

struct http_conf {
	const char *listen;	/* "127.0.0.1:8774", "[::1]:80", "unix:/path",
				   or several separated by commas */
	int loops;		/* 0: one per core */
	int workers;		/* 0: 8 */
	int hashers;		/* 0: one per core */
	int body_threads;	/* most at once; 0: 64 */
	int queue_max;		/* of each pool; beyond it 503; 0: 1024 */
	int conns_max;		/* 0: 4096 */
	size_t max_body;	/* HTTP_BUFFER; 0: 1 MiB */
	int head_timeout_ms;	/* absolute, from its first byte; 0: 10000 */
	int idle_timeout_ms;	/* keep-alive; 0: 75000 */
	int body_rate_min;	/* bytes/s over 10 s; 0: 1024 */
	const struct http_events *events;
	void *arg;
};

/*
 * Binds and starts the threads. c and its events are borrowed for the life of
 * the server. Fails with the address in the message when it cannot bind.
 */
struct http_server *http_server_new(const struct http_conf *c, struct err *e);
/* The port bound (when ":0" was asked), for tests. */
int http_server_port(const struct http_server *s);
/* Stops accepting, finishes what is in flight for at most ms, joins, frees. */
void http_server_free(struct http_server *s, int ms);

/* Owner: the reply is complete. From any thread; rq is not touched after. */
void http_send(struct http_req *rq);
/*
 * Loop thread: hands rq to a pool; fn runs on one of its threads and ends
 * with http_send (or http_resume). A full queue answers 503 by refuse().
 */
void http_work(struct http_req *rq, enum http_pool pool,
	       void (*fn)(struct http_req *rq));
/* Any owner: back to the loop thread, where fn runs next. */
void http_resume(struct http_req *rq, void (*fn)(struct http_req *rq));
/*
 * Loop thread: hands rq and its socket, now blocking, to a body thread. fn
 * may read the body and ends with http_send, which sends blockingly
 * (sendfile for file_fd) and returns the connection to the loop.
 */
void http_stream(struct http_req *rq, void (*fn)(struct http_req *rq));
/*
 * Body thread: the next bytes of the body, 0 at its end, -1 on a client that
 * went away, was too slow or sent garbage (e: BAD_REQUEST). Sends "100
 * Continue" on first use where the client waits for it.
 */
ssize_t http_body_read(struct http_req *rq, void *buf, size_t n,
		       struct err *e);

/* NULL where there is none; names compare without case. */
const char *http_header(const struct http_req *rq, const char *name);
/* The next query parameter from *pos (start with 0), decoded into the arena;
 * false at the end. value is "" for "?a" and "?a=". */
bool http_query_next(struct http_req *rq, size_t *pos, const char **name_r,
		     const char **value_r);

/* Per-loop user data, and watching a descriptor on a loop (loop thread). */
void http_loop_set(struct http_loop *l, void *user);
void *http_loop_get(struct http_loop *l);
int http_loop_index(const struct http_loop *l);
/* events: EPOLLIN/EPOLLOUT; calling again changes them; 0 stops watching. */
int http_loop_watch(struct http_loop *l, int fd, uint32_t events,
		    void (*fn)(struct http_loop *l, uint32_t events,
			       void *arg), void *arg);
/*
 * Loop thread: listens at one more unix socket until http_loop_unlisten or the
 * end of the server. Requests that come in there have `peer` (at most 45
 * bytes) for their peer: where clients are told apart by their sockets.
 */
int http_loop_listen(struct http_loop *l, const char *path, const char *peer,
		     struct err *e);
/* Connections that are open stay. Nothing happens when none is at path. */
void http_loop_unlisten(struct http_loop *l, const char *path);
/* Runs fn on the loop thread after ms (once); for retries and deadlines. */
void http_loop_timer(struct http_loop *l, int ms,
		     void (*fn)(struct http_loop *l, void *arg), void *arg);

#endif
