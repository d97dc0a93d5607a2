/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/json/text.h"
#include "nova-lite/nova.h"

static void flavor_size_view(struct req *rq, const struct row *row)
{
	int64_t swap = row_int(row, flavor__swap);
	struct jw *w = &rq->w;

	j_int(w, "ram", row_int(row, flavor__ram));
	j_int(w, "disk", row_int(row, flavor__disk));
	if (swap == 0 && !req_mv(rq, 75))
		j_str(w, "swap", "");
	else
		j_int(w, "swap", swap);
	j_int(w, "OS-FLV-EXT-DATA:ephemeral", row_int(row, flavor__ephemeral));
	j_bool(w, "OS-FLV-DISABLED:disabled", row_bool(row, flavor__disabled));
	j_int(w, "vcpus", row_int(row, flavor__vcpus));
	j_bool(w, "os-flavor-access:is_public",
	       row_bool(row, flavor__is_public));
	j_double(w, "rxtx_factor", row_double(row, flavor__rxtx_factor));
}

static void flavor_view(struct req *rq, const struct urls *u, const char *key,
			const struct row *row)
{
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "id", row_text(row, flavor__id));
	j_str(w, "name", row_text(row, flavor__name));
	flavor_size_view(rq, row);
	links_view(rq, u, "flavors", row_text(row, flavor__id));
	if (req_mv(rq, 55))
		j_str(w, "description", row_text(row, flavor__description));
	if (req_mv(rq, 61))
		j_raw(w, "extra_specs", row_text(row, flavor__extra_specs),
		      row_len(row, flavor__extra_specs));
	j_end(w);
}

static void flavor_brief(struct req *rq, const struct urls *u, const char *key,
			 const struct row *row)
{
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "id", row_text(row, flavor__id));
	j_str(w, "name", row_text(row, flavor__name));
	links_view(rq, u, "flavors", row_text(row, flavor__id));
	if (req_mv(rq, 55))
		j_str(w, "description", row_text(row, flavor__description));
	j_end(w);
}

static int one_flavor(struct req *rq, const struct row *row)
{
	struct urls u = urls_of(rq);

	j_obj(&rq->w, NULL);
	flavor_view(rq, &u, "flavor", row);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* -- lists ---------------------------------------------------------------- */

/* Only administrators may ask for private flavors; None is both. */
static const char *visibility(struct req *rq)
{
	const char *s = req_query(rq, "is_public");

	if (!s || !rq->token->is_admin)
		return "public";
	if (strcmp(s, "None") == 0 || strcmp(s, "none") == 0)
		return "all";
	return text_is_true(s) ? "public" : "private";
}

static int sort_of(struct req *rq, const char **key_r, bool *up_r)
{
	static const char *const keys[] = { "flavorid", "name", "memory_mb",
		"vcpus", "root_gb", "ephemeral_gb", "swap", "id" };
	const char *key = req_query(rq, "sort_key");
	const char *dir = req_query(rq, "sort_dir");
	size_t i = 0;

	*key_r = key ? key : "flavorid";
	*up_r = !dir || strcmp(dir, "asc") == 0;
	if (!*up_r && strcmp(dir, "desc") != 0)
		return bad_query(rq, "sort_dir", dir,
				 "is not one of ['asc', 'desc']");
	while (i < ARRAY_LEN(keys) && strcmp(keys[i], *key_r) != 0)
		i++;
	if (i == ARRAY_LEN(keys))
		return bad_query(rq, "sort_key", key, "is not one of "
				 "['flavorid', 'name', 'memory_mb', 'vcpus', "
				 "'root_gb', 'ephemeral_gb', 'swap', 'id']");
	return 0;
}

/* Nova ignores nothing here: a minimum that is no number is a 400. */
static int minimum(struct req *rq, const char *name, int64_t *v_r)
{
	const char *s = req_query(rq, name);

	if (s && (!*s || s[strspn(s, "0123456789")]))
		return bad_query(rq, name, s, "does not match '^[0-9]*$'");
	return req_query_int(rq, name, 0, INT32_MAX, 0, v_r);
}

static int flavors_bind(struct req *rq)
{
	int64_t limit, ram, disk;
	const char *key;
	bool up;

	if (query_limit(rq, &limit) < 0 || sort_of(rq, &key, &up) < 0 ||
	    minimum(rq, "minRam", &ram) < 0 ||
	    minimum(rq, "minDisk", &disk) < 0)
		return -1;
	req_args(rq, scope_of(rq), visibility(rq), rq->token->project_id,
		 ram, disk, req_query(rq, "marker"), limit, key, up);
	return 0;
}

static int flavors_view(struct req *rq, const struct rows *rows,
			void (*view)(struct req *, const struct urls *,
				     const char *, const struct row *))
{
	struct page page = { "flavors_links", NULL, rows->n, 0 };
	struct urls u = urls_of(rq);
	struct row row;
	int i;

	query_limit(rq, &page.limit);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "flavors");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		view(rq, &u, NULL, &row);
		page.last = row_text(&row, flavor__id);
	}
	j_end(&rq->w);
	next_view(rq, &page);
	j_end(&rq->w);
	return reply(rq, 200);
}

static int flavor_list_view(struct req *rq, const struct rows *rows)
{
	return flavors_view(rq, rows, flavor_brief);
}

static int flavor_detail_view(struct req *rq, const struct rows *rows)
{
	return flavors_view(rq, rows, flavor_view);
}

const struct read_op flavor_list = {
	&SQL_flavor_list, flavors_bind, flavor_list_view
};
const struct read_op flavor_detail = {
	&SQL_flavor_list, flavors_bind, flavor_detail_view
};

/* -- one ------------------------------------------------------------------ */

static int flavor_show_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "flavor_id"), scope_of(rq));
	return 0;
}

static int flavor_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_flavor(rq);
	row = rows_at(rows, 0);
	return one_flavor(rq, &row);
}

const struct read_op flavor_show = {
	&SQL_flavor_show, flavor_show_bind, flavor_show_view
};

struct flavor_in {
	const char *name, *id, *description;
	int64_t ram, vcpus, disk, ephemeral, swap;
	json_t *rxtx_factor;
	bool is_public;
};

static const struct jfield flavor_fields[] = {
	JF_STR(struct flavor_in, name, J_REQ | J_NAME, 1, 255),
	JF_STR(struct flavor_in, id, J_NULL, 1, 255),
	JF_INT(struct flavor_in, ram, J_REQ | J_LAX, 1, INT32_MAX),
	JF_INT(struct flavor_in, vcpus, J_REQ | J_LAX, 1, INT32_MAX),
	JF_INT(struct flavor_in, disk, J_REQ | J_LAX, 0, INT32_MAX),
	JF_INT_K(struct flavor_in, ephemeral, "OS-FLV-EXT-DATA:ephemeral",
		 J_LAX, 0, INT32_MAX),
	JF_INT(struct flavor_in, swap, J_LAX, 0, INT32_MAX),
	JF_JSON(struct flavor_in, rxtx_factor, 0),
	JF_BOOL_K(struct flavor_in, is_public, "os-flavor-access:is_public",
		  J_LAX),
	JF_STR_MV(struct flavor_in, description, J_NULL, 0, 65535, 55, 999),
	JF_END
};

/* A number above 0, perhaps as text: as text for a parameter; NULL: bad. */
static const char *factor_text(struct req *rq, const json_t *v)
{
	const char *s = json_string_value(v);

	if (!v)
		return "1.0";
	if (json_is_number(v) && json_number_value(v) > 0)
		return json_text(rq, v);
	if (s && text_is_decimal(s) && s[strspn(s, "0.")])
		return s;
	bad_value(rq, "rxtx_factor", v,
		  "does not match '^[0-9]+(\\.[0-9]+)?$'");
	return NULL;
}

/* Which of the two unique things is taken decides the words. */
static int flavor_taken(struct req *rq, const struct flavor_in *in)
{
	struct row row;

	if (rq->err.kind != ERR_CONFLICT || !in->id ||
	    sql_maybe(rq, &SQL_flavor_show, &row,
		      ARGS(in->id, sql_null())) != 1)
		return fail(rq, rq->err.kind, "%s",
			    rq->err.kind == ERR_CONFLICT ?
			    req_printf(rq, "Flavor with name %s already "
				       "exists.", in->name) :
			    req_printf(rq, "%s", rq->err.msg));
	return fail(rq, ERR_CONFLICT, "Flavor with ID %s already exists.",
		    in->id);
}

int flavor_create(struct req *rq)
{
	struct flavor_in in = { .is_public = true };
	const char *factor;
	struct row row;

	if (req_body(rq, "flavor", flavor_fields, &in) < 0)
		return -1;
	factor = factor_text(rq, in.rxtx_factor);
	if (!factor)
		return -1;
	if (sql_one(rq, &SQL_flavor_create, &row,
		    ARGS(in.id, in.name, in.ram, in.disk, in.vcpus,
			 in.ephemeral, in.swap, factor, in.is_public,
			 in.description)) < 0)
		return flavor_taken(rq, &in);
	return one_flavor(rq, &row);
}

int flavor_update(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_STR(struct flavor_in, description, J_REQ | J_NULL, 0,
		       65535),
		JF_END
	};
	struct flavor_in in = { 0 };
	struct row row;
	int n;

	if (req_body(rq, "flavor", fields, &in) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_flavor_update, &row,
		      ARGS(req_path(rq, "flavor_id"), in.description));
	if (n <= 0)
		return n < 0 ? -1 : no_flavor(rq);
	return one_flavor(rq, &row);
}

int flavor_delete(struct req *rq)
{
	int64_t n = sql_run(rq, &SQL_flavor_delete,
			    ARGS(req_path(rq, "flavor_id")));

	if (n <= 0)
		return n < 0 ? -1 : no_flavor(rq);
	return reply(rq, 202);
}
