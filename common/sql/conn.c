/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sql/conn.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct sql_conn *conn_make(const char *dsn)
{
	struct sql_conn *c = xcalloc(1, sizeof(*c));

	c->dsn = xstrdup(dsn);
	return c;
}

struct sql_conn *sql_conn_new(const char *dsn, struct err *e)
{
	struct sql_conn *c = conn_make(dsn);

	if (conn_ready(c, e) < 0) {
		sql_conn_free(c);
		return NULL;
	}
	return c;
}

void sql_conn_free(struct sql_conn *c)
{
	if (!c)
		return;
	PQfinish(c->pg);
	free(c->dsn);
	free(c);
}

/* -- connecting ---------------------------------------------------------- */

static int listen_all(struct sql_conn *c, struct err *e)
{
	char sql[160];

	for (int i = 0; i < c->nchannels; i++) {
		snprintf(sql, sizeof(sql), "listen \"%s\"", c->channels[i]);
		if (conn_command(c, sql, e) < 0)
			return -1;
	}
	return 0;
}

static int reconnect(struct sql_conn *c, struct err *e)
{
	int rc = 0;

	PQfinish(c->pg);
	memset(&c->seen, 0, sizeof(c->seen));
	c->stale = false;
	c->pg = link_connect(c->dsn);
	if (PQstatus(c->pg) != CONNECTION_OK)
		rc = link_lost(e, c->pg);
	else
		rc = listen_all(c, e);
	c->missed = c->nchannels > 0;
	if (rc < 0) {
		PQfinish(c->pg);
		c->pg = NULL;
	}
	return rc;
}

/*
 * A server that went away says so on the idle socket. To look first is what
 * makes it safe to connect again: a statement that was sent might have run.
 */
static bool still_there(PGconn *pg)
{
	struct pollfd fd = { PQsocket(pg), POLLIN, 0 };

	if (PQstatus(pg) != CONNECTION_OK)
		return false;
	/* The last words of the server may stand before the end. */
	while (poll(&fd, 1, 0) > 0)
		if (!PQconsumeInput(pg) || PQstatus(pg) != CONNECTION_OK)
			return false;
	return true;
}

int conn_ready(struct sql_conn *c, struct err *e)
{
	if (c->pg && (c->tx || still_there(c->pg)))
		return 0;
	if (c->tx) {
		err_set(e, ERR_UNAVAILABLE, NULL);
		return err_detail(e, "connection lost in a transaction");
	}
	return reconnect(c, e);
}

/* -- statements ---------------------------------------------------------- */

int conn_command(struct sql_conn *c, const char *sql, struct err *e)
{
	PGresult *res = PQexec(c->pg, sql);
	int rc = link_ok(res) ? 0 : link_fault(e, "command", res);

	PQclear(res);
	return rc;
}

/* Names of prepared statements cannot be given twice, so they go first. */
static void forget_plans(struct sql_conn *c)
{
	PQclear(PQexec(c->pg, "deallocate all"));
	memset(&c->seen, 0, sizeof(c->seen));
	c->stale = false;
}

static PGresult *run(struct sql_conn *c, const struct sql_stmt *s,
		     const struct link_params *p)
{
	PGresult *res;

	if (!link_seen(&c->seen, s)) {
		res = PQprepare(c->pg, s->name, s->text, 0, NULL);
		if (!link_ok(res))
			return res;
		PQclear(res);
		link_seen_set(&c->seen, s, true);
	}
	return PQexecPrepared(c->pg, s->name, s->nparams, p->values,
			      NULL, NULL, 1);
}

/* A transaction is over with its first error, so nothing is tried twice. */
static PGresult *run_again_if_stale(struct sql_conn *c,
				    const struct sql_stmt *s,
				    const struct link_params *p)
{
	PGresult *res = run(c, s, p);

	if (link_ok(res) || !link_stale(res))
		return res;
	if (c->tx) {
		c->stale = true;
		return res;
	}
	PQclear(res);
	forget_plans(c);
	return run(c, s, p);
}

int sql_exec(struct sql_conn *c, const struct sql_stmt *s,
	     const struct sql_arg *args, int nargs, struct rows *rows_r,
	     struct err *e)
{
	struct link_params p;
	PGresult *res;
	int rc = 0;

	assert(nargs == s->nparams);
	link_params_init(&p, args, nargs);
	if (conn_ready(c, e) < 0)
		return -1;
	res = run_again_if_stale(c, s, &p);
	if (!link_ok(res))
		rc = link_fault(e, s->name, res);
	else if (rows_r)
		*rows_r = link_rows(res);
	if (rc < 0 || !rows_r)
		PQclear(res);
	return rc;
}

int sql_script(struct sql_conn *c, const char *text, struct err *e)
{
	if (conn_ready(c, e) < 0)
		return -1;
	return conn_command(c, text, e);
}

/* -- transactions -------------------------------------------------------- */

bool sql_in_tx(const struct sql_conn *c)
{
	return c->tx;
}

int sql_begin(struct sql_conn *c, struct err *e)
{
	assert(!c->tx);
	if (conn_ready(c, e) < 0 || conn_command(c, "begin", e) < 0)
		return -1;
	c->tx = true;
	return 0;
}

static void end_tx(struct sql_conn *c)
{
	c->tx = false;
	if (c->stale)
		forget_plans(c);
}

int sql_commit(struct sql_conn *c, struct err *e)
{
	PGresult *res;
	int rc = 0;

	assert(c->tx);
	res = PQexec(c->pg, "commit");
	if (!link_ok(res))
		rc = link_fault(e, "commit", res);
	else if (strcmp(PQcmdStatus(res), "COMMIT") != 0)
		rc = err_internal(e, "commit of a failed transaction");
	PQclear(res);
	end_tx(c);
	return rc;
}

void sql_rollback(struct sql_conn *c)
{
	if (!c->tx)
		return;
	PQclear(PQexec(c->pg, "rollback"));
	end_tx(c);
}
