/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SQL_H
#define LITE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/timefmt.h"

/*
 * PostgreSQL through libpq, which no other folder includes. Statements are
 * files (sql/NAME.sql), turned at build time into a `struct sql_stmt` named
 * SQL_NAME, and are prepared by name on their first use of a connection.
 * Results are binary.
 */
struct sql_stmt {
	const char *name, *text;
	int nparams;
	uint16_t group, id;	/* index of "prepared on this connection" */
	/* Of one that gives at most one row: for up to SQL_MULTIGET callers at
	 * once; NULL: there is none. Its parameters are arrays of theirs, as
	 * text, and the number of callers; the last column of a row says whose
	 * it is, from 1. */
	const struct sql_stmt *multi;
};
#define SQL_MULTIGET 64
#define SQL_GROUPS 4		/* the last one is of common/sql itself */
#define SQL_GROUP_MAX 512

/* Parameters. ARGS(a, b, 3, true) is an array of these and their number. */
enum sql_type { SQL_NULL, SQL_TEXT, SQL_INT, SQL_BOOL, SQL_TIME };
struct sql_arg {
	enum sql_type type;
	const char *s;		/* TEXT; NULL is SQL null */
	int64_t i;		/* INT, BOOL, TIME */
};

struct sql_arg sql_arg_text(const char *s);	/* borrowed */
struct sql_arg sql_arg_int(int64_t v);
struct sql_arg sql_arg_bool(bool v);
struct sql_arg sql_arg_id(struct sql_arg a);
struct sql_arg sql_time(usec_t t);		/* timestamptz */
struct sql_arg sql_null(void);
/* An int that is null when it is `none`. */
struct sql_arg sql_int_or_null(int64_t v, int64_t none);

#define SQL_ARG(x) _Generic((x), \
	char *: sql_arg_text, const char *: sql_arg_text, \
	bool: sql_arg_bool, struct sql_arg: sql_arg_id, \
	default: sql_arg_int)(x)
#define SQL_ARGS_MAX 40
#define SQL_E1(x) SQL_ARG(x)
#define SQL_E2(x, ...) SQL_ARG(x), SQL_E1(__VA_ARGS__)
#define SQL_E3(x, ...) SQL_ARG(x), SQL_E2(__VA_ARGS__)
#define SQL_E4(x, ...) SQL_ARG(x), SQL_E3(__VA_ARGS__)
#define SQL_E5(x, ...) SQL_ARG(x), SQL_E4(__VA_ARGS__)
#define SQL_E6(x, ...) SQL_ARG(x), SQL_E5(__VA_ARGS__)
#define SQL_E7(x, ...) SQL_ARG(x), SQL_E6(__VA_ARGS__)
#define SQL_E8(x, ...) SQL_ARG(x), SQL_E7(__VA_ARGS__)
#define SQL_E9(x, ...) SQL_ARG(x), SQL_E8(__VA_ARGS__)
#define SQL_E10(x, ...) SQL_ARG(x), SQL_E9(__VA_ARGS__)
#define SQL_E11(x, ...) SQL_ARG(x), SQL_E10(__VA_ARGS__)
#define SQL_E12(x, ...) SQL_ARG(x), SQL_E11(__VA_ARGS__)
#define SQL_E13(x, ...) SQL_ARG(x), SQL_E12(__VA_ARGS__)
#define SQL_E14(x, ...) SQL_ARG(x), SQL_E13(__VA_ARGS__)
#define SQL_E15(x, ...) SQL_ARG(x), SQL_E14(__VA_ARGS__)
#define SQL_E16(x, ...) SQL_ARG(x), SQL_E15(__VA_ARGS__)
#define SQL_E17(x, ...) SQL_ARG(x), SQL_E16(__VA_ARGS__)
#define SQL_E18(x, ...) SQL_ARG(x), SQL_E17(__VA_ARGS__)
#define SQL_E19(x, ...) SQL_ARG(x), SQL_E18(__VA_ARGS__)
#define SQL_E20(x, ...) SQL_ARG(x), SQL_E19(__VA_ARGS__)
#define SQL_E21(x, ...) SQL_ARG(x), SQL_E20(__VA_ARGS__)
#define SQL_E22(x, ...) SQL_ARG(x), SQL_E21(__VA_ARGS__)
#define SQL_E23(x, ...) SQL_ARG(x), SQL_E22(__VA_ARGS__)
#define SQL_E24(x, ...) SQL_ARG(x), SQL_E23(__VA_ARGS__)
#define SQL_PICK(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, \
		 _14, _15, _16, _17, _18, _19, _20, _21, _22, _23, _24, \
		 n, ...) n
#define SQL_EACH(...) SQL_PICK(__VA_ARGS__, SQL_E24, SQL_E23, SQL_E22, \
	SQL_E21, SQL_E20, SQL_E19, SQL_E18, SQL_E17, SQL_E16, SQL_E15, \
	SQL_E14, SQL_E13, SQL_E12, SQL_E11, SQL_E10, SQL_E9, SQL_E8, SQL_E7, \
	SQL_E6, SQL_E5, SQL_E4, SQL_E3, SQL_E2, SQL_E1)(__VA_ARGS__)
#define ARGS(...) \
	(const struct sql_arg[]){ SQL_EACH(__VA_ARGS__) }, \
	(int)(sizeof((struct sql_arg[]){ SQL_EACH(__VA_ARGS__) }) / \
	      sizeof(struct sql_arg))
#define NO_ARGS NULL, 0

/*
 * Results. A zeroed rows is empty; rows_fini releases it. A row borrows from
 * its rows. Columns are the enumerators that the build makes of a .row file:
 * sql/flavor.row gives flavor__id, flavor__name ... (see HACKING.md).
 * The accessor must fit the column's type (asserted): text also takes varchar,
 * uuid, name, jsonb, json; int takes int2/4/8; time takes timestamptz.
 */
struct rows {
	void *res;
	int n;			/* number of rows */
	int first;		/* where they start in res */
	int64_t affected;	/* rows inserted, updated or deleted */
};
struct row {
	const struct rows *rows;
	int i;
};

void rows_fini(struct rows *r);
struct row rows_at(const struct rows *r, int i);

bool row_null(const struct row *r, int col);
/* NULL for null. uuid is formatted (with dashes) on a ring of thread-local
 * buffers: good for the next 16 calls; cast to text in SQL to keep it. */
const char *row_text(const struct row *r, int col);
size_t row_len(const struct row *r, int col);	/* bytes of a text/jsonb */
int64_t row_int(const struct row *r, int col);	/* 0 for null */
bool row_bool(const struct row *r, int col);	/* false for null */
double row_double(const struct row *r, int col);
usec_t row_time(const struct row *r, int col);	/* 0 for null */

/* Named constraints of the schema are error messages: a table per service. */
struct sql_constraint {
	const char *name;	/* NULL ends the table */
	enum err_kind kind;
	const char *msg;
};
/* Borrowed; set once before the first statement. */
void sql_constraints(const struct sql_constraint *table);

/*
 * A blocking connection, made at once (sql_conn_new) or taken from a pool,
 * which makes at most max. Statements fail with:
 *  - the constraint's row of the table, where one was violated;
 *  - the HTTP status N and the message of `raise ... using errcode = 'LTN'`,
 *    N being three digits (LT404, LT409, LT403 ...);
 *  - UNAVAILABLE when the server is away (the connection is remade on next
 *    use; nothing is retried within a transaction);
 *  - common/tbl/sqlstate.tbl for the rest, else INTERNAL.
 */
struct sql_conn;	/* of one thread at a time */
struct sql_pool;	/* of all threads */

struct sql_conn *sql_conn_new(const char *dsn, struct err *e);
void sql_conn_free(struct sql_conn *c);
struct sql_pool *sql_pool_new(const char *dsn, int max);
void sql_pool_free(struct sql_pool *p);
/* Waits up to 10 s for a free one (then UNAVAILABLE). */
struct sql_conn *sql_pool_get(struct sql_pool *p, struct err *e);
void sql_pool_put(struct sql_pool *p, struct sql_conn *c);

/* rows_r NULL: nobody wants them. */
int sql_exec(struct sql_conn *c, const struct sql_stmt *s,
	     const struct sql_arg *args, int nargs, struct rows *rows_r,
	     struct err *e);
int sql_begin(struct sql_conn *c, struct err *e);
int sql_commit(struct sql_conn *c, struct err *e);
void sql_rollback(struct sql_conn *c);	/* a no-op outside a transaction */
bool sql_in_tx(const struct sql_conn *c);
/* Plain SQL text, possibly several statements, no parameters, no rows. */
int sql_script(struct sql_conn *c, const char *text, struct err *e);
/* Own transaction, synchronous_commit off (facts: never inside a writing
 * transaction, where NOTIFY serialises commits). */
int sql_notify(struct sql_conn *c, const char *channel, const char *payload,
	       struct err *e);

/*
 * Waits up to ms for a notification on the channels given to sql_listen.
 * 1: channel and payload filled; 0: none in time; -1: connection lost (it is
 * remade and LISTENs again at the next call, which says -1 once more when that
 * is done: the caller must assume that it missed some until then). fd, when
 * >= 0, ends the wait early when readable (returns 0).
 */
struct sql_note {
	char channel[64], payload[512];
};
int sql_listen(struct sql_conn *c, const char *channel, struct err *e);
int sql_wait(struct sql_conn *c, int ms, int fd, struct sql_note *note_r,
	     struct err *e);

/* Session-level advisory lock: 1 taken, 0 held by another, -1 error. */
int sql_try_lock(struct sql_conn *c, int64_t key, struct err *e);

#endif
