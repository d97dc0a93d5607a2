/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"

/* -- reads ---------------------------------------------------------------- */

static int list_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq), sql_null());
	return 0;
}

static void raw(struct req *rq, const char *key, const struct row *row,
		int col)
{
	j_raw(&rq->w, key, row_text(row, col), row_len(row, col));
}

static int list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	j_obj(&rq->w, NULL);
	raw(rq, "metadata", &row, bag__metadata);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op metadata_list = { &SQL_server_bag, list_bind, list_view };

static int show_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq), req_path(rq, "key"));
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, bag__item))
		return fail(rq, ERR_NOT_FOUND, "Metadata item was not found");
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "meta");
	raw(rq, req_path(rq, "key"), &row, bag__item);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op metadata_show = { &SQL_server_bag, show_bind, show_view };

/* -- writes --------------------------------------------------------------- */

struct metadata_in { json_t *metadata, *meta; };

/* Stores a map; *row_r is the whole metadata afterwards. */
static int store(struct req *rq, const json_t *map, bool replace,
		 struct row *row_r)
{
	const char *id = path_server(rq);
	int n;

	if (!id || check_string_map(rq, "metadata", map) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_metadata_update, row_r,
		      ARGS(id, scope_of(rq), json_text(rq, map), replace));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	return 0;
}

static int store_all(struct req *rq, bool replace)
{
	static const struct jfield fields[] = {
		JF_JSON(struct metadata_in, metadata, J_REQ | J_OBJ), JF_END
	};
	struct metadata_in in = { 0 };
	struct row row;

	if (req_body(rq, NULL, fields, &in) < 0 ||
	    store(rq, in.metadata, replace, &row) < 0)
		return -1;
	j_obj(&rq->w, NULL);
	raw(rq, "metadata", &row, metadata__metadata);
	j_end(&rq->w);
	return reply(rq, 200);
}

int metadata_create(struct req *rq)
{
	return store_all(rq, false);
}

int metadata_replace(struct req *rq)
{
	return store_all(rq, true);
}

int metadata_update(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_JSON(struct metadata_in, meta, J_REQ | J_OBJ), JF_END
	};
	struct metadata_in in = { 0 };
	const char *text;
	struct row row;

	if (req_body(rq, NULL, fields, &in) < 0)
		return -1;
	if (json_object_size(in.meta) != 1 ||
	    !json_object_get(in.meta, req_path(rq, "key")))
		return fail(rq, ERR_BAD_REQUEST,
			    "Request body and URI mismatch");
	if (store(rq, in.meta, false, &row) < 0)
		return -1;
	text = json_text(rq, in.meta);
	j_obj(&rq->w, NULL);
	j_raw(&rq->w, "meta", text, strlen(text));
	j_end(&rq->w);
	return reply(rq, 200);
}

int metadata_delete(struct req *rq)
{
	const char *id = path_server(rq);
	struct row row;
	int64_t n;

	if (!id)
		return -1;
	n = sql_run(rq, &SQL_metadata_delete,
		    ARGS(id, scope_of(rq), req_path(rq, "key")));
	if (n < 0)
		return -1;
	if (n == 0 && sql_maybe(rq, &SQL_server_show, &row,
				ARGS(id, scope_of(rq))) == 0)
		return no_server(rq);
	if (n == 0)
		return fail(rq, ERR_NOT_FOUND, "Metadata item was not found");
	return reply(rq, 204);
}
