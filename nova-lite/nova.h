/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_NOVA_H
#define NOVA_NOVA_H

/* What the operations of nova-lite share (wire.c, api/common.c). */

#include "common/service/service.h"
#include "gen/nova_sql.h"
#include "nova-lite/routes.h"

/*
 * Nova puts absolute links in its replies: "self" below the versioned root
 * and, where the client used /v2.1/{project_id}/..., below that; "bookmark"
 * the same without the version. Made once per reply.
 */
struct urls {
	const char *self, *bookmark;
};
struct urls urls_of(struct req *rq);
/* "links": [self, bookmark] of .../kind/id. */
void links_view(struct req *rq, const struct urls *u, const char *kind,
		const char *id);
void bookmark_view(struct req *rq, const struct urls *u, const char *kind,
		   const char *id);
/*
 * "servers_links": [next] when a page is full: `n` rows of at most `limit`,
 * the last of them `last`. Keeps the other query parameters.
 */
struct page {
	const char *key, *last;
	int64_t n, limit;
};
void next_view(struct req *rq, const struct page *p);

/* Which rows the caller may act on: its project's, or (NULL) all. */
const char *scope_of(const struct req *rq);
/* {"user_id", "project_id", "request_id"} of the caller, for actions. */
const char *caller_json(struct req *rq);

/* Tells a host's agent of its new job, after the commit. Should this fail, the
 * agent finds the job by itself soon. */
void wake_agent(struct req *rq, const char *host);

/* A server's id of the path, or NULL with Nova's 404. */
const char *path_server(struct req *rq);
bool is_uuid(const char *s);
/* Nova's 404s for what the path names; -1. */
int no_server(struct req *rq);
int no_flavor(struct req *rq);

/*
 * "Invalid input for field/attribute FIELD. Value: V. 'V' TEXT", V as Python
 * prints it; -1.
 */
int bad_value(struct req *rq, const char *field, const json_t *v,
	      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int bad_string(struct req *rq, const char *field, const char *s,
	       const char *text);
/* The same for a query parameter. */
int bad_query(struct req *rq, const char *name, const char *value,
	      const char *text);
/* ?limit: 0 .. 1000, which is also the default. */
int query_limit(struct req *rq, int64_t *limit_r);
/* oslo's strutils.bool_from_string. */
bool text_is_true(const char *s);

/* A JSON value as text in the arena. */
const char *json_text(struct req *rq, const json_t *v);

/*
 * Checks {string: string} as Nova does metadata and extra specs: keys of
 * [a-zA-Z0-9-_:. ]{1,255}, values of at most 255 characters.
 */
int check_string_map(struct req *rq, const char *field, const json_t *map);

/* One server: key NULL in a list. `urls` of the reply. */
void server_view(struct req *rq, const struct urls *u, const char *key,
		 const struct row *row);
/* The same in the reply to a rebuild, with its new password. */
void rebuilt_view(struct req *rq, const struct urls *u, const struct row *row,
		  const char *password);

#endif
