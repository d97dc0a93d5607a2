/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/resource.h"

#include "common/crypto/digest.h"

struct region_in {
	const char *id, *description, *parent_region_id;
};

static const struct jfield region_fields[] = {
	JF_STR(struct region_in, id, J_NULL, 1, 255),
	JF_STR(struct region_in, description, J_NULL, 0, 65535),
	JF_STR(struct region_in, parent_region_id, J_NULL, 1, 255),
	JF_END_OPEN
};

static void region_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_splice(w, row_text(row, region__extra), row_len(row, region__extra));
	j_str(w, "id", row_text(row, region__id));
	j_str(w, "description", row_text(row, region__description));
	j_str(w, "parent_region_id", row_text(row, region__parent_region_id));
}

static const struct resource region = {
	"region", "regions", region_members, region__id
};

static int region_show_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "region_id"));
	return 0;
}

static int region_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &region, rows, req_path(rq, "region_id"));
}

const struct read_op region_show = {
	&SQL_region_show, region_show_bind, region_show_view
};

static int region_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "parent_region_id"));
	return 0;
}

static int region_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &region, rows);
}

const struct read_op region_list = {
	&SQL_region_list, region_list_bind, region_list_view
};

static int region_store(struct req *rq, const char *id)
{
	struct region_in in = { 0 };
	const char *doc = resource_body(rq, "region", region_fields, &in,
					NULL);
	char fresh[UUID_HEX_SIZE];
	struct row row;

	if (!doc)
		return -1;
	uuid_v4_hex(fresh);
	if (!id)
		id = in.id ? in.id : fresh;
	if (sql_one(rq, &SQL_region_create, &row, ARGS(id, doc)) == 0)
		return resource_reply(rq, &region, &row, 201);
	if (rq->err.kind == ERR_CONFLICT)
		return fail(rq, ERR_CONFLICT, "Conflict occurred attempting "
			    "to store region - Duplicate ID, %s..", id);
	return -1;
}

int region_create(struct req *rq)
{
	return region_store(rq, NULL);
}

int region_create_as(struct req *rq)
{
	return region_store(rq, req_path(rq, "region_id"));
}

int region_update(struct req *rq)
{
	const char *id = req_path(rq, "region_id");
	struct region_in in = { 0 };
	const char *doc = resource_body(rq, "region", region_fields, &in,
					NULL);
	struct row row;
	int n;

	if (!doc)
		return -1;
	n = sql_maybe(rq, &SQL_region_update, &row, ARGS(id, doc));
	if (n == 0)
		return resource_missing(rq, "region", id);
	return n < 0 ? -1 : resource_reply(rq, &region, &row, 200);
}

int region_delete(struct req *rq)
{
	return resource_delete(rq, &region, &SQL_region_delete,
			       req_path(rq, "region_id"));
}
