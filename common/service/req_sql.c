/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include "common/service/service.h"

void req_arg(struct req *rq, struct sql_arg a)
{
	assert(rq->nargs < SQL_ARGS_MAX);
	rq->args[rq->nargs++] = a;
}

void req_args_add(struct req *rq, const struct sql_arg *a, int n)
{
	while (n-- > 0)
		req_arg(rq, *a++);
}

/* A worker takes a connection when its request first needs one. */
static struct sql_conn *req_conn(struct req *rq)
{
	if (!rq->conn)
		rq->conn = sql_pool_get(service_pool(), &rq->err);
	return rq->conn;
}

static void rows_drop(void *rows)
{
	rows_fini(rows);
}

int sql_rows(struct req *rq, const struct sql_stmt *s,
	     const struct rows **rows_r, const struct sql_arg *args,
	     int nargs)
{
	struct sql_conn *c = req_conn(rq);
	struct rows *rows;

	if (!c)
		return -1;
	rows = arena_zalloc(req_arena(rq), sizeof(*rows));
	rq->sql_n++;
	if (sql_exec(c, s, args, nargs, rows, &rq->err) < 0)
		return -1;
	arena_own(req_arena(rq), rows, rows_drop);
	*rows_r = rows;
	return 0;
}

int sql_maybe(struct req *rq, const struct sql_stmt *s, struct row *row_r,
	      const struct sql_arg *args, int nargs)
{
	const struct rows *rows;

	if (sql_rows(rq, s, &rows, args, nargs) < 0)
		return -1;
	assert(rows->n <= 1);
	if (rows->n == 0)
		return 0;
	*row_r = rows_at(rows, 0);
	return 1;
}

int sql_one(struct req *rq, const struct sql_stmt *s, struct row *row_r,
	    const struct sql_arg *args, int nargs)
{
	int n = sql_maybe(rq, s, row_r, args, nargs);

	if (n == 0)
		return fail(rq, ERR_NOT_FOUND, NULL);
	return n < 0 ? -1 : 0;
}

int64_t sql_run(struct req *rq, const struct sql_stmt *s,
		const struct sql_arg *args, int nargs)
{
	const struct rows *rows;

	if (sql_rows(rq, s, &rows, args, nargs) < 0)
		return -1;
	return rows->affected;
}

int tx_begin(struct req *rq)
{
	struct sql_conn *c = req_conn(rq);

	return c ? sql_begin(c, &rq->err) : -1;
}

int tx_commit(struct req *rq)
{
	return sql_commit(rq->conn, &rq->err);
}

int req_notify(struct req *rq, const char *channel, const char *payload)
{
	struct sql_conn *c = req_conn(rq);

	return c ? sql_notify(c, channel, payload, &rq->err) : -1;
}

void sql_release(struct req *rq)
{
	if (!rq->conn)
		return;
	sql_rollback(rq->conn);
	sql_pool_put(service_pool(), rq->conn);
	rq->conn = NULL;
}
