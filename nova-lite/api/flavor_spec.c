/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/extra_spec.h"
#include "nova-lite/nova.h"

static int no_spec(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND,
		    "Flavor %s has no extra specs with key %s.",
		    req_path(rq, "flavor_id"), req_path(rq, "key"));
}

static int spec_list_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "flavor_id"), scope_of(rq), sql_null());
	return 0;
}

static int spec_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_flavor(rq);
	row = rows_at(rows, 0);
	j_obj(&rq->w, NULL);
	j_raw(&rq->w, "extra_specs",
	      row_text(&row, flavor_specs__extra_specs),
	      row_len(&row, flavor_specs__extra_specs));
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op flavor_spec_list = {
	&SQL_flavor_spec_show, spec_list_bind, spec_list_view
};

static int spec_show_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "flavor_id"), scope_of(rq),
		 req_path(rq, "key"));
	return 0;
}

static int spec_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_flavor(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, flavor_specs__value))
		return no_spec(rq);
	j_obj(&rq->w, NULL);
	j_raw(&rq->w, req_path(rq, "key"), row_text(&row, flavor_specs__value),
	      row_len(&row, flavor_specs__value));
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op flavor_spec_show = {
	&SQL_flavor_spec_show, spec_show_bind, spec_show_view
};

static int specs_check(struct req *rq, json_t *map)
{
	const char *key;
	json_t *v;

	if (check_string_map(rq, "extra_specs", map) < 0)
		return -1;
	if (!req_mv(rq, 86))
		return 0;
	json_object_foreach(map, key, v)
		if (extra_spec_check(key, json_string_value(v), &rq->err) < 0)
			return -1;
	return 0;
}

/* Stores what is in map; the reply echoes it. */
static int specs_set(struct req *rq, json_t *map)
{
	int64_t n;

	if (specs_check(rq, map) < 0)
		return -1;
	n = sql_run(rq, &SQL_flavor_spec_update,
		    ARGS(req_path(rq, "flavor_id"), json_text(rq, map)));
	return n > 0 ? 0 : n < 0 ? -1 : no_flavor(rq);
}

static void echo(struct req *rq, const char *key, const json_t *v)
{
	const char *text = json_text(rq, v);

	j_raw(&rq->w, key, text, strlen(text));
}

int flavor_spec_create(struct req *rq)
{
	struct specs_in { json_t *extra_specs; } in = { 0 };
	static const struct jfield fields[] = {
		JF_JSON(struct specs_in, extra_specs, J_REQ | J_OBJ), JF_END
	};

	if (req_body(rq, NULL, fields, &in) < 0 ||
	    specs_set(rq, in.extra_specs) < 0)
		return -1;
	j_obj(&rq->w, NULL);
	echo(rq, "extra_specs", in.extra_specs);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* The body has the one key that the path has. */
int flavor_spec_update(struct req *rq)
{
	json_t *body = req_json(rq);

	if (!body)
		return -1;
	if (!json_is_object(body) || json_object_size(body) != 1 ||
	    !json_object_get(body, req_path(rq, "key")))
		return fail(rq, ERR_BAD_REQUEST,
			    "Request body and URI mismatch");
	if (specs_set(rq, body) < 0)
		return -1;
	echo(rq, NULL, body);
	return reply(rq, 200);
}

int flavor_spec_delete(struct req *rq)
{
	int64_t n = sql_run(rq, &SQL_flavor_spec_delete,
			    ARGS(req_path(rq, "flavor_id"),
				 req_path(rq, "key")));

	if (n <= 0)
		return n < 0 ? -1 : no_spec(rq);
	return reply(rq, 200);
}
