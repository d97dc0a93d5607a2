/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/compute/network.h"
#include "nova-lite/compute/server.h"

enum { LEASES_MAX = 1024 };

static size_t fill_leases(const struct rows *rows, struct virt_lease *leases)
{
	size_t n = 0;

	for (int i = 0; i < rows->n && n < LEASES_MAX; i++) {
		struct row row = rows_at(rows, i);

		leases[n++] = (struct virt_lease){
			.mac = row_text(&row, lease__mac),
			.address = row_text(&row, lease__ip),
		};
	}
	return n;
}

static int ensure_one(struct agent *a, const struct row *row,
		      const struct rows *lease_rows, struct err *e)
{
	_cleanup_(cleanup_free) struct virt_lease *leases =
		xcalloc(LEASES_MAX, sizeof(*leases));
	const struct network_spec spec = {
		.name = row_text(row, bridge__id),
		.uuid = row_text(row, bridge__id),
		.bridge = row_text(row, bridge__bridge),
		.gateway = row_text(row, bridge__gateway),
		.prefix = row_int(row, bridge__prefix),
		.leases = leases,
		.n_leases = fill_leases(lease_rows, leases),
	};

	return virt_network_ensure(a->virt, &spec, e);
}

static int ensure_row(struct agent *a, struct sql_conn *conn,
		      const struct row *row, struct err *e)
{
	struct rows leases = { 0 };
	int r;

	if (sql_exec(conn, &SQL_network_leases,
		     ARGS(row_text(row, bridge__id), (const char *)a->host),
		     &leases, e) < 0)
		return -1;
	r = ensure_one(a, row, &leases, e);
	rows_fini(&leases);
	return r;
}

int network_ensure(struct agent *a, struct sql_conn *conn, const char *id,
		   struct err *e)
{
	struct rows rows = { 0 };
	int r = 0;

	if (sql_exec(conn, &SQL_network_bridges, ARGS(id), &rows, e) < 0)
		return -1;
	for (int i = 0; i < rows.n && r == 0; i++) {
		struct row row = rows_at(&rows, i);

		r = ensure_row(a, conn, &row, e);
	}
	rows_fini(&rows);
	return r;
}

static bool on_bridge(const struct row *nic)
{
	return strcmp(row_text(nic, nic__kind), "bridge") == 0;
}

static int lease_one(struct job *j, const struct row *nic, struct err *e)
{
	struct agent *a = job_agent(j);
	const char *network = row_text(nic, nic__network_id);
	struct virt_lease lease = { .mac = row_text(nic, nic__mac),
				    .address = row_text(nic, nic__ip) };

	if (network_ensure(a, j->conn, network, e) < 0)
		return -1;
	return lease.address ?
	       virt_network_lease(a->virt, network, &lease, e) : 0;
}

int server_leases(struct job *j, struct err *e)
{
	const struct rows *nics = job_server(j)->nics;

	for (int i = 0; i < nics->n; i++) {
		struct row nic = rows_at(nics, i);

		if (on_bridge(&nic) && lease_one(j, &nic, e) < 0)
			return -1;
	}
	return 0;
}

/* A network that is gone has taken its leases along. */
int server_unlease(struct job *j, struct err *e)
{
	const struct rows *nics = job_server(j)->nics;
	struct err why;

	for (int i = 0; i < nics->n; i++) {
		struct row nic = rows_at(nics, i);

		if (!on_bridge(&nic) ||
		    virt_network_unlease(job_agent(j)->virt,
					 row_text(&nic, nic__network_id),
					 row_text(&nic, nic__mac), &why) == 0)
			continue;
		if (why.kind == ERR_NOT_FOUND)
			continue;
		*e = why;
		return -1;
	}
	return 0;
}
