/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/servers.h"

#define TAGS_MAX 50

static int no_tag(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "Server %s has no tag '%s'",
		    req_path(rq, "server_id"), req_path(rq, "tag"));
}

static void tags_view(struct req *rq, const struct row *row, int col)
{
	j_obj(&rq->w, NULL);
	j_raw(&rq->w, "tags", row_text(row, col), row_len(row, col));
	j_end(&rq->w);
}

/* -- reads ---------------------------------------------------------------- */

static int list_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq), sql_null());
	return 0;
}

static int list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	tags_view(rq, &row, bag__tags);
	return reply(rq, 200);
}

const struct read_op tag_list = { &SQL_server_bag, list_bind, list_view };

static int show_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq), req_path(rq, "tag"));
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	return row_bool(&row, bag__has_tag) ? reply(rq, 204) : no_tag(rq);
}

const struct read_op tag_show = { &SQL_server_bag, show_bind, show_view };

/* -- writes --------------------------------------------------------------- */

static int tags_set(struct req *rq, const char *json, struct row *row_r)
{
	const char *id = path_server(rq);
	int n;

	if (!id)
		return -1;
	n = sql_maybe(rq, &SQL_tag_replace, row_r,
		      ARGS(id, scope_of(rq), json));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	return 0;
}

int tag_replace(struct req *rq)
{
	struct tags_in { json_t *tags; } in = { 0 };
	static const struct jfield fields[] = {
		JF_JSON(struct tags_in, tags, J_REQ | J_ARR), JF_END
	};
	struct row row;

	if (req_body(rq, NULL, fields, &in) < 0 ||
	    check_tags(rq, in.tags) < 0 ||
	    tags_set(rq, json_text(rq, in.tags), &row) < 0)
		return -1;
	tags_view(rq, &row, tags__tags);
	return reply(rq, 200);
}

int tag_clear(struct req *rq)
{
	struct row row;

	if (tags_set(rq, "[]", &row) < 0)
		return -1;
	return reply(rq, 204);
}

/* The tag is the path's, so it is checked as what it was decoded to. */
static int check_path_tag(struct req *rq)
{
	json_t *tag = json_string(req_path(rq, "tag"));
	int ret = check_tag(rq, "tag", tag);

	json_decref(tag);
	return ret;
}

int tag_add(struct req *rq)
{
	const char *id = path_server(rq);
	struct urls u = urls_of(rq);
	struct row row;
	int n;

	if (!id || check_path_tag(rq) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_tag_add, &row,
		      ARGS(id, scope_of(rq), req_path(rq, "tag")));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	if (row_bool(&row, added__had))
		return reply(rq, 204);
	if (row_int(&row, added__held) >= TAGS_MAX)
		return fail(rq, ERR_BAD_REQUEST,
			    "The number of tags exceeded the per-server limit "
			    "%d", TAGS_MAX);
	reply_header(rq, "Location", "%s/servers/%s/tags/%s", u.self, id,
		     req_path(rq, "tag"));
	return reply(rq, 201);
}

int tag_delete(struct req *rq)
{
	const char *id = path_server(rq);
	struct row row;
	int64_t n;

	if (!id)
		return -1;
	n = sql_run(rq, &SQL_tag_delete,
		    ARGS(id, scope_of(rq), req_path(rq, "tag")));
	if (n < 0)
		return -1;
	if (n == 0 && sql_maybe(rq, &SQL_server_show, &row,
				ARGS(id, scope_of(rq))) == 0)
		return no_server(rq);
	return n == 0 ? no_tag(rq) : reply(rq, 204);
}
