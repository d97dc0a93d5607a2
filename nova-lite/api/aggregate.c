/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "nova-lite/nova.h"

/* Sets of hosts, for administrators. */

static int no_aggregate(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "Aggregate %s could not be found.",
		    req_path(rq, "aggregate_id"));
}

static int path_number(struct req *rq, int64_t *id_r)
{
	const char *s = req_path(rq, "aggregate_id");

	if (s[strspn(s, "0123456789")])
		return fail(rq, ERR_BAD_REQUEST,
			    "Invalid input received: id must be an integer");
	if (strlen(s) > 9)
		return no_aggregate(rq);
	*id_r = atoi(s);
	return 0;
}

/* -- views ---------------------------------------------------------------- */

static void aggregate_view(struct req *rq, const char *key,
			   const struct row *row)
{
	bool made = strcmp(rq->route->op, "aggregate_create") == 0;
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_int(w, "id", row_int(row, aggregate__id));
	if (req_mv(rq, 41))
		j_str(w, "uuid", row_text(row, aggregate__uuid));
	j_str(w, "name", row_text(row, aggregate__name));
	if (!made) {
		j_raw(w, "hosts", row_text(row, aggregate__hosts),
		      row_len(row, aggregate__hosts));
		j_raw(w, "metadata", row_text(row, aggregate__metadata),
		      row_len(row, aggregate__metadata));
	}
	j_time(w, "created_at", row_time(row, aggregate__created_at),
	       TIME_USEC);
	if (row_null(row, aggregate__updated_at))
		j_null(w, "updated_at");
	else
		j_time(w, "updated_at", row_time(row, aggregate__updated_at),
		       TIME_USEC);
	j_null(w, "deleted_at");
	j_bool(w, "deleted", false);
	j_str(w, "availability_zone", row_text(row, aggregate__zone));
	j_end(w);
}

static int one_aggregate(struct req *rq, const struct row *row)
{
	j_obj(&rq->w, NULL);
	aggregate_view(rq, "aggregate", row);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* -- reads ---------------------------------------------------------------- */

static int list_bind(struct req *rq)
{
	req_args(rq, sql_null());
	return 0;
}

static int list_view(struct req *rq, const struct rows *rows)
{
	struct row row;
	int i;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "aggregates");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		aggregate_view(rq, NULL, &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op aggregate_list = {
	&SQL_aggregate_list, list_bind, list_view
};

static int show_bind(struct req *rq)
{
	int64_t id;

	if (path_number(rq, &id) < 0)
		return -1;
	req_args(rq, id);
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_aggregate(rq);
	row = rows_at(rows, 0);
	return one_aggregate(rq, &row);
}

const struct read_op aggregate_show = {
	&SQL_aggregate_list, show_bind, show_view
};

/* -- writes --------------------------------------------------------------- */

struct aggregate_in {
	const char *name, *availability_zone;
};

static int taken(struct req *rq, const char *name)
{
	if (rq->err.kind != ERR_CONFLICT)
		return -1;
	return fail(rq, ERR_CONFLICT, "Aggregate %s already exists.", name);
}

int aggregate_create(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_STR(struct aggregate_in, name, J_REQ | J_NAME, 1, 255),
		JF_STR(struct aggregate_in, availability_zone,
		       J_NULL | J_NAME, 1, 255),
		JF_END
	};
	struct aggregate_in in = { 0 };
	struct row row;

	if (req_body(rq, "aggregate", fields, &in) < 0)
		return -1;
	if (sql_one(rq, &SQL_aggregate_create, &row,
		    ARGS(in.name, in.availability_zone)) < 0)
		return taken(rq, in.name);
	return one_aggregate(rq, &row);
}

/* Changes the name (NULL: not) and the members of the metadata that `map`
 * has; consumes map. */
static int change(struct req *rq, const char *name, json_t *map)
{
	const char *text = json_text(rq, map);
	struct row row;
	int64_t id;
	int n;

	json_decref(map);
	if (path_number(rq, &id) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_aggregate_update, &row, ARGS(id, name, text));
	if (n <= 0)
		return n < 0 ? taken(rq, name) : no_aggregate(rq);
	return one_aggregate(rq, &row);
}

int aggregate_update(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_STR(struct aggregate_in, name, J_NAME, 1, 255),
		JF_STR(struct aggregate_in, availability_zone,
		       J_NULL | J_NAME, 1, 255),
		JF_END
	};
	struct aggregate_in in = { 0 };
	json_t *body, *map;

	if (req_body(rq, "aggregate", fields, &in) < 0)
		return -1;
	body = json_object_get(rq->body, "aggregate");
	if (json_object_size(body) == 0)
		return bad_value(rq, "aggregate", body, "is not valid under "
				 "any of the given schemas");
	map = json_object();
	json_object_set(map, "availability_zone",
			json_object_get(body, "availability_zone"));
	return change(rq, in.name, map);
}

/* null takes a member away. */
static int check_metadata(struct req *rq, const json_t *map)
{
	json_t *strings = json_object(), *v;
	const char *key;
	int ret;

	json_object_foreach((json_t *)map, key, v)
		json_object_set_new(strings, key, json_is_null(v) ?
				    json_string("") : json_incref(v));
	ret = check_string_map(rq, "metadata", strings);
	json_decref(strings);
	return ret;
}

int aggregate_metadata(struct req *rq)
{
	struct metadata_in { json_t *metadata; } in = { 0 };
	static const struct jfield fields[] = {
		JF_JSON(struct metadata_in, metadata, J_REQ | J_OBJ), JF_END
	};

	if (req_body(rq, "set_metadata", fields, &in) < 0 ||
	    check_metadata(rq, in.metadata) < 0)
		return -1;
	return change(rq, NULL, json_incref(in.metadata));
}

static int host_change(struct req *rq, const char *action,
		       const struct sql_stmt *sql)
{
	struct host_in { const char *host; } in = { 0 };
	static const struct jfield fields[] = {
		JF_STR(struct host_in, host, J_REQ, 1, 255), JF_END
	};
	struct row row;
	int64_t id;
	int n;

	if (path_number(rq, &id) < 0 ||
	    req_body(rq, action, fields, &in) < 0)
		return -1;
	n = sql_maybe(rq, sql, &row, ARGS(id, in.host));
	if (n <= 0)
		return n < 0 ? -1 : no_aggregate(rq);
	return one_aggregate(rq, &row);
}

int aggregate_host_add(struct req *rq)
{
	return host_change(rq, "add_host", &SQL_aggregate_host_add);
}

int aggregate_host_remove(struct req *rq)
{
	return host_change(rq, "remove_host", &SQL_aggregate_host_remove);
}

struct cache_in { const char *id; };

/* The ids of {"cache": [{"id"}]}, as an array of PostgreSQL. */
static const char *cache_ids(struct req *rq, const json_t *cache)
{
	static const struct jfield fields[] = {
		JF_STR(struct cache_in, id, J_REQ | J_UUID, 1, 255), JF_END
	};
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct cache_in in;
	json_t *item;
	size_t i;

	json_array_foreach(cache, i, item) {
		if (req_fields(rq, item, "cache", fields, &in) < 0)
			return NULL;
		if (buf_str(&out)[0] && strstr(buf_str(&out), in.id)) {
			fail(rq, ERR_BAD_REQUEST, "Duplicate images in "
			     "request");
			return NULL;
		}
		buf_printf(&out, "%c%s", i ? ',' : '{', in.id);
	}
	buf_addc(&out, '}');
	return arena_strdup(req_arena(rq), buf_str(&out));
}

/* Brings images to all hosts of an aggregate. */
int aggregate_images(struct req *rq)
{
	struct images_in { json_t *cache; } in = { 0 };
	static const struct jfield fields[] = {
		JF_JSON(struct images_in, cache, J_REQ | J_ARR), JF_END
	};
	const struct rows *rows;
	const char *ids;
	int64_t id;

	if (path_number(rq, &id) < 0 || req_body(rq, NULL, fields, &in) < 0)
		return -1;
	if (json_array_size(in.cache) == 0)
		return bad_value(rq, "cache", in.cache, "is too short");
	ids = cache_ids(rq, in.cache);
	if (!ids || sql_rows(rq, &SQL_image_cache, &rows,
			     ARGS(id, ids, (const char *)rq->id)) < 0)
		return -1;
	for (int i = 0; i < rows->n; i++) {
		struct row row = rows_at(rows, i);

		wake_agent(rq, row_text(&row, 0));
	}
	return reply(rq, 202);
}

int aggregate_delete(struct req *rq)
{
	int64_t id, n;

	if (path_number(rq, &id) < 0)
		return -1;
	n = sql_run(rq, &SQL_aggregate_delete, ARGS(id));
	if (n <= 0)
		return n < 0 ? -1 : no_aggregate(rq);
	return reply(rq, 200);
}
