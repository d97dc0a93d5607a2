/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

/* What the operations of nova-lite-network share (common.c, wire.c). */

#include "common/service/service.h"
#include "gen/network_sql.h"
#include "nova-lite/network/routes.h"

/*
 * One object of a reply. ?fields=id&fields=name asks for some members only,
 * so members are written through these, which pass the others over.
 */
struct view {
	struct req *rq;
	const struct row *row;
	const char *fields[32];
	int nfields;			/* 0: all */
};
bool view_wants(const struct view *v, const char *key);
void view_str(const struct view *v, const char *key, const char *s);
void view_col(const struct view *v, const char *key, int col);
void view_json(const struct view *v, const char *key, int col);
void view_int(const struct view *v, const char *key, int64_t n);
void view_bool(const struct view *v, const char *key, bool b);
void view_null(const struct view *v, const char *key);
void view_empty(const struct view *v, const char *key);		/* [] */
void view_time(const struct view *v, const char *key, int col);
/* description, tags, revision_number, tenant_id and project_id. */
void view_common(const struct view *v, int project_col);

/* A resource: its reply's keys, Neutron's type of error and word for one that
 * is not there, and the members of an object. */
struct kind {
	const char *one, *many, *lost_type, *word;
	void (*view)(const struct view *v);
	int id_col;
};
int kind_list(struct req *rq, const struct kind *k, const struct rows *rows);
int kind_show(struct req *rq, const struct kind *k, const struct rows *rows);
/* Of a resource that there is none of. */
int kind_none(struct req *rq, const char *many);
/* "WORD {id} could not be found." (of security groups: "does not exist"). */
int kind_lost(struct req *rq, const char *type, const char *word);

/* Parameters of a list: each value of a repeated one, as a PostgreSQL array;
 * NULL: not asked for. */
const char *query_list(struct req *rq, const char *name);
/* tenant_id and project_id are the same filter. */
const char *query_project(struct req *rq);
/* The path's {id} as a list of one. */
const char *path_list(struct req *rq);
/* true, false or null. */
struct sql_arg query_bool(struct req *rq, const char *name);
int bind_page(struct req *rq);		/* marker, limit */
const char *scope_of(const struct req *rq);

/* wire.c */
int wire_deny(struct req *rq);
int wire_bad_field(struct req *rq, const char *path, const struct jbad *bad);
int wire_no_route(struct req *rq);
void wire_render_error(struct req *rq);
void wire_finish(struct req *rq);

#endif
