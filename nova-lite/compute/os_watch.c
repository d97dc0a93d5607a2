/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/os_watch.h"

#include "common/base/log.h"
#include "nova-lite/compute/container.h"
#include "nova-lite/compute/image_host.h"
#include "nova-lite/compute/tick.h"
#include "gen/compute_sql.h"

static int give_up_overdue(struct agent *a, struct sql_conn *conn,
			   struct err *e)
{
	struct rows rows = { 0 };

	if (sql_exec(conn, &SQL_os_image_overdue,
		     ARGS((const char *)a->host), &rows, e) < 0)
		return -1;
	for (int i = 0; i < rows.n; i++) {
		struct row row = rows_at(&rows, i);

		log_kv(LOG_WARN_, "os image", "server", row_text(&row, 0),
		       "message", row_text(&row, 1), NULL);
	}
	rows_fini(&rows);
	return 0;
}

static int advance_switches(struct agent *a, struct sql_conn *conn,
			    struct err *e)
{
	(void)a;
	return sql_exec(conn, &SQL_os_switch_turn, NULL, 0, NULL, e);
}

static int watch(struct agent *a, struct sql_conn *conn, struct err *e)
{
	int r = container_signals(a, conn, e);

	/* Each on its own: what fails for some server stops no other. */
	if (r == 0)
		r = give_up_overdue(a, conn, e);
	return advance_switches(a, conn, r < 0 ? &(struct err){ 0 } : e) < 0 ?
	       -1 : r;
}

static struct tick watching = TICK("os images", 1, watch);
static struct tick collecting = TICK("image cache", 60, image_host_collect);

int os_watch_start(struct agent *a, struct err *e)
{
	if (tick_start(&watching, a, e) < 0)
		return -1;
	return tick_start(&collecting, a, e);
}

void os_watch_stop(void)
{
	tick_stop(&collecting);
	tick_stop(&watching);
}
