/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SQL_LINK_H
#define LITE_SQL_LINK_H

#include <libpq-fe.h>

#include "common/sql/sql.h"

/* What blocking connections and pipelines share. Of this folder only. */

/* Parameters as libpq takes them. Borrows the strings of args. */
struct link_params {
	const char *values[SQL_ARGS_MAX];
	char text[SQL_ARGS_MAX][TIME_MAX];
};
void link_params_init(struct link_params *p, const struct sql_arg *args,
		      int nargs);

/* The statements that one connection has prepared. */
struct link_seen {
	uint64_t bits[SQL_GROUPS][SQL_GROUP_MAX / 64];
};
bool link_seen(const struct link_seen *seen, const struct sql_stmt *s);
void link_seen_set(struct link_seen *seen, const struct sql_stmt *s, bool v);

/* Connects: at once, or to go on with PQconnectPoll. */
PGconn *link_connect(const char *dsn);
PGconn *link_connect_start(const char *dsn);

/* Takes res, which may be NULL. */
struct rows link_rows(PGresult *res);
bool link_ok(const PGresult *res);	/* NULL is not */

/*
 * Fills e from what a statement (name, for the log) failed with; -1. A res
 * of NULL or without a code means that the connection broke: UNAVAILABLE.
 */
int link_fault(struct err *e, const char *name, const PGresult *res);
int link_lost(struct err *e, const PGconn *pg);

/* The plan or its name is gone: prepare again and the statement will work. */
bool link_stale(const PGresult *res);

#endif
