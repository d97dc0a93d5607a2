/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/nova.h"

static void action_core(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_str(w, "action", row_text(row, action__action));
	j_str(w, "instance_uuid", row_text(row, action__server_id));
	j_str(w, "request_id", row_text(row, action__request_id));
	j_str(w, "user_id", row_text(row, action__user_id));
	j_str(w, "project_id", row_text(row, action__project_id));
	j_time(w, "start_time", row_time(row, action__started_at), TIME_USEC);
	j_str(w, "message", row_text(row, action__message));
	if (req_mv(rq, 58))
		j_time(w, "updated_at", row_time(row, action__updated_at),
		       TIME_USEC);
}

/* -- list ----------------------------------------------------------------- */

static int query_time(struct req *rq, const char *name, int since,
		      struct sql_arg *arg_r)
{
	const char *s = req_mv(rq, since) ? req_query(rq, name) : NULL;
	usec_t t;

	*arg_r = sql_null();
	if (!s)
		return 0;
	if (time_parse(s, &t) < 0)
		return bad_query(rq, name, s, "is not a 'date-time'");
	*arg_r = sql_time(t);
	return 0;
}

/* Pages came with 2.58. */
static int page_limit(struct req *rq, int64_t *limit_r)
{
	*limit_r = INT32_MAX;
	return req_mv(rq, 58) ? query_limit(rq, limit_r) : 0;
}

static int list_bind(struct req *rq)
{
	const char *id = path_server(rq);
	struct sql_arg since, before;
	int64_t limit;

	if (!id || query_time(rq, "changes-since", 58, &since) < 0 ||
	    query_time(rq, "changes-before", 66, &before) < 0 ||
	    page_limit(rq, &limit) < 0)
		return -1;
	req_args(rq, id, scope_of(rq), sql_null(), since, before,
		 req_mv(rq, 58) ? req_query(rq, "marker") : NULL, limit,
		 (bool)req_mv(rq, 21));
	return 0;
}

static int list_view(struct req *rq, const struct rows *rows)
{
	struct page page = { "links", NULL, rows->n, 0 };
	struct jw *w = &rq->w;
	struct row row;
	int i;

	if (rows->n == 0 && !req_query(rq, "marker"))
		return no_server(rq);
	page_limit(rq, &page.limit);
	j_obj(w, NULL);
	j_arr(w, "instanceActions");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (row_null(&row, action__action))
			break;
		j_obj(w, NULL);
		action_core(rq, &row);
		j_end(w);
		page.last = row_text(&row, action__request_id);
	}
	j_end(w);
	if (page.last)
		next_view(rq, &page);
	j_end(w);
	return reply(rq, 200);
}

const struct read_op action_list = {
	&SQL_action_list, list_bind, list_view
};

/* -- one ------------------------------------------------------------------ */

static int show_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq), req_path(rq, "request_id"), sql_null(),
		 sql_null(), sql_null(), 1, (bool)req_mv(rq, 21));
	return 0;
}

static void event_time(struct jw *w, const char *key, const json_t *v)
{
	if (json_is_integer(v))
		j_time(w, key, json_integer_value(v) * USEC_PER_SEC,
		       TIME_USEC);
	else
		j_null(w, key);
}

static void event_view(struct req *rq, const json_t *e, const char *host_id)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_str(w, "event", json_string_value(json_object_get(e, "event")));
	event_time(w, "start_time", json_object_get(e, "started"));
	event_time(w, "finish_time", json_object_get(e, "finished"));
	j_str(w, "result", json_string_value(json_object_get(e, "result")));
	if (rq->token->is_admin || req_mv(rq, 51))
		j_null(w, "traceback");
	if (req_mv(rq, 62)) {
		if (rq->token->is_admin)
			j_str(w, "host", json_string_value(
				json_object_get(e, "host")));
		j_str(w, "hostId", host_id);
	}
	if (req_mv(rq, 84))
		j_str(w, "details",
		      json_string_value(json_object_get(e, "details")));
	j_end(w);
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct jw *w = &rq->w;
	json_t *events, *e;
	struct row row;
	size_t i;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, action__action))
		return fail(rq, ERR_NOT_FOUND, "Action %s not found",
			    req_path(rq, "request_id"));
	events = row_null(&row, action__events) ? NULL :
		json_loadb(row_text(&row, action__events),
			   row_len(&row, action__events), 0, NULL);
	j_obj(w, NULL);
	j_obj(w, "instanceAction");
	action_core(rq, &row);
	j_arr(w, "events");
	json_array_foreach(events, i, e)
		event_view(rq, e, row_text(&row, action__host_id));
	j_end(w);
	j_end(w);
	j_end(w);
	json_decref(events);
	return reply(rq, 200);
}

const struct read_op action_show = {
	&SQL_action_list, show_bind, show_view
};
