/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles of a user or group on a project, a domain or the system. The six kinds
 * of path have the same operations; what a path does not name is null.
 */
#include "keystone-shim/api/resource.h"

#include <string.h>

struct grant {
	const char *user, *group, *target, *role;
};

static struct grant grant_of(const struct req *rq)
{
	struct grant g = {
		.user = path_or_null(rq, "user_id"),
		.group = path_or_null(rq, "group_id"),
		.target = path_or_null(rq, "project_id"),
		.role = path_or_null(rq, "role_id"),
	};

	if (!g.target)
		g.target = path_or_null(rq, "domain_id");
	return g;
}

static int grant_missing(struct req *rq, const struct grant *g)
{
	return fail(rq, ERR_NOT_FOUND, "Could not find role assignment with "
		    "role: %s, user or group: %s, project, domain, or system: "
		    "%s.", g->role, g->user ? g->user : g->group,
		    g->target ? g->target : "system");
}

int grant_create(struct req *rq)
{
	struct grant g = grant_of(rq);
	struct row row;

	if (sql_one(rq, &SQL_grant_create, &row,
		    ARGS(g.user, g.group, g.target, g.role)) < 0)
		return -1;
	if (!row_bool(&row, grant__role_found))
		return resource_missing(rq, "role", g.role);
	if (!row_bool(&row, grant__actor_found))
		return resource_missing(rq, g.user ? "user" : "group",
					g.user ? g.user : g.group);
	if (!row_bool(&row, grant__target_found))
		return resource_missing(rq, path_or_null(rq, "domain_id") ?
					"domain" : "project", g.target);
	if (!row_bool(&row, grant__role_fits))
		return fail(rq, ERR_FORBIDDEN, "Project %s must be in the same "
			    "domain as the role %s being assigned.",
			    g.target ? g.target : "system", g.role);
	if (tokens_changed(rq) < 0)
		return -1;
	return reply(rq, 204);
}

static int grant_bind(struct req *rq)
{
	struct grant g = grant_of(rq);

	req_args(rq, g.user, g.group, g.target);
	if (g.role)
		req_args(rq, g.role);
	return allow_reader(rq);
}

static int grant_check_view(struct req *rq, const struct rows *rows)
{
	struct grant g = grant_of(rq);

	return rows->n > 0 ? reply(rq, 204) : grant_missing(rq, &g);
}

const struct read_op grant_check = {
	&SQL_grant_check, grant_bind, grant_check_view
};

int grant_delete(struct req *rq)
{
	struct grant g = grant_of(rq);
	struct row row;
	int n = sql_maybe(rq, &SQL_grant_delete, &row,
			  ARGS(g.user, g.group, g.target, g.role));

	if (n < 0)
		return -1;
	if (n == 0)
		return grant_missing(rq, &g);
	if (tokens_changed(rq) < 0)
		return -1;
	return reply(rq, 204);
}

static void grant_role_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_str(w, "id", row_text(row, role__id));
	j_str(w, "name", row_text(row, role__name));
	j_str(w, "domain_id", row_text(row, role__domain_id));
	j_str(w, "description", row_text(row, role__description));
	j_raw(w, "options", row_text(row, role__options),
	      row_len(row, role__options));
}

static int grant_list_view(struct req *rq, const struct rows *rows)
{
	static const struct resource role = {
		"role", "roles", grant_role_members, role__id
	};

	return resource_list(rq, &role, rows);
}

const struct read_op grant_list = {
	&SQL_grant_list, grant_bind, grant_list_view
};

/* -- the list of all assignments ------------------------------------------ */

static int role_assignment_list_bind(struct req *rq)
{
	const char *target = req_query(rq, "scope.project.id");

	if (!target)
		target = req_query(rq, "scope.domain.id");
	req_args(rq, query_text(rq, "user.id"), query_text(rq, "group.id"),
		 query_text(rq, "role.id"), target,
		 query_is_set(rq, "scope.system"),
		 query_is_set(rq, "effective"),
		 query_is_set(rq, "include_subtree"));
	return allow_reader(rq);
}

/*
 * {"id"}, with the name and its domain when names were asked for: the four
 * columns from `id` on (see sql/assignment.row).
 */
static void named(struct req *rq, const char *key, const struct row *row,
		  int id)
{
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "id", row_text(row, id));
	if (query_is_set(rq, "include_names")) {
		j_str(w, "name", row_text(row, id + 1));
		if (!row_null(row, id + 2)) {
			j_obj(w, "domain");
			j_str(w, "id", row_text(row, id + 2));
			j_str(w, "name", row_text(row, id + 3));
			j_end(w);
		}
	}
	j_end(w);
}

static void assignment_scope(struct req *rq, const struct row *row)
{
	bool domain = row_bool(row, assignment__target_is_domain);

	j_obj(&rq->w, "scope");
	if (row_null(row, assignment__target_id)) {
		j_obj(&rq->w, "system");
		j_bool(&rq->w, "all", true);
		j_end(&rq->w);
	} else {
		named(rq, domain ? "domain" : "project", row,
		      assignment__target_id);
	}
	if (row_bool(row, assignment__inherited))
		j_str(&rq->w, "OS-INHERIT:inherited_to", "projects");
	j_end(&rq->w);
}

static void assignment_link(struct req *rq, const struct row *row)
{
	const char *target = row_text(row, assignment__target_id);
	bool domain = row_bool(row, assignment__target_is_domain);
	bool user = !row_null(row, assignment__user_id);

	j_obj(&rq->w, "links");
	j_strf(&rq->w, "assignment", "%s/v3/%s%s/%s/%s/roles/%s", rq->base_url,
	       !target ? "system" : domain ? "domains/" : "projects/",
	       target ? target : "", user ? "users" : "groups",
	       row_text(row, user ? assignment__user_id :
			assignment__group_id),
	       row_text(row, assignment__role_id));
	j_end(&rq->w);
}

static void assignment_role(struct req *rq, const struct row *row)
{
	j_obj(&rq->w, "role");
	j_str(&rq->w, "id", row_text(row, assignment__role_id));
	if (query_is_set(rq, "include_names"))
		j_str(&rq->w, "name", row_text(row, assignment__role_name));
	j_end(&rq->w);
}

static int role_assignment_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "role_assignments");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		j_obj(&rq->w, NULL);
		assignment_link(rq, &row);
		assignment_scope(rq, &row);
		if (!row_null(&row, assignment__user_id))
			named(rq, "user", &row, assignment__user_id);
		else
			named(rq, "group", &row, assignment__group_id);
		assignment_role(rq, &row);
		j_end(&rq->w);
	}
	j_end(&rq->w);
	links_list(rq);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op role_assignment_list = {
	&SQL_role_assignment_list, role_assignment_list_bind,
	role_assignment_list_view
};
