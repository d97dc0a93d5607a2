/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "nova-lite/nova.h"

/* What administrators see of the hosts: zones, hypervisors. */

static int no_args(struct req *rq)
{
	(void)rq;
	return 0;
}

static void heartbeat_view(struct jw *w, usec_t t)
{
	if (t)
		j_time(w, "updated_at", t, TIME_USEC);
	else
		j_null(w, "updated_at");
}

/* -- availability zones --------------------------------------------------- */

static void host_in_zone_view(struct jw *w, const struct row *row)
{
	j_obj(w, row_text(row, zone__name));
	j_obj(w, "nova-compute");
	j_bool(w, "available", row_bool(row, zone__up));
	j_bool(w, "active", !row_bool(row, zone__disabled));
	heartbeat_view(w, row_time(row, zone__heartbeat));
	j_end(w);
	j_end(w);
}

/* The rows of one zone from i on; returns where the next one starts. A zone
 * is available while a host of it is enabled. */
static int zone_view(struct jw *w, const struct rows *rows, int i, bool hosts)
{
	struct row first = rows_at(rows, i), row;
	const char *zone = row_text(&first, zone__zone);
	bool available = false;
	int end;

	for (end = i; end < rows->n; end++) {
		row = rows_at(rows, end);
		if (strcmp(row_text(&row, zone__zone), zone) != 0)
			break;
		available |= !row_bool(&row, zone__disabled);
	}
	j_obj(w, NULL);
	j_str(w, "zoneName", zone);
	j_obj(w, "zoneState");
	j_bool(w, "available", available);
	j_end(w);
	if (hosts)
		j_obj(w, "hosts");
	else
		j_null(w, "hosts");
	for (; hosts && i < end; i++) {
		row = rows_at(rows, i);
		host_in_zone_view(w, &row);
	}
	if (hosts)
		j_end(w);
	j_end(w);
	return end;
}

static int zones_view(struct req *rq, const struct rows *rows, bool hosts)
{
	int i = 0;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "availabilityZoneInfo");
	while (i < rows->n)
		i = zone_view(&rq->w, rows, i, hosts);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

static int zone_list_view(struct req *rq, const struct rows *rows)
{
	return zones_view(rq, rows, false);
}

static int zone_detail_view(struct req *rq, const struct rows *rows)
{
	return zones_view(rq, rows, true);
}

const struct read_op zone_list = { &SQL_zone_list, no_args, zone_list_view };
const struct read_op zone_detail = {
	&SQL_zone_list, no_args, zone_detail_view
};

/* -- hypervisors ---------------------------------------------------------- */

static bool with_servers(struct req *rq)
{
	const char *s = req_mv(rq, 53) ? req_query(rq, "with_servers") : NULL;

	return rq->route->read == &hypervisor_servers ||
		(s && text_is_true(s));
}

/* In the path until 2.52, then a parameter; NULL: any name. */
static const char *pattern_of(struct req *rq)
{
	if (rq->route->read == &hypervisor_search ||
	    rq->route->read == &hypervisor_servers)
		return req_path(rq, "hypervisor_id");
	return req_mv(rq, 53) ?
		req_query(rq, "hypervisor_hostname_pattern") : NULL;
}

static int hypervisors_bind(struct req *rq)
{
	req_args(rq, sql_null(), sql_null(), pattern_of(rq),
		 with_servers(rq));
	return 0;
}

static void hypervisor_brief(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	if (req_mv(rq, 53))
		j_str(w, "id", row_text(row, hypervisor__uuid));
	else
		j_int(w, "id", row_int(row, hypervisor__id));
	j_str(w, "hypervisor_hostname",
	      row_text(row, hypervisor__hypervisor_hostname));
	j_str(w, "state", row_bool(row, hypervisor__up) ? "up" : "down");
	j_str(w, "status", row_bool(row, hypervisor__disabled) ?
	      "disabled" : "enabled");
	if (with_servers(rq) && !row_null(row, hypervisor__servers))
		j_raw(w, "servers", row_text(row, hypervisor__servers),
		      row_len(row, hypervisor__servers));
}

/* A host's size and what is left of it; also their sums in statistics. */
struct room {
	int64_t count, vcpus, memory, disk, vcpus_used, memory_used, disk_used;
	int64_t servers, busy;
};

static void room_add(struct room *r, const struct row *row)
{
	r->count++;
	r->vcpus += row_int(row, hypervisor__vcpus);
	r->memory += row_int(row, hypervisor__memory_mb);
	r->disk += row_int(row, hypervisor__local_gb);
	r->vcpus_used += row_int(row, hypervisor__vcpus_used);
	r->memory_used += row_int(row, hypervisor__ram_used);
	r->disk_used += row_int(row, hypervisor__gb_used);
	r->servers += row_int(row, hypervisor__servers_n);
	r->busy += row_int(row, hypervisor__busy);
}

static void room_view(struct jw *w, const struct room *r)
{
	j_int(w, "vcpus", r->vcpus);
	j_int(w, "memory_mb", r->memory);
	j_int(w, "local_gb", r->disk);
	j_int(w, "vcpus_used", r->vcpus_used);
	j_int(w, "memory_mb_used", r->memory_used);
	j_int(w, "local_gb_used", r->disk_used);
	j_int(w, "free_ram_mb", r->memory - r->memory_used);
	j_int(w, "free_disk_gb", r->disk - r->disk_used);
	j_int(w, "current_workload", r->busy);
	j_int(w, "running_vms", r->servers);
	j_int(w, "disk_available_least", r->disk - r->disk_used);
}

/* cpu_info was JSON within a string until 2.27. */
static void cpu_view(struct req *rq, const struct row *row)
{
	const char *json = row_text(row, hypervisor__cpu_info);
	size_t n = row_len(row, hypervisor__cpu_info);

	if (req_mv(rq, 28))
		j_raw(&rq->w, "cpu_info", json, n);
	else
		j_strn(&rq->w, "cpu_info", json, n);
}

static void hypervisor_service_view(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_obj(w, "service");
	if (req_mv(rq, 53))
		j_str(w, "id", row_text(row, hypervisor__service_uuid));
	else
		j_int(w, "id", row_int(row, hypervisor__id));
	j_str(w, "host", row_text(row, hypervisor__name));
	j_str(w, "disabled_reason",
	      row_text(row, hypervisor__disabled_reason));
	j_end(w);
}

static void hypervisor_full(struct req *rq, const struct row *row)
{
	struct room room = { 0 };
	struct jw *w = &rq->w;

	hypervisor_brief(rq, row);
	j_str(w, "hypervisor_type",
	      row_text(row, hypervisor__hypervisor_type));
	j_int(w, "hypervisor_version",
	      row_int(row, hypervisor__hypervisor_version));
	j_str(w, "host_ip", row_text(row, hypervisor__host_ip));
	hypervisor_service_view(rq, row);
	if (req_mv(rq, 88)) {
		j_null(w, "uptime");
		return;
	}
	room_add(&room, row);
	room_view(w, &room);
	cpu_view(rq, row);
}

static int hypervisors_view(struct req *rq, const struct rows *rows,
			    void (*view)(struct req *, const struct row *))
{
	const char *pattern = pattern_of(rq);
	struct row row;
	int i;

	if (rows->n == 0 && pattern)
		return fail(rq, ERR_NOT_FOUND, "No hypervisor matching '%s' "
			    "could be found.", pattern);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "hypervisors");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		j_obj(&rq->w, NULL);
		view(rq, &row);
		j_end(&rq->w);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

static int hypervisor_list_view(struct req *rq, const struct rows *rows)
{
	return hypervisors_view(rq, rows, hypervisor_brief);
}

static int hypervisor_detail_view(struct req *rq, const struct rows *rows)
{
	return hypervisors_view(rq, rows, hypervisor_full);
}

const struct read_op hypervisor_list = {
	&SQL_hypervisor_list, hypervisors_bind, hypervisor_list_view
};
const struct read_op hypervisor_detail = {
	&SQL_hypervisor_list, hypervisors_bind, hypervisor_detail_view
};
const struct read_op hypervisor_search = {
	&SQL_hypervisor_list, hypervisors_bind, hypervisor_list_view
};
const struct read_op hypervisor_servers = {
	&SQL_hypervisor_list, hypervisors_bind, hypervisor_list_view
};

static int statistics_view(struct req *rq, const struct rows *rows)
{
	struct room sum = { 0 };
	struct row row;
	int i;

	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		room_add(&sum, &row);
	}
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "hypervisor_statistics");
	j_int(&rq->w, "count", sum.count);
	room_view(&rq->w, &sum);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op hypervisor_statistics = {
	&SQL_hypervisor_list, hypervisors_bind, statistics_view
};

static int no_hypervisor(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "Hypervisor with ID '%s' could not be "
		    "found.", req_path(rq, "hypervisor_id"));
}

/* Numbers until 2.52, then uuids. */
static int hypervisor_show_bind(struct req *rq)
{
	const char *id = req_path(rq, "hypervisor_id");
	struct sql_arg number = sql_null(), uuid = sql_null();

	if (req_mv(rq, 53)) {
		if (!is_uuid(id))
			return fail(rq, ERR_BAD_REQUEST, "Invalid uuid %s",
				    id);
		uuid = sql_arg_text(id);
	} else {
		if (id[strspn(id, "0123456789")] || strlen(id) > 9)
			return no_hypervisor(rq);
		number = sql_arg_int(atoi(id));
	}
	req_args(rq, number, uuid, sql_null(), with_servers(rq));
	return 0;
}

static int hypervisor_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_hypervisor(rq);
	row = rows_at(rows, 0);
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "hypervisor");
	hypervisor_full(rq, &row);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op hypervisor_show = {
	&SQL_hypervisor_list, hypervisor_show_bind, hypervisor_show_view
};

/* Nova's own drivers do not all know it either. */
static int hypervisor_uptime_view(struct req *rq, const struct rows *rows)
{
	if (rows->n == 0)
		return no_hypervisor(rq);
	return fail(rq, ERR_NOT_IMPLEMENTED, NULL);
}

const struct read_op hypervisor_uptime = {
	&SQL_hypervisor_list, hypervisor_show_bind, hypervisor_uptime_view
};

/* -- migrations: nothing moves between hosts here ------------------------- */

int migration_list(struct req *rq)
{
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "migrations");
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}
