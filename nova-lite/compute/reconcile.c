/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "nova-lite/compute/container.h"
#include "nova-lite/compute/power.h"
#include "nova-lite/compute/reconcile.h"
#include "gen/compute_sql.h"

static bool has_domain(const struct virt_domain *list, size_t n,
		       const char *id)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].uuid, id) == 0)
			return true;
	}
	return false;
}

/* What is left of a deleted server. */
static int clear(struct agent *a, const char *id, bool domain, struct err *e)
{
	if (!domain && !instance_dir_owned(a, id))
		return 0;
	log_msg(LOG_WARN_, "left over from a deleted server server=%s", id);
	if (domain && (virt_destroy(a->virt, id, e) < 0 ||
		       virt_undefine(a->virt, id, e) < 0))
		return -1;
	if (instance_metadata_close(a, id, e) < 0)
		return -1;
	if (a->containers)
		container_forget(a, id);
	return instance_dir_remove(a, id, e);
}

static int clear_deleted(struct agent *a, const struct rows *servers,
			 struct err *e)
{
	_cleanup_(cleanup_free) struct virt_domain *list = NULL;
	size_t n;

	if (virt_list(a->virt, &list, &n, e) < 0)
		return -1;
	for (int i = 0; i < servers->n; i++) {
		struct row row = rows_at(servers, i);
		const char *id = row_text(&row, host_server__id);

		if (row_bool(&row, host_server__deleted) &&
		    !row_bool(&row, host_server__busy) &&
		    clear(a, id, has_domain(list, n, id), e) < 0)
			return -1;
	}
	return 0;
}

static int free_orphans(struct agent *a, struct sql_conn *conn,
			struct err *e)
{
	struct rows rows = { 0 };

	if (sql_exec(conn, &SQL_server_orphan, ARGS((const char *)a->host),
		     &rows, e) < 0)
		return -1;
	if (rows.affected > 0)
		log_msg(LOG_WARN_, "set free servers=%lld",
			(long long)rows.affected);
	rows_fini(&rows);
	return 0;
}

/* Nothing is being made before the first job. */
static int forget_makings(struct agent *a, struct sql_conn *conn,
			  struct err *e)
{
	struct rows rows = { 0 };

	if (sql_exec(conn, &SQL_completion_clean, ARGS((const char *)a->host),
		     &rows, e) < 0)
		return -1;
	rows_fini(&rows);
	return 0;
}

int reconcile(struct agent *a, struct sql_conn *conn, struct err *e)
{
	struct rows servers = { 0 };
	int r;

	if (free_orphans(a, conn, e) < 0 ||
	    forget_makings(a, conn, e) < 0 ||
	    sql_exec(conn, &SQL_host_servers, ARGS((const char *)a->host),
		     &servers, e) < 0)
		return -1;
	r = clear_deleted(a, &servers, e);
	rows_fini(&servers);
	return r < 0 ? -1 : power_sync_all(a, conn, e);
}
