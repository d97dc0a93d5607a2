/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_ROUTE_H
#define LITE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/sql/sql.h"

/*
 * A route is a row of a service's routes.tbl:
 *
 *	READ(GET, "/v2.1/flavors/{flavor_id}", flavor_show, READER,
 *	     "os_compute_api:flavors", 1, MAX, "Show a flavor")
 *
 * kind of row, method, path, operation, who may, OpenStack's name of the
 * policy rule, microversions (minor, inclusive; 0, MAX where a service has
 * none), one line of documentation. Everything else about the operation has
 * its name: the C function (or struct read_op), sql/NAME.sql, api-ref, tests.
 *
 * A path segment {name} matches one non-empty segment; a literal segment wins
 * over it. "…/action#os-stop" matches a POST to "…/action" whose JSON body
 * has the one key os-stop.
 *
 * Kinds:
 *  PAGE	int op(struct req *) on the loop; no SQL: constant documents
 *  READ	const struct read_op op: one statement in the loop's pipeline
 *  WRITE	int op(struct req *) on a worker: blocking SQL, transactions
 *  HASH	as WRITE on the hash pool (password work)
 *  BODY_IN	int op(struct req *) on a body thread, request body unread
 *  BODY_OUT	as BODY_IN; for replies that are files
 */
struct req;

enum route_kind { PAGE, READ, WRITE, HASH, BODY_IN, BODY_OUT };

/* Roles imply each other: admin > member > reader. */
enum route_access {
	PUBLIC,		/* no token */
	TOKEN,		/* any valid token, unscoped too */
	READER,		/* project-scoped with reader (or any) role */
	MEMBER,		/* project-scoped with member role */
	ADMIN,		/* admin role, project or system scope */
};

/*
 * A read: bind turns the request into parameters (req_arg in order), view
 * turns rows into the reply. Both return 0 or -1 with the request's err.
 */
struct read_op {
	const struct sql_stmt *sql;
	int (*bind)(struct req *rq);
	int (*view)(struct req *rq, const struct rows *rows);
};

struct route {
	const char *method, *path, *op;
	enum route_kind kind;
	enum route_access access;
	const char *policy;
	int mv_min, mv_max;
	const char *doc;
	const struct read_op *read;
	int (*run)(struct req *rq);
};
#define ROUTE_MAX_MV 999

/* routes.tbl becomes prototypes and a table; see any service's main.c. */
#define ROUTE_DECL_RUN(op) int op(struct req *rq);
#define ROUTE_DECL_READ(op) extern const struct read_op op;
#define ROUTE_ROW(k, m, p, o, a, pol, v0, v1, d, rd, rn) \
	{ #m, p, #o, k, a, pol, v0, v1, d, rd, rn },
#define MAX ROUTE_MAX_MV

/* A compiled table: a tree of segments. */
struct router;
struct router *router_new(const struct route *routes);	/* op NULL ends */
void router_free(struct router *r);

#define ROUTE_PARAMS 6
struct route_match {
	const struct route *const *routes;	/* candidates: the rows of this
		method and path, differing in #action or microversions */
	int n;
	bool path_known;		/* the path exists, perhaps for another
					   method: */
	char allow[64];			/* "GET, POST" */
	struct {
		const char *name, *value;	/* value borrowed from path */
		size_t len;
	} params[ROUTE_PARAMS];
	int nparams;
};
/* path is decoded; a single trailing slash is ignored. */
void router_match(const struct router *r, const char *method,
		  const char *path, struct route_match *m_r);

#endif
