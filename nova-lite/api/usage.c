/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"

struct period {
	usec_t start, stop;
};

static int query_time(struct req *rq, const char *name, usec_t dflt,
		      usec_t *t_r)
{
	const char *s = req_query(rq, name);

	*t_r = dflt;
	if (!s || time_parse(s, t_r) == 0)
		return 0;
	return fail(rq, ERR_BAD_REQUEST,
		    "Invalid input received: Datetime is in invalid format");
}

/* From ?start to ?end, both of which are now when they are not given. */
static int period_of(struct req *rq, struct period *p_r)
{
	usec_t now = usec_now();

	if (query_time(rq, "start", now, &p_r->start) < 0 ||
	    query_time(rq, "end", now, &p_r->stop) < 0)
		return -1;
	if (p_r->start > p_r->stop)
		return fail(rq, ERR_BAD_REQUEST, "Invalid start time. The "
			    "start time cannot occur after the end time.");
	if (p_r->stop > now)
		p_r->stop = now;
	return 0;
}

/* Pages came with 2.40, and count servers. */
static int page_limit(struct req *rq, int64_t *limit_r)
{
	*limit_r = INT32_MAX;
	return req_mv(rq, 40) ? query_limit(rq, limit_r) : 0;
}

static int usage_bind(struct req *rq, const char *project)
{
	struct period p;
	int64_t limit;

	if (period_of(rq, &p) < 0 || page_limit(rq, &limit) < 0)
		return -1;
	req_args(rq, project, sql_time(p.start), sql_time(p.stop),
		 req_mv(rq, 40) ? req_query(rq, "marker") : NULL, limit);
	return 0;
}

/* -- views ---------------------------------------------------------------- */

static void server_usage_view(struct jw *w, const struct row *row)
{
	usec_t ended = row_time(row, usage__terminated_at);

	j_obj(w, NULL);
	j_double(w, "hours", row_double(row, usage__hours));
	j_str(w, "flavor", row_text(row, usage__flavor_name));
	j_str(w, "instance_id", row_text(row, usage__id));
	j_str(w, "name", row_text(row, usage__name));
	j_str(w, "tenant_id", row_text(row, usage__project_id));
	j_int(w, "memory_mb", row_int(row, usage__ram));
	j_int(w, "local_gb", row_int(row, usage__gb));
	j_int(w, "vcpus", row_int(row, usage__vcpus));
	j_time(w, "started_at", row_time(row, usage__launched_at), TIME_USEC);
	if (ended)
		j_time(w, "ended_at", ended, TIME_USEC);
	else
		j_null(w, "ended_at");
	j_str(w, "state", ended ? "terminated" :
	      row_text(row, usage__vm_state));
	j_int(w, "uptime", row_int(row, usage__uptime));
	j_end(w);
}

struct totals {
	double disk, vcpus, memory, hours;
};

static void totals_view(struct jw *w, const struct totals *t,
			const struct period *p)
{
	j_double(w, "total_local_gb_usage", t->disk);
	j_double(w, "total_vcpus_usage", t->vcpus);
	j_double(w, "total_memory_mb_usage", t->memory);
	j_double(w, "total_hours", t->hours);
	j_time(w, "start", p->start, TIME_USEC);
	j_time(w, "stop", p->stop, TIME_USEC);
}

static void totals_add(struct totals *t, const struct row *row)
{
	double hours = row_double(row, usage__hours);

	t->disk += hours * (double)row_int(row, usage__gb);
	t->vcpus += hours * (double)row_int(row, usage__vcpus);
	t->memory += hours * (double)row_int(row, usage__ram);
	t->hours += hours;
}

/* The project whose rows begin at i, into the open object; returns where the
 * next one begins. */
static int project_view(struct req *rq, const struct rows *rows, int i,
			bool detailed)
{
	struct row first = rows_at(rows, i), row;
	const char *project = row_text(&first, usage__project_id);
	struct totals sum = { 0 };
	struct period p = { 0 };
	struct jw *w = &rq->w;

	period_of(rq, &p);
	j_str(w, "tenant_id", project);
	if (detailed)
		j_arr(w, "server_usages");
	for (; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (strcmp(row_text(&row, usage__project_id), project) != 0)
			break;
		totals_add(&sum, &row);
		if (detailed)
			server_usage_view(w, &row);
	}
	if (detailed)
		j_end(w);
	totals_view(w, &sum, &p);
	return i;
}

static void page_view(struct req *rq, const struct rows *rows, const char *key)
{
	struct page page = { key, NULL, rows->n, 0 };
	struct row last;

	if (rows->n == 0)
		return;
	last = rows_at(rows, rows->n - 1);
	page.last = row_text(&last, usage__id);
	page_limit(rq, &page.limit);
	next_view(rq, &page);
}

/* -- all projects --------------------------------------------------------- */

static int list_bind(struct req *rq)
{
	return usage_bind(rq, NULL);
}

static int list_view(struct req *rq, const struct rows *rows)
{
	const char *detailed = req_query(rq, "detailed");
	int i = 0;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "tenant_usages");
	while (i < rows->n) {
		j_obj(&rq->w, NULL);
		i = project_view(rq, rows, i,
				 detailed && strcmp(detailed, "1") == 0);
		j_end(&rq->w);
	}
	j_end(&rq->w);
	page_view(rq, rows, "tenant_usages_links");
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op usage_list = { &SQL_usage_list, list_bind, list_view };

/* -- one project ---------------------------------------------------------- */

static int show_bind(struct req *rq)
{
	const char *project = req_path(rq, "project_id");

	if (!rq->token->is_admin &&
	    strcmp(project, rq->token->project_id) != 0)
		return rq->svc->deny(rq);
	return usage_bind(rq, project);
}

static int show_view(struct req *rq, const struct rows *rows)
{
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "tenant_usage");
	if (rows->n)
		project_view(rq, rows, 0, true);
	j_end(&rq->w);
	page_view(rq, rows, "tenant_usage_links");
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op usage_show = { &SQL_usage_list, show_bind, show_view };
