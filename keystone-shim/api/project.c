/* SPDX-License-Identifier: Apache-2.0 */
/* Projects, and domains, which are projects that hold others. */
#include "keystone-shim/api/resource.h"

#include <string.h>

#include "common/crypto/digest.h"

#define TAGS_MAX	80
#define TAG_SIZE	255

struct project_in {
	const char *name, *domain_id, *parent_id, *description;
	bool enabled, is_domain;
	json_t *tags, *options;
};

static const struct jfield project_new_fields[] = {
	JF_STR(struct project_in, name, J_REQ, 1, 64),
	JF_STR(struct project_in, domain_id, J_NULL, 1, 64),
	JF_STR(struct project_in, parent_id, J_NULL, 1, 64),
	JF_STR(struct project_in, description, J_NULL, 0, 65535),
	JF_BOOL(struct project_in, enabled, 0),
	JF_BOOL(struct project_in, is_domain, 0),
	JF_JSON(struct project_in, tags, J_ARR),
	JF_JSON(struct project_in, options, J_OBJ),
	JF_END_OPEN
};

static const struct jfield project_fields[] = {
	JF_STR(struct project_in, name, 0, 1, 64),
	JF_STR(struct project_in, domain_id, J_NULL, 1, 64),
	JF_STR(struct project_in, parent_id, J_NULL, 1, 64),
	JF_STR(struct project_in, description, J_NULL, 0, 65535),
	JF_BOOL(struct project_in, enabled, 0),
	JF_BOOL(struct project_in, is_domain, 0),
	JF_JSON(struct project_in, tags, J_ARR),
	JF_JSON(struct project_in, options, J_OBJ),
	JF_END_OPEN
};

/* Tags are different texts that fit between commas and into a path. */
static int tags_check(struct req *rq, json_t *tags)
{
	size_t n = json_array_size(tags);

	if (n > TAGS_MAX)
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
			    "'tags': more than %d tags", TAGS_MAX);
	for (size_t i = 0; i < n; i++) {
		json_t *tag = json_array_get(tags, i);
		size_t len = json_string_length(tag);

		if (len == 0 || len > TAG_SIZE ||
		    strpbrk(json_string_value(tag), ",/"))
			return fail(rq, ERR_BAD_REQUEST, "Invalid input for "
				    "field 'tags': tag %zu is not a text of 1 "
				    "to %d characters without , and /", i,
				    TAG_SIZE);
		for (size_t j = 0; j < i; j++)
			if (json_equal(tag, json_array_get(tags, j)))
				return fail(rq, ERR_BAD_REQUEST, "Invalid "
					    "input for field 'tags': has "
					    "non-unique elements");
	}
	return 0;
}

static void splice(struct req *rq, const struct row *row, int col)
{
	j_splice(&rq->w, row_text(row, col), row_len(row, col));
}

static void raw(struct req *rq, const char *key, const struct row *row,
		int col)
{
	j_raw(&rq->w, key, row_text(row, col), row_len(row, col));
}

static void project_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	splice(rq, row, project__extra);
	j_str(w, "id", row_text(row, project__id));
	j_str(w, "name", row_text(row, project__name));
	j_str(w, "domain_id", row_text(row, project__domain_id));
	j_str(w, "description", row_text(row, project__description));
	j_bool(w, "enabled", row_bool(row, project__enabled));
	j_str(w, "parent_id", row_text(row, project__parent_id));
	j_bool(w, "is_domain", row_bool(row, project__is_domain));
	raw(rq, "tags", row, project__tags);
	/* Keystone repeats them here in the answer to a change. */
	if (strcmp(rq->http->method, "PATCH") == 0)
		raw(rq, "extra", row, project__extra);
	raw(rq, "options", row, project__options);
}

/* A jsonb column that the query asked for; null when there is nothing. */
static void place(struct req *rq, const char *key, const char *asked,
		  const struct row *row, int col)
{
	if (!query_is_set(rq, asked))
		return;
	if (row_null(row, col))
		j_null(&rq->w, key);
	else
		raw(rq, key, row, col);
}

static void project_show_members(struct req *rq, const struct row *row)
{
	project_members(rq, row);
	place(rq, "parents", "parents_as_ids", row, project_show__parents);
	place(rq, "subtree", "subtree_as_ids", row, project_show__subtree);
}

static void domain_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	splice(rq, row, project__extra);
	j_str(w, "id", row_text(row, project__id));
	j_str(w, "name", row_text(row, project__name));
	j_str(w, "description", row_text(row, project__description));
	j_bool(w, "enabled", row_bool(row, project__enabled));
	raw(rq, "tags", row, project__tags);
	raw(rq, "options", row, project__options);
}

static const struct resource project = {
	"project", "projects", project_members, project__id
};
static const struct resource project_in_tree = {
	"project", "projects", project_show_members, project__id
};
static const struct resource domain = {
	"domain", "domains", domain_members, project__id
};

/* -- projects ------------------------------------------------------------ */

static int project_show_bind(struct req *rq)
{
	const char *id = req_path(rq, "project_id");

	req_args(rq, id, query_is_set(rq, "parents_as_ids"),
		 query_is_set(rq, "subtree_as_ids"));
	return allow_project(rq, id);
}

static int project_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &project_in_tree, rows,
			     req_path(rq, "project_id"));
}

const struct read_op project_show = {
	&SQL_project_show, project_show_bind, project_show_view
};

static int project_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "name"), query_text(rq, "domain_id"),
		 query_text(rq, "parent_id"), query_flag(rq, "enabled"),
		 query_flag(rq, "is_domain"), query_text(rq, "tags"),
		 query_text(rq, "tags-any"), query_text(rq, "not-tags"),
		 query_text(rq, "not-tags-any"));
	return allow_reader(rq);
}

static int project_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &project, rows);
}

const struct read_op project_list = {
	&SQL_project_list, project_list_bind, project_list_view
};

static int user_project_list_bind(struct req *rq)
{
	const char *id = req_path(rq, "user_id");

	req_args(rq, id, false);
	return allow_user(rq, id);
}

const struct read_op user_project_list = {
	&SQL_user_project_list, user_project_list_bind, project_list_view
};

static int auth_project_list_bind(struct req *rq)
{
	req_args(rq, (const char *)rq->token->user_id, true);
	return 0;
}

const struct read_op auth_project_list = {
	&SQL_user_project_list, auth_project_list_bind, project_list_view
};

/* The domain and parent of a new project: each follows from the other. */
static int project_place(struct req *rq, struct project_in *in)
{
	const char *parent_id = in->parent_id ? in->parent_id :
				in->domain_id ? in->domain_id :
				home_domain(rq);
	struct row parent;
	const char *owner;
	int n = sql_maybe(rq, &SQL_project_parent, &parent, ARGS(parent_id));

	if (n < 0)
		return -1;
	if (n == 0)
		return fail(rq, ERR_BAD_REQUEST, "Could not find %s: %s.",
			    in->parent_id ? "project" : "domain", parent_id);
	owner = row_text(&parent, parent__domain_id);
	if (in->domain_id && strcmp(in->domain_id, owner) != 0)
		return fail(rq, ERR_BAD_REQUEST, "Cannot create project, "
			    "since it specifies its domain_id %s, but "
			    "specifies a parent in a different domain (%s).",
			    in->domain_id, owner);
	in->domain_id = owner;
	in->parent_id = parent_id;
	return 0;
}

static int store(struct req *rq, const struct resource *r,
		 const struct project_in *in, const char *doc)
{
	char id[UUID_HEX_SIZE];
	struct row row;

	if (tags_check(rq, in->tags) < 0)
		return -1;
	uuid_v4_hex(id);
	if (sql_one(rq, &SQL_project_create, &row,
		    ARGS(id, in->domain_id, in->parent_id, doc)) == 0)
		return resource_reply(rq, r, &row, 201);
	if (rq->err.kind == ERR_CONFLICT && !in->is_domain)
		return fail(rq, ERR_CONFLICT, "Conflict occurred attempting "
			    "to store project - it is not permitted to have "
			    "two projects with either the same name or same "
			    "id in the same domain: name is %s, project id "
			    "%s.", in->name, id);
	return -1;
}

int project_create(struct req *rq)
{
	struct project_in in = { 0 };
	const char *doc = resource_body(rq, "project", project_new_fields,
					&in, NULL);

	if (!doc)
		return -1;
	if (in.is_domain)
		in.domain_id = in.parent_id = NULL;
	else if (project_place(rq, &in) < 0)
		return -1;
	return store(rq, &project, &in, doc);
}

static int change(struct req *rq, const struct resource *r, const char *id,
		  struct sql_arg is_domain)
{
	struct project_in in = { 0 };
	const char *doc = resource_body(rq, r->one, project_fields, &in, NULL);
	const char *owner;
	struct row row;
	int n;

	if (!doc || tags_check(rq, in.tags) < 0 || tx_begin(rq) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_project_update, &row, ARGS(id, doc, is_domain));
	if (n == 0)
		return resource_missing(rq, r->one, id);
	if (n < 0)
		return -1;
	owner = row_text(&row, project__domain_id);
	if (in.domain_id && (!owner || strcmp(in.domain_id, owner) != 0))
		return fail(rq, ERR_BAD_REQUEST, "Cannot change Domain ID");
	if (tx_commit(rq) < 0 || tokens_changed(rq) < 0)
		return -1;
	return resource_reply(rq, r, &row, 200);
}

int project_update(struct req *rq)
{
	return change(rq, &project, req_path(rq, "project_id"), sql_null());
}

int project_delete(struct req *rq)
{
	return resource_delete(rq, &project, &SQL_project_delete,
			       req_path(rq, "project_id"));
}

/* -- domains ------------------------------------------------------------- */

static int domain_show_bind(struct req *rq)
{
	const char *id = req_path(rq, "domain_id");

	req_args(rq, id);
	return allow_domain(rq, id);
}

static int domain_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &domain, rows, req_path(rq, "domain_id"));
}

const struct read_op domain_show = {
	&SQL_domain_show, domain_show_bind, domain_show_view
};

static int domain_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "name"), query_flag(rq, "enabled"));
	return allow_reader(rq);
}

static int domain_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &domain, rows);
}

const struct read_op domain_list = {
	&SQL_domain_list, domain_list_bind, domain_list_view
};

static int auth_domain_list_bind(struct req *rq)
{
	req_args(rq, (const char *)rq->token->user_id);
	return 0;
}

const struct read_op auth_domain_list = {
	&SQL_user_domain_list, auth_domain_list_bind, domain_list_view
};

int domain_create(struct req *rq)
{
	struct project_in in = { 0 };
	const char *doc = resource_body(rq, "domain", project_new_fields, &in,
					NULL);

	if (!doc)
		return -1;
	in.is_domain = true;
	in.domain_id = in.parent_id = NULL;
	return store(rq, &domain, &in, doc);
}

int domain_update(struct req *rq)
{
	return change(rq, &domain, req_path(rq, "domain_id"),
		      sql_arg_bool(true));
}

int domain_delete(struct req *rq)
{
	const char *id = req_path(rq, "domain_id");
	struct row row;
	int n = sql_maybe(rq, &SQL_domain_show, &row, ARGS(id));

	if (n > 0 && row_bool(&row, project__enabled))
		return fail(rq, ERR_FORBIDDEN, "Cannot delete a domain that "
			    "is enabled, please disable it first.");
	if (n < 0)
		return -1;
	return resource_delete(rq, &domain, &SQL_domain_delete, id);
}
