/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SQL_CONN_H
#define LITE_SQL_CONN_H

#include "common/sql/link.h"

/* The inside of a blocking connection. Of this folder only. */

#define CONN_CHANNELS 8

struct sql_conn {
	char *dsn;
	PGconn *pg;
	struct link_seen seen;
	bool tx;		/* also when the connection is lost */
	bool stale;		/* plans to be forgotten after tx */
	char channels[CONN_CHANNELS][64];
	int nchannels;
	bool missed;		/* was not listening for a while */
};

/* Not connected yet; the first use does that. */
struct sql_conn *conn_make(const char *dsn);
/* Outside a transaction: remakes what has broken since the last use. */
int conn_ready(struct sql_conn *c, struct err *e);
/* Plain SQL; a result that is not ok fills e. */
int conn_command(struct sql_conn *c, const char *sql, struct err *e);

#endif
