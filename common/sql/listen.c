/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sql/conn.h"

int sql_notify(struct sql_conn *c, const char *channel, const char *payload,
	       struct err *e)
{
	static const char sql[] =
		"select set_config('synchronous_commit', 'off', true), "
		"pg_notify($1, $2)";
	const char *values[] = { channel, payload ? payload : "" };
	PGresult *res;
	int rc;

	assert(!c->tx);
	if (conn_ready(c, e) < 0)
		return -1;
	res = PQexecParams(c->pg, sql, 2, NULL, values, NULL, NULL, 0);
	rc = link_ok(res) ? 0 : link_fault(e, "notify", res);
	PQclear(res);
	return rc;
}

int sql_listen(struct sql_conn *c, const char *channel, struct err *e)
{
	char sql[160];

	assert(c->nchannels < CONN_CHANNELS);
	assert(strlen(channel) < sizeof(c->channels[0]));
	assert(!strchr(channel, '"'));
	snprintf(sql, sizeof(sql), "listen \"%s\"", channel);
	if (conn_ready(c, e) < 0 || conn_command(c, sql, e) < 0)
		return -1;
	strcpy(c->channels[c->nchannels++], channel);
	return 0;
}

static bool take_note(PGconn *pg, struct sql_note *note_r)
{
	PGnotify *n = PQnotifies(pg);

	if (!n)
		return false;
	snprintf(note_r->channel, sizeof(note_r->channel), "%s", n->relname);
	snprintf(note_r->payload, sizeof(note_r->payload), "%s", n->extra);
	PQfreemem(n);
	return true;
}

/* 1: the server sent something, 0: time is up or fd is readable, -1: lost. */
static int wait_input(struct sql_conn *c, usec_t end, int fd, struct err *e)
{
	struct pollfd fds[] = {
		{ PQsocket(c->pg), POLLIN, 0 }, { fd, POLLIN, 0 },
	};
	usec_t left;
	int n;

	do {
		left = end - usec_monotonic();
		n = poll(fds, 2, left > 0 ? (int)((left + 999) / 1000) : 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, "poll");
	if (!fds[0].revents)
		return 0;
	return PQconsumeInput(c->pg) ? 1 : link_lost(e, c->pg);
}

int sql_wait(struct sql_conn *c, int ms, int fd, struct sql_note *note_r,
	     struct err *e)
{
	usec_t end = usec_monotonic() + ms * 1000LL;
	int rc;

	assert(!c->tx);
	if (PQstatus(c->pg) != CONNECTION_OK && conn_ready(c, e) < 0)
		return -1;
	if (c->missed) {
		c->missed = false;
		err_set(e, ERR_UNAVAILABLE, NULL);
		return err_detail(e, "notifications may have been missed");
	}
	/* What came along with the results of statements is there already. */
	while (!take_note(c->pg, note_r)) {
		rc = wait_input(c, end, fd, e);
		if (rc <= 0)
			return rc;
	}
	return 1;
}

int sql_try_lock(struct sql_conn *c, int64_t key, struct err *e)
{
	char number[32];
	const char *values[] = { number };
	PGresult *res;
	int rc;

	snprintf(number, sizeof(number), "%lld", (long long)key);
	if (conn_ready(c, e) < 0)
		return -1;
	res = PQexecParams(c->pg, "select pg_try_advisory_lock($1)", 1, NULL,
			   values, NULL, NULL, 0);
	if (link_ok(res))
		rc = *PQgetvalue(res, 0, 0) == 't';
	else
		rc = link_fault(e, "lock", res);
	PQclear(res);
	return rc;
}
