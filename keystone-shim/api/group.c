/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of users, and who is in them. */
#include "keystone-shim/api/resource.h"

#include "common/crypto/digest.h"

struct group_in {
	const char *name, *domain_id, *description;
};

static const struct jfield group_new_fields[] = {
	JF_STR(struct group_in, name, J_REQ, 1, 64),
	JF_STR(struct group_in, domain_id, 0, 1, 64),
	JF_STR(struct group_in, description, J_NULL, 0, 65535),
	JF_END_OPEN
};

static const struct jfield group_fields[] = {
	JF_STR(struct group_in, name, 0, 1, 64),
	JF_STR(struct group_in, domain_id, 0, 1, 64),
	JF_STR(struct group_in, description, J_NULL, 0, 65535),
	JF_END_OPEN
};

static void group_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_splice(w, row_text(row, group__extra), row_len(row, group__extra));
	j_str(w, "id", row_text(row, group__id));
	j_str(w, "name", row_text(row, group__name));
	j_str(w, "domain_id", row_text(row, group__domain_id));
	j_str(w, "description", row_text(row, group__description));
}

/* Of a user's groups; only federated memberships ever end. */
static void membership_members(struct req *rq, const struct row *row)
{
	group_members(rq, row);
	j_null(&rq->w, "membership_expires_at");
}

static const struct resource group = {
	"group", "groups", group_members, group__id
};
static const struct resource membership = {
	"group", "groups", membership_members, group__id
};

static int group_show_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "group_id"));
	return allow_reader(rq);
}

static int group_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &group, rows, req_path(rq, "group_id"));
}

const struct read_op group_show = {
	&SQL_group_show, group_show_bind, group_show_view
};

static int group_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "name"), query_text(rq, "domain_id"));
	return allow_reader(rq);
}

static int group_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &group, rows);
}

const struct read_op group_list = {
	&SQL_group_list, group_list_bind, group_list_view
};

static int user_group_list_bind(struct req *rq)
{
	const char *id = req_path(rq, "user_id");

	req_args(rq, id, query_text(rq, "name"));
	return allow_user(rq, id);
}

static int user_group_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &membership, rows);
}

const struct read_op user_group_list = {
	&SQL_user_group_list, user_group_list_bind, user_group_list_view
};

static int name_taken(struct req *rq, const char *name)
{
	if (rq->err.kind != ERR_CONFLICT)
		return -1;
	return fail(rq, ERR_CONFLICT, "Conflict occurred attempting to store "
		    "group - Duplicate entry found with name %s.", name);
}

int group_create(struct req *rq)
{
	struct group_in in = { .domain_id = home_domain(rq) };
	const char *doc = resource_body(rq, "group", group_new_fields, &in,
					NULL);
	char id[UUID_HEX_SIZE];
	struct row row;

	if (!doc)
		return -1;
	uuid_v4_hex(id);
	if (sql_one(rq, &SQL_group_create, &row,
		    ARGS(id, in.domain_id, doc)) < 0)
		return name_taken(rq, in.name);
	return resource_reply(rq, &group, &row, 201);
}

int group_update(struct req *rq)
{
	const char *id = req_path(rq, "group_id");
	struct group_in in = { 0 };
	const char *doc = resource_body(rq, "group", group_fields, &in, NULL);
	struct row row;
	int n;

	if (!doc)
		return -1;
	n = sql_maybe(rq, &SQL_group_update, &row, ARGS(id, doc));
	if (n == 0)
		return resource_missing(rq, "group", id);
	return n < 0 ? name_taken(rq, in.name) :
		resource_reply(rq, &group, &row, 200);
}

int group_delete(struct req *rq)
{
	return resource_delete(rq, &group, &SQL_group_delete,
			       req_path(rq, "group_id"));
}

/* -- members -------------------------------------------------------------- */

/* Whether group and user are there, and the one in the other if need be. */
static int found(struct req *rq, const struct row *row, bool member)
{
	const char *group_id = req_path(rq, "group_id");
	const char *user_id = req_path(rq, "user_id");

	if (!row_bool(row, membership__group_found))
		return resource_missing(rq, "group", group_id);
	if (!row_bool(row, membership__user_found))
		return resource_missing(rq, "user", user_id);
	if (member && !row_bool(row, membership__member_found))
		return fail(rq, ERR_NOT_FOUND, "User '%s' not found in group "
			    "'%s'.", user_id, group_id);
	return 0;
}

static int member_change(struct req *rq, const struct sql_stmt *s, bool member)
{
	struct row row;

	if (sql_one(rq, s, &row, ARGS(req_path(rq, "group_id"),
				      req_path(rq, "user_id"))) < 0 ||
	    found(rq, &row, member) < 0 || tokens_changed(rq) < 0)
		return -1;
	return reply(rq, 204);
}

int group_user_add(struct req *rq)
{
	return member_change(rq, &SQL_group_user_add, false);
}

int group_user_remove(struct req *rq)
{
	return member_change(rq, &SQL_group_user_remove, true);
}

static int group_user_check_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "group_id"), req_path(rq, "user_id"));
	return allow_reader(rq);
}

static int group_user_check_view(struct req *rq, const struct rows *rows)
{
	struct row row = rows_at(rows, 0);

	return found(rq, &row, true) < 0 ? -1 : reply(rq, 204);
}

const struct read_op group_user_check = {
	&SQL_group_user_check, group_user_check_bind, group_user_check_view
};
