/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_KEYSTONE_RESOURCE_H
#define LITE_KEYSTONE_RESOURCE_H

#include "gen/keystone_sql.h"
#include "keystone-shim/wire.h"

/*
 * What the resources of Identity have in common: they are shown as
 * {"one": {members, "links": {"self": .../many/id}}} and listed as
 * {"many": [...], "links": {"self", "next", "previous"}}.
 */
struct resource {
	const char *one, *many;
	/* Writes the members into the open object, without links. */
	void (*members)(struct req *rq, const struct row *row);
	int id;			/* the column that goes into links */
};

/* The first row, or 404 "Could not find ONE: id." */
int resource_show(struct req *rq, const struct resource *r,
		  const struct rows *rows, const char *id);
int resource_reply(struct req *rq, const struct resource *r,
		   const struct row *row, int status);
int resource_list(struct req *rq, const struct resource *r,
		  const struct rows *rows);
/* 204, or 404 when the statement (delete ... returning) had no row. */
int resource_delete(struct req *rq, const struct resource *r,
		    const struct sql_stmt *s, const char *id);
int resource_missing(struct req *rq, const char *one, const char *id);

/* "links" of one object, of an object of given id, and of a list. */
void links_self(struct req *rq, const char *many, const char *id);
void links_list(struct req *rq);

/*
 * The object under key in the body, checked by its table (*in is filled), as
 * text for the statement that merges it; a missing key is an empty object, as
 * Keystone has it. `secret` (may be NULL) is a member that the text leaves
 * out. NULL on failure.
 */
const char *resource_body(struct req *rq, const char *key,
			  const struct jfield *fields, void *in,
			  const char *secret);

/* A query parameter as an argument, null when it is absent. */
struct sql_arg query_text(struct req *rq, const char *name);
/* As Keystone reads flags: "0" and "false" are false, the rest is true. */
struct sql_arg query_flag(struct req *rq, const char *name);
/* A flag that is false when absent; present without a value is true. */
bool query_is_set(struct req *rq, const char *name);

/* A {name} of the path, NULL where the route has none. */
const char *path_or_null(const struct req *rq, const char *name);

/*
 * Who may, beyond the routing table's ADMIN: each returns 0 or -1 with the
 * service's 403. A reader of the system reads whatever an admin reads.
 */
int allow_reader(struct req *rq);
int allow_user(struct req *rq, const char *user_id);
int allow_project(struct req *rq, const char *project_id);
int allow_domain(struct req *rq, const char *domain_id);

/* Other processes forget the token contexts that they keep. */
int tokens_changed(struct req *rq);

/* The domain of what is made without naming one. */
const char *home_domain(struct req *rq);

#endif
