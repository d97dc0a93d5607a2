/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/json/repr.h"
#include "nova-lite/nova.h"

/* -- what a quota set shows, by version ----------------------------------- */

/* gone: the version from which a resource is no business of compute's. */
static const struct resource {
	const char *name;
	int gone;
} resources[] = {
	{ "cores", 999 }, { "fixed_ips", 36 }, { "floating_ips", 36 },
	{ "injected_file_content_bytes", 57 },
	{ "injected_file_path_bytes", 57 }, { "injected_files", 57 },
	{ "instances", 999 }, { "key_pairs", 999 },
	{ "metadata_items", 999 }, { "ram", 999 },
	{ "security_group_rules", 36 }, { "security_groups", 36 },
	{ "server_group_members", 999 }, { "server_groups", 999 },
};

static bool shown(const struct req *rq, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(resources); i++)
		if (strcmp(resources[i].name, name) == 0)
			return !req_mv(rq, resources[i].gone);
	return false;
}

/* Nova asks Keystone whether there is such a project; a form that no project
 * has is what can be told without it. */
static int check_project(struct req *rq)
{
	const char *id = req_path(rq, "project_id");
	size_t n = strspn(id, "0123456789abcdef-");

	if (n == strlen(id) && n >= 32)
		return 0;
	return fail(rq, ERR_BAD_REQUEST,
		    "Project ID %s is not a valid project.", id);
}

/* Others' quotas are for administrators. */
static int check_reader(struct req *rq)
{
	if (!rq->token->is_admin &&
	    strcmp(req_path(rq, "project_id"), rq->token->project_id) != 0)
		return rq->svc->deny(rq);
	return check_project(rq);
}

static int show_bind(struct req *rq)
{
	if (check_reader(rq) < 0)
		return -1;
	req_args(rq, req_path(rq, "project_id"), false);
	return 0;
}

static int defaults_bind(struct req *rq)
{
	if (check_project(rq) < 0)
		return -1;
	req_args(rq, req_path(rq, "project_id"), true);
	return 0;
}

static void limit_view(struct jw *w, const struct row *row)
{
	j_int(w, row_text(row, limit__resource), row_int(row, limit__hard));
}

static void usage_view(struct jw *w, const struct row *row)
{
	j_obj(w, row_text(row, limit__resource));
	j_int(w, "limit", row_int(row, limit__hard));
	j_int(w, "in_use", row_int(row, limit__used));
	j_int(w, "reserved", 0);
	j_end(w);
}

static int set_view(struct req *rq, const struct rows *rows, const char *id,
		    void (*view)(struct jw *, const struct row *))
{
	struct row row;
	int i;

	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "quota_set");
	if (id)
		j_str(&rq->w, "id", id);
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (shown(rq, row_text(&row, limit__resource)))
			view(&rq->w, &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

static int show_view(struct req *rq, const struct rows *rows)
{
	return set_view(rq, rows, req_path(rq, "project_id"), limit_view);
}

static int detail_view(struct req *rq, const struct rows *rows)
{
	return set_view(rq, rows, req_path(rq, "project_id"), usage_view);
}

const struct read_op quota_show = { &SQL_limit_list, show_bind, show_view };
const struct read_op quota_defaults = {
	&SQL_limit_list, defaults_bind, show_view
};
const struct read_op quota_detail = {
	&SQL_limit_list, show_bind, detail_view
};

/* -- changes -------------------------------------------------------------- */

static bool limit_of(const json_t *v, long long *limit_r)
{
	const char *s = json_string_value(v);
	char *end;

	if (json_is_integer(v))
		*limit_r = json_integer_value(v);
	else if (s && *s)
		*limit_r = strtoll(s, &end, 10);
	return json_is_integer(v) || (s && *s && !*end);
}

static int unknown_resource(struct req *rq, const char *field,
			    const json_t *set, const char *key)
{
	_cleanup_(buf_fini) struct buf value = { 0 };

	py_str(&value, set);
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field/attribute "
		    "%s. Value: %s. Additional properties are not allowed "
		    "('%s' was unexpected)", field, buf_str(&value), key);
}

/* {resource: limit, "force": bool} into limits, a new object of numbers. */
static int read_limits(struct req *rq, const char *field, json_t *set,
		       json_t *limits)
{
	const char *key;
	long long limit;
	json_t *v;

	json_object_foreach(set, key, v) {
		if (strcmp(key, "force") == 0 &&
		    strcmp(field, "quota_set") == 0)
			continue;
		if (!shown(rq, key))
			return unknown_resource(rq, field, set, key);
		if (!limit_of(v, &limit))
			return bad_value(rq, key, v,
					 "is not of type 'integer', 'string'");
		if (limit < -1)
			return bad_value(rq, key, v,
					 "is less than the minimum of -1");
		if (limit > INT32_MAX)
			return bad_value(rq, key, v, "is greater than the "
					 "maximum of 2147483647");
		json_object_set_new(limits, key, json_integer(limit));
	}
	return 0;
}

static int limits_text(struct req *rq, const char *field, json_t *set,
		       const char **text_r)
{
	json_t *limits = json_object();
	int ret = read_limits(rq, field, set, limits);

	*text_r = json_text(rq, limits);
	json_decref(limits);
	return ret;
}

int quota_update(struct req *rq)
{
	struct quota_in { json_t *quota_set; } in = { 0 };
	static const struct jfield fields[] = {
		JF_JSON(struct quota_in, quota_set, J_REQ | J_OBJ), JF_END
	};
	const char *project = req_path(rq, "project_id"), *limits;
	const struct rows *rows;
	bool force;

	if (check_project(rq) < 0 || req_body(rq, NULL, fields, &in) < 0 ||
	    limits_text(rq, "quota_set", in.quota_set, &limits) < 0)
		return -1;
	force = json_is_true(json_object_get(in.quota_set, "force"));
	if (tx_begin(rq) < 0 ||
	    sql_run(rq, &SQL_quota_update, ARGS(project, limits, force)) < 0 ||
	    sql_rows(rq, &SQL_limit_list, &rows, ARGS(project, false)) < 0 ||
	    tx_commit(rq) < 0)
		return -1;
	return set_view(rq, rows, NULL, limit_view);
}

int quota_delete(struct req *rq)
{
	if (check_project(rq) < 0 ||
	    sql_run(rq, &SQL_quota_delete,
		    ARGS(req_path(rq, "project_id"))) < 0)
		return -1;
	return reply(rq, 202);
}

/* -- the class that all projects are of ----------------------------------- */

/* As a project's, but groups of servers came with 2.50, when networks went. */
static bool class_shown(const struct req *rq, const char *name)
{
	bool network = strcmp(name, "fixed_ips") == 0 ||
		strcmp(name, "floating_ips") == 0 ||
		strncmp(name, "security_group", 14) == 0;

	if (strncmp(name, "server_group", 12) == 0)
		return req_mv(rq, 50);
	return network ? !req_mv(rq, 50) : shown(rq, name);
}

static int class_reply(struct req *rq, const struct rows *rows, const char *id)
{
	struct row row;
	int i;

	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "quota_class_set");
	if (id)
		j_str(&rq->w, "id", id);
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (class_shown(rq, row_text(&row, limit__resource)))
			limit_view(&rq->w, &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

static int class_bind(struct req *rq)
{
	req_args(rq, "", true);
	return 0;
}

static int class_view(struct req *rq, const struct rows *rows)
{
	return class_reply(rq, rows, req_path(rq, "class"));
}

const struct read_op quota_class_show = {
	&SQL_limit_list, class_bind, class_view
};

/* No other class than the default one is in use, in Nova either. */
int quota_class_update(struct req *rq)
{
	struct class_in { json_t *quota_class_set; } in = { 0 };
	static const struct jfield fields[] = {
		JF_JSON(struct class_in, quota_class_set, J_REQ | J_OBJ),
		JF_END
	};
	const struct rows *rows;
	const char *limits;

	if (req_body(rq, NULL, fields, &in) < 0 ||
	    limits_text(rq, "quota_class_set", in.quota_class_set,
			&limits) < 0)
		return -1;
	if (strcmp(req_path(rq, "class"), "default") != 0)
		return fail(rq, ERR_NOT_FOUND, "Quota class %s could not be "
			    "found.", req_path(rq, "class"));
	if (sql_run(rq, &SQL_quota_update, ARGS("", limits, true)) < 0 ||
	    sql_rows(rq, &SQL_limit_list, &rows, ARGS("", true)) < 0)
		return -1;
	return class_reply(rq, rows, NULL);
}

/* -- limits --------------------------------------------------------------- */

/* The same figures under the names that limits have; gone as above. */
static const struct limit_name {
	const char *resource, *most, *used;
	int gone;
} limit_names[] = {
	{ "instances", "maxTotalInstances", "totalInstancesUsed", 999 },
	{ "cores", "maxTotalCores", "totalCoresUsed", 999 },
	{ "ram", "maxTotalRAMSize", "totalRAMUsed", 999 },
	{ "metadata_items", "maxServerMeta", NULL, 999 },
	{ "metadata_items", "maxImageMeta", NULL, 39 },
	{ "injected_files", "maxPersonality", NULL, 57 },
	{ "injected_file_content_bytes", "maxPersonalitySize", NULL, 57 },
	{ "key_pairs", "maxTotalKeypairs", NULL, 999 },
	{ "server_groups", "maxServerGroups", "totalServerGroupsUsed", 999 },
	{ "server_group_members", "maxServerGroupMembers", NULL, 999 },
	{ "floating_ips", "maxTotalFloatingIps", "totalFloatingIpsUsed", 36 },
	{ "security_groups", "maxSecurityGroups", "totalSecurityGroupsUsed",
	  36 },
	{ "security_group_rules", "maxSecurityGroupRules", NULL, 36 },
};

static int limits_bind(struct req *rq)
{
	const char *project = req_query(rq, "tenant_id");

	if (!project)
		project = rq->token->project_id;
	else if (!rq->token->is_admin &&
		 strcmp(project, rq->token->project_id) != 0)
		return fail(rq, ERR_FORBIDDEN, "Policy doesn't allow "
			    "os_compute_api:limits:other_project to be "
			    "performed.");
	req_args(rq, project, false);
	return 0;
}

static void absolute_view(struct req *rq, const struct row *row)
{
	const char *resource = row_text(row, limit__resource);
	const struct limit_name *l = limit_names;

	for (; l < limit_names + ARRAY_LEN(limit_names); l++) {
		if (strcmp(l->resource, resource) != 0 || req_mv(rq, l->gone))
			continue;
		j_int(&rq->w, l->most, row_int(row, limit__hard));
		if (l->used)
			j_int(&rq->w, l->used, row_int(row, limit__used));
	}
}

static int limits_view(struct req *rq, const struct rows *rows)
{
	struct jw *w = &rq->w;
	struct row row;
	int i;

	j_obj(w, NULL);
	j_obj(w, "limits");
	j_arr(w, "rate");
	j_end(w);
	j_obj(w, "absolute");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		absolute_view(rq, &row);
	}
	j_end(w);
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

const struct read_op limit_list = {
	&SQL_limit_list, limits_bind, limits_view
};
