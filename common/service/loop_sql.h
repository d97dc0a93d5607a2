/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_LOOP_SQL_H
#define LITE_LOOP_SQL_H

#include "common/http/server.h"
#include "common/sql/pipeline.h"

/* Ties one SQL pipeline to each event loop: the loop watches its socket. */
void loop_sql_start(struct http_loop *l, const char *dsn);
void loop_sql_stop(struct http_loop *l);
/* Once a turn: sends what the turn's requests have queued. */
void loop_sql_flush(struct http_loop *l);
struct pipeline *loop_sql(struct http_loop *l);

#endif
