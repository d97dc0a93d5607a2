/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/resource.h"

#include <string.h>

#include "common/crypto/digest.h"

struct role_in {
	const char *name, *domain_id, *description;
	json_t *options;
};

static const struct jfield role_new_fields[] = {
	JF_STR(struct role_in, name, J_REQ, 1, 255),
	JF_STR(struct role_in, domain_id, J_NULL, 1, 64),
	JF_STR(struct role_in, description, J_NULL, 0, 65535),
	JF_JSON(struct role_in, options, J_OBJ),
	JF_END_OPEN
};

static const struct jfield role_fields[] = {
	JF_STR(struct role_in, name, 0, 1, 255),
	JF_STR(struct role_in, description, J_NULL, 0, 65535),
	JF_JSON(struct role_in, options, J_OBJ),
	JF_END_OPEN
};

static void role_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_str(w, "id", row_text(row, role__id));
	j_str(w, "name", row_text(row, role__name));
	j_str(w, "domain_id", row_text(row, role__domain_id));
	j_str(w, "description", row_text(row, role__description));
	j_raw(w, "options", row_text(row, role__options),
	      row_len(row, role__options));
}

static const struct resource role = {
	"role", "roles", role_members, role__id
};

static int role_show_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "role_id"));
	return allow_reader(rq);
}

static int role_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &role, rows, req_path(rq, "role_id"));
}

const struct read_op role_show = {
	&SQL_role_show, role_show_bind, role_show_view
};

static int role_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "name"), query_text(rq, "domain_id"));
	return allow_reader(rq);
}

static int role_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &role, rows);
}

const struct read_op role_list = {
	&SQL_role_list, role_list_bind, role_list_view
};

static int name_taken(struct req *rq, const char *name)
{
	if (rq->err.kind != ERR_CONFLICT)
		return -1;
	return fail(rq, ERR_CONFLICT, "Conflict occurred attempting to store "
		    "role - Duplicate entry found with name %s.", name);
}

int role_create(struct req *rq)
{
	struct role_in in = { 0 };
	const char *doc = resource_body(rq, "role", role_new_fields, &in,
					NULL);
	char id[UUID_HEX_SIZE];
	struct row row;

	if (!doc)
		return -1;
	uuid_v4_hex(id);
	if (sql_one(rq, &SQL_role_create, &row, ARGS(id, doc)) < 0)
		return name_taken(rq, in.name);
	return resource_reply(rq, &role, &row, 201);
}

int role_update(struct req *rq)
{
	const char *id = req_path(rq, "role_id");
	struct role_in in = { 0 };
	const char *doc = resource_body(rq, "role", role_fields, &in, NULL);
	struct row row;
	int n;

	if (!doc)
		return -1;
	n = sql_maybe(rq, &SQL_role_update, &row, ARGS(id, doc));
	if (n == 0)
		return resource_missing(rq, "role", id);
	if (n < 0)
		return name_taken(rq, in.name);
	if (tokens_changed(rq) < 0)
		return -1;
	return resource_reply(rq, &role, &row, 200);
}

/* The roles that a new cloud starts with are marked immutable. */
int role_delete(struct req *rq)
{
	const char *id = req_path(rq, "role_id");
	struct row row;
	int n = sql_maybe(rq, &SQL_role_show, &row, ARGS(id));

	if (n < 0)
		return -1;
	if (n > 0 && strstr(row_text(&row, role__options),
			    "\"immutable\": true"))
		return fail(rq, ERR_FORBIDDEN, "Unable to delete immutable "
			    "role resource: %s. Set resource option "
			    "\"immutable\" to false first.", id);
	return resource_delete(rq, &role, &SQL_role_delete, id);
}
