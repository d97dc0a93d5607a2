/* SPDX-License-Identifier: Apache-2.0 */
#include "gen/glance_sql.h"
#include "glance-lite/delta/whole.h"
#include "glance-lite/glance.h"

/* Files first: what is recorded is what may still be there. */
static int settle(struct sql_conn *conn, const struct row *row, struct err *e)
{
	const struct store *s = glance()->store;
	const char *id = row_text(row, delta_left__image_id);

	if (row_bool(row, delta_left__making) &&
	    store_drop(s, id, STORE_IMAGE, e) < 0)
		return -1;
	if (row_bool(row, delta_left__over) &&
	    store_drop(s, id, STORE_DELTA, e) < 0)
		return -1;
	return sql_exec(conn, &SQL_delta_settled, ARGS(id), NULL, e);
}

int delta_tidy(struct sql_conn *conn, const char *base, struct err *e)
{
	struct rows rows;
	struct row row;
	int ret = 0;

	if (sql_exec(conn, &SQL_delta_left,
		     ARGS(store_id(glance()->store), base), &rows, e) < 0)
		return -1;
	for (int i = 0; i < rows.n && ret == 0; i++) {
		row = rows_at(&rows, i);
		ret = settle(conn, &row, e);
	}
	rows_fini(&rows);
	return ret;
}
