/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_ENGINE_H
#define LITE_HTTP_ENGINE_H

/*
 * The inside of the HTTP server; nobody but common/http includes it.
 *
 *	server.c	configuration, listening, start and end
 *	loop.c		a thread of events, deadlines, timers and its mailbox
 *	accept.c	new connections, and room for them
 *	door.c		addresses that come and go while serving
 *	conn.c		a connection's states, one request after the other
 *	request.c	a parsed head as struct http_req
 *	reply.c		the head of the reply; whether the connection goes on
 *	stream.c	connections that a body thread holds
 *	pool.c		bounded pools of threads
 */

#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "common/http/parse.h"
#include "common/http/pool.h"
#include "common/http/server.h"

enum {
	LISTEN_MAX = 8,			/* addresses of a server */
	SCRATCH_SIZE = 64 * 1024,	/* bytes read at once by a loop */
	DRAIN_MAX = 64 * 1024,		/* unread body worth reading away */
	RATE_WINDOW_MS = 10000,
	LINGER_MS = 5000,		/* of silence, before a close */
	LINGER_TOTAL_MS = 30000,
};

/* Something that epoll reports about. */
struct source {
	void (*fire)(struct http_loop *l, struct source *s, uint32_t events);
};

/* The framing of a request's body and how much of it was read. */
struct body_state {
	struct http_chunks chunks;
	int64_t left;		/* not chunked: bytes to come */
	bool chunked;
	bool done;
};

enum conn_state {
	CONN_HEAD,	/* between requests, or a head is arriving */
	CONN_BODY,	/* gathering the body */
	CONN_BUSY,	/* somebody works on the request */
	CONN_AWAY,	/* as BUSY, and a body thread has the socket */
	CONN_SEND,	/* the reply is on its way */
	CONN_DRAIN,	/* replied; reading the rest of the body away */
	CONN_LINGER,	/* replied and shut down; waiting for the client */
	CONN_CLOSED,	/* freed at the end of the turn */
};

enum deadline { DUE_NONE, DUE_IDLE, DUE_HEAD, DUE_RATE, DUE_LINGER, DUES };

/* What a request that comes back to its loop wants. */
enum mail { MAIL_SEND, MAIL_RESUME, MAIL_SENT };

struct http_conn {
	struct source source;
	struct http_req rq;
	struct http_server *server;
	int fd;
	enum conn_state state;
	uint32_t interest;	/* epoll's events; 0 when not registered */
	bool readable;		/* epoll said so and nothing was read since */
	bool running;		/* conn_run is on the stack */
	bool in_request;	/* finished() is owed */
	bool head_only;		/* HEAD: no body in the reply */
	bool minor0;		/* HTTP/1.0 */
	bool keep_alive;	/* the client's wish */
	bool expect;		/* 100 (Continue) is owed */
	struct buf in;		/* read and, from in_at on, not yet parsed */
	size_t in_at, seen;
	struct body_state body;
	struct buf gathered;	/* the body of HTTP_BUFFER */
	struct buf wire;	/* the reply's head */
	size_t sent;		/* of wire and the body */
	int64_t window;		/* bytes moved in this rate window */
	usec_t waited;		/* by a body thread in this rate window */
	usec_t linger_end;
	struct pool_job job;
	void (*fn)(struct http_req *rq);
	enum mail mail;
	struct http_conn *mail_next;
	enum deadline due_list;
	usec_t due;
	struct http_conn *due_prev, *due_next;
	struct http_conn *prev, *next;	/* of the loop */
	char peer[INET6_ADDRSTRLEN];
};

struct watch {
	struct source source;
	int fd;			/* -1: free for use */
	void (*fn)(struct http_loop *l, uint32_t events, void *arg);
	void *arg;
	struct watch *next;
};

struct timer {
	usec_t due;
	void (*fn)(struct http_loop *l, void *arg);
	void *arg;
	struct timer *next;
};

struct listener {
	struct source source;
	char peer[INET6_ADDRSTRLEN];	/* of all who come; "": their own */
	int fd;
};

/* A unix socket that was opened while serving. Once closed it is kept for the
 * next, because an event or a timer may still point here. */
struct door {
	struct listener listener;
	char *path;			/* NULL: closed */
	struct door *next;
};

struct due_list {
	struct http_conn *first, *last;
	usec_t after;		/* since all in a list wait equally long, */
};				/* it is ordered */

struct http_loop {
	struct http_server *server;
	pthread_t thread;
	int index, epfd;
	bool started;		/* loop_start succeeded */
	bool stopping;		/* the listeners are closed */
	bool cut;		/* grace is over, loop_stop was called */
	usec_t now;		/* monotonic, of this look at what is ready */
	struct source mail_source;
	int mail_fd;
	_Atomic(struct http_conn *) mail;
	struct listener listeners[LISTEN_MAX];
	struct door *doors;
	struct http_conn *conns, *graves;
	struct watch *watches;
	struct timer *timers;
	struct due_list dues[DUES];
	void *user;
	struct http_head head;	/* being parsed */
	char date[TIME_MAX];
	usec_t date_due;	/* when date must be written anew */
	char scratch[SCRATCH_SIZE];
};

struct http_server {
	struct http_conf conf;	/* defaults filled in */
	struct http_loop **loops;
	struct pool *pools[HTTP_POOLS], *streams;
	int nlisten, port;
	char *unix_paths[LISTEN_MAX];
	sem_t started;
	atomic_int nconns;
	atomic_bool stopping;
	usec_t stop_due;	/* written before stopping */
};

/* loop.c */
struct http_loop *loop_new(struct http_server *s, int index, struct err *e);
void loop_free(struct http_loop *l);
void *loop_main(void *arg);
void loop_wake(struct http_loop *l);
/* From any thread: c's request goes on in its loop. */
void loop_mail(struct http_conn *c, enum mail mail);
bool loop_is_self(const struct http_loop *l);
void loop_due(struct http_conn *c, enum deadline list);
const char *loop_date(struct http_loop *l);

/* accept.c: a listener's fire */
void conn_accept(struct http_loop *l, struct source *s, uint32_t events);

/* server.c: listens at a path, which is removed first */
int listen_unix(const char *path, struct err *e);

/* door.c */
void doors_close(struct http_loop *l);
void doors_free(struct http_loop *l);

/* conn.c */
void conn_fire(struct http_loop *l, struct source *s, uint32_t events);
void conn_run(struct http_conn *c);
void conn_mailed(struct http_conn *c);
void conn_expired(struct http_conn *c);
void conn_close(struct http_conn *c);
void conn_free(struct http_conn *c);
void conn_interest(struct http_conn *c, uint32_t events);
void conn_refuse(struct http_conn *c, int status);

/* request.c */
void request_init(struct http_conn *c);
/* 0, or the negated status to refuse it with. */
int request_fill(struct http_conn *c, const struct http_head *head);
/* Takes body bytes off in[*used_r..]; as http_chunks_next, for any framing. */
enum http_chunks_result body_take(struct body_state *b, struct slice in,
				  size_t *used_r, struct slice *data_r);

/* reply.c: decides rq.close and writes c->wire. */
void reply_prepare(struct http_conn *c, const char *date);
bool reply_has_body(const struct http_conn *c);

/* stream.c */
void stream_send(struct http_conn *c);
/* Back in the loop: non-blocking and watched again. */
void stream_return(struct http_conn *c);

static inline struct http_conn *conn_of(struct http_req *rq)
{
	return container_of(rq, struct http_conn, rq);
}

#endif
