/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SQL_PIPELINE_H
#define LITE_SQL_PIPELINE_H

#include "common/sql/sql.h"

/*
 * One non-blocking connection in libpq's pipeline mode, for reads. All
 * statements submitted between two flushes share one Sync (one implicit
 * transaction); when one fails, those behind it in the batch are run again by
 * themselves, so an error stays with its statement. Those that have a form for
 * several callers (sql_stmt.multi) share an execution: at a flush, or, while
 * more of them are on their way, at a later one. Used by one thread only.
 */
struct pipeline;

/* rows are good for the call. e is NULL, or what went wrong: UNAVAILABLE when
 * the connection was lost or is being remade. */
typedef void pipeline_fn(void *arg, const struct rows *rows,
			 const struct err *e);

/* Never fails: it connects (and reconnects, with a pause) by itself. */
struct pipeline *pipeline_new(const char *dsn);
/* Pending statements fail with UNAVAILABLE first. */
void pipeline_free(struct pipeline *p);

/*
 * Queues s; fn runs later from pipeline_io, or before this returns when there
 * is no connection. args are copied.
 */
void pipeline_submit(struct pipeline *p, const struct sql_stmt *s,
		     const struct sql_arg *args, int nargs, pipeline_fn *fn,
		     void *arg);
/* Ends the batch: Sync and send. Cheap when nothing was queued. To be called
 * after pipeline_io, too: what waited for an answer goes then. */
void pipeline_flush(struct pipeline *p);

/* For the event loop. The descriptor changes with a reconnect: ask again
 * after every call of the three below. -1: none at the moment. */
int pipeline_fd(const struct pipeline *p);
unsigned pipeline_events(const struct pipeline *p);	/* POLLIN | POLLOUT */
void pipeline_io(struct pipeline *p, unsigned revents);
/* Milliseconds until pipeline_tick must be called, -1: no need. */
int pipeline_timeout(const struct pipeline *p);
void pipeline_tick(struct pipeline *p);	/* reconnects when its time has come */

#endif
