/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/nova.h"

static int access_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "flavor_id"));
	return 0;
}

static int access_view(struct req *rq, const struct rows *rows)
{
	struct jw *w = &rq->w;
	struct row row;
	int i;

	if (rows->n == 0)
		return no_flavor(rq);
	row = rows_at(rows, 0);
	if (row_bool(&row, flavor_access__is_public))
		return fail(rq, ERR_NOT_FOUND,
			    "Access list not available for public flavors.");
	j_obj(w, NULL);
	j_arr(w, "flavor_access");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (row_null(&row, flavor_access__project_id))
			break;
		j_obj(w, NULL);
		j_str(w, "flavor_id", row_text(&row, flavor_access__id));
		j_str(w, "tenant_id",
		      row_text(&row, flavor_access__project_id));
		j_end(w);
	}
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

const struct read_op flavor_access_list = {
	&SQL_flavor_access_list, access_bind, access_view
};

struct access_in { const char *tenant; };

static int read_tenant(struct req *rq, const char *action,
		       struct access_in *in)
{
	static const struct jfield fields[] = {
		JF_STR(struct access_in, tenant, J_REQ, 1, 255), JF_END
	};

	return req_body(rq, action, fields, in);
}

/* Both actions answer with the list as it is then. */
static int access_now(struct req *rq)
{
	const struct rows *rows;

	if (sql_rows(rq, &SQL_flavor_access_list, &rows,
		     ARGS(req_path(rq, "flavor_id"))) < 0)
		return -1;
	return access_view(rq, rows);
}

int flavor_access_add(struct req *rq)
{
	struct access_in in = { 0 };
	struct row row;

	if (read_tenant(rq, "addTenantAccess", &in) < 0)
		return -1;
	if (sql_maybe(rq, &SQL_flavor_show, &row,
		      ARGS(req_path(rq, "flavor_id"), sql_null())) == 1 &&
	    row_bool(&row, flavor__is_public))
		return fail(rq, ERR_CONFLICT, "Can not add access to a public "
			    "flavor.");
	if (sql_run(rq, &SQL_flavor_access_add,
		    ARGS(req_path(rq, "flavor_id"), in.tenant)) < 0)
		return rq->err.kind != ERR_CONFLICT ? -1 :
			fail(rq, ERR_CONFLICT, "Flavor access already exists "
			     "for flavor %s and project %s combination.",
			     req_path(rq, "flavor_id"), in.tenant);
	return access_now(rq);
}

int flavor_access_remove(struct req *rq)
{
	struct access_in in = { 0 };
	int64_t n;

	if (read_tenant(rq, "removeTenantAccess", &in) < 0)
		return -1;
	n = sql_run(rq, &SQL_flavor_access_remove,
		    ARGS(req_path(rq, "flavor_id"), in.tenant));
	if (n < 0)
		return -1;
	if (n == 0)
		return fail(rq, ERR_NOT_FOUND, "Flavor access not found for "
			    "%s / %s combination.",
			    req_path(rq, "flavor_id"), in.tenant);
	return access_now(rq);
}
