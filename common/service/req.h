/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_REQ_H
#define LITE_REQ_H

#include <jansson.h>
#include <stdint.h>

#include "common/auth/auth.h"
#include "common/base/err.h"
#include "common/base/mem.h"
#include "common/http/server.h"
#include "common/json/in.h"
#include "common/json/out.h"
#include "common/service/route.h"
#include "common/sql/sql.h"

/*
 * One request as a handler sees it. Everything it allocates comes from the
 * request's arena and lives until the reply is sent; handlers free nothing.
 * All functions that can fail return -1 with rq->err filled, and a handler
 * passes that -1 on: the dispatcher rolls back and renders the error.
 */
struct service;
struct dispatch;

struct req {
	struct http_req *http;
	const struct service *svc;
	const struct route *route;
	const struct token *token;	/* NULL on PUBLIC routes */
	int mv;				/* minor microversion, 0: none */
	const char *id;			/* "req-<uuid>" */
	const char *base_url;		/* "http://host:port", as the client
					   sees us (Host; X-Forwarded-* of
					   a proxy that is believed) */
	struct jw w;			/* writes the reply's body */
	struct err err;
	json_t *body;			/* parsed JSON body or NULL, owned */

	const char *path;		/* what is routed; before_route may
					   change it */
	const char *extra;		/* for the service's own hooks */

	/* Below: the dispatcher's. */
	const struct dispatch *dispatch;
	struct route_match match;
	struct auth_step auth;
	struct sql_arg args[SQL_ARGS_MAX];
	int nargs;
	struct sql_conn *conn;		/* a worker's, while it runs */
	int64_t sql_n;			/* statements, for the log */
	bool typed;			/* a Content-Type was set */
};

/* -- the request -------------------------------------------------------- */

struct arena *req_arena(struct req *rq);
/* A {name} of the path; asserts that the route has it. */
const char *req_path(const struct req *rq, const char *name);
/* First value of a query parameter, or NULL. */
const char *req_query(struct req *rq, const char *name);
/* As integer within lo..hi; dflt when absent; BAD_REQUEST otherwise. */
int req_query_int(struct req *rq, const char *name, int64_t lo, int64_t hi,
		  int64_t dflt, int64_t *v_r);
const char *req_header(const struct req *rq, const char *name);
/* True when the request's microversion is at least minor. */
static inline int req_mv(const struct req *rq, int minor)
{
	return rq->mv >= minor;
}
char *req_printf(struct req *rq, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The parsed JSON body, or NULL with err. What is wrong with a body is worded
 * by the service (struct service's bad_field): besides the rules of json/in.h
 * there are "media" (not application/json), "empty" and "json" (malformed).
 */
json_t *req_json(struct req *rq);
/*
 * The object under key of the JSON body (key NULL: the body itself), through
 * a field table into *out. On an action route the key is the action's.
 */
int req_body(struct req *rq, const char *key, const struct jfield *f,
	     void *out);
/* The same for a part of the body that the handler holds. */
int req_fields(struct req *rq, json_t *obj, const char *path,
	       const struct jfield *f, void *out);

/* -- SQL ----------------------------------------------------------------- */

/* bind: append a parameter. Strings are borrowed until the reply. */
void req_arg(struct req *rq, struct sql_arg a);
#define req_args(rq, ...) req_args_add(rq, ARGS(__VA_ARGS__))
void req_args_add(struct req *rq, const struct sql_arg *a, int n);

/* Workers only (WRITE, HASH, BODY_*). Rows live until the reply. */
/* Exactly one row, else NOT_FOUND (word it with fail afterwards). */
int sql_one(struct req *rq, const struct sql_stmt *s, struct row *row_r,
	    const struct sql_arg *args, int nargs);
/* At most one row: 1, 0, or -1. */
int sql_maybe(struct req *rq, const struct sql_stmt *s, struct row *row_r,
	      const struct sql_arg *args, int nargs);
int sql_rows(struct req *rq, const struct sql_stmt *s,
	     const struct rows **rows_r, const struct sql_arg *args,
	     int nargs);
/* No rows wanted; the number affected, or -1. */
int64_t sql_run(struct req *rq, const struct sql_stmt *s,
		const struct sql_arg *args, int nargs);
/* Several statements as one; a handler that fails is rolled back. */
int tx_begin(struct req *rq);
int tx_commit(struct req *rq);
/* After tx_commit (or outside a transaction): NOTIFY. */
int req_notify(struct req *rq, const char *channel, const char *payload);
/* Gives the connection back (rolled back) before slow work without SQL; the
 * next statement takes another. Rows stay. */
void sql_release(struct req *rq);

/* -- the reply ----------------------------------------------------------- */

/* Fills rq->err and returns -1. fmt NULL: the kind's own message. */
int fail(struct req *rq, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Sends what was written to rq->w (or nothing) with this status; 0. */
int reply(struct req *rq, int status);
void reply_header(struct req *rq, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A body that is not JSON. */
int reply_bytes(struct req *rq, int status, const char *type,
		const void *data, size_t n);
/* BODY_OUT: takes fd; the range [off, off+len) is the body, of the type that
 * the handler's reply_header names. */
int reply_file(struct req *rq, int status, int fd, int64_t off, int64_t len);

#endif
