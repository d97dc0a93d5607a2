/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"

#define MAX_PER_HOST INT32_MAX

static int no_group(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "Instance group %s could not be found.",
		    req_path(rq, "group_id"));
}

/* -- views ---------------------------------------------------------------- */

/* From 2.64 on one policy and its rules, before that a list of one. */
static void policy_view(struct req *rq, const struct row *row)
{
	const char *policy = row_text(row, server_group__policy);
	int64_t most = row_int(row, server_group__max_per_host);
	struct jw *w = &rq->w;

	if (!req_mv(rq, 64)) {
		j_arr(w, "policies");
		j_str(w, NULL, policy);
		j_end(w);
		j_obj(w, "metadata");
		j_end(w);
		return;
	}
	j_str(w, "policy", policy);
	j_obj(w, "rules");
	if (most > 1)
		j_int(w, "max_server_per_host", most);
	j_end(w);
}

static void group_view(struct req *rq, const char *key, const struct row *row)
{
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "id", row_text(row, server_group__id));
	j_str(w, "name", row_text(row, server_group__name));
	policy_view(rq, row);
	j_raw(w, "members", row_text(row, server_group__members),
	      row_len(row, server_group__members));
	if (req_mv(rq, 13)) {
		j_str(w, "project_id", row_text(row, server_group__project_id));
		j_str(w, "user_id", row_text(row, server_group__user_id));
	}
	j_end(w);
}

static int one_group(struct req *rq, const struct row *row)
{
	j_obj(&rq->w, NULL);
	group_view(rq, "server_group", row);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* -- reads ---------------------------------------------------------------- */

static int list_bind(struct req *rq)
{
	bool all = rq->token->is_admin && req_query(rq, "all_projects");
	int64_t limit, offset;

	if (query_limit(rq, &limit) < 0 ||
	    req_query_int(rq, "offset", 0, INT32_MAX, 0, &offset) < 0)
		return -1;
	req_args(rq, all ? NULL : rq->token->project_id, sql_null(), limit,
		 offset);
	return 0;
}

static int list_view(struct req *rq, const struct rows *rows)
{
	struct row row;
	int i;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "server_groups");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		group_view(rq, NULL, &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op server_group_list = {
	&SQL_server_group_list, list_bind, list_view
};

static int show_bind(struct req *rq)
{
	const char *id = req_path(rq, "group_id");

	if (!is_uuid(id))
		return no_group(rq);
	req_args(rq, scope_of(rq), id, 1, 0);
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_group(rq);
	row = rows_at(rows, 0);
	return one_group(rq, &row);
}

const struct read_op server_group_show = {
	&SQL_server_group_list, show_bind, show_view
};

/* -- writes --------------------------------------------------------------- */

struct group_in {
	const char *name, *policy;
	json_t *policies, *rules;
};

static const struct jfield group_fields[] = {
	JF_STR(struct group_in, name, J_REQ | J_NAME, 1, 255),
	JF_JSON_MV(struct group_in, policies, "policies", J_REQ | J_ARR, 0,
		   63),
	JF_STR_MV(struct group_in, policy, J_REQ, 0, 255, 64, 999),
	JF_JSON_MV(struct group_in, rules, "rules", J_OBJ, 64, 999),
	JF_END
};

struct rules_in {
	int64_t max_server_per_host;
};

static const struct jfield rules_fields[] = {
	JF_INT(struct rules_in, max_server_per_host, J_LAX, 1, MAX_PER_HOST),
	JF_END
};

static int check_policy(struct req *rq, const char *field, const json_t *v)
{
	static const char *const policies[] = {
		"anti-affinity", "affinity", "soft-anti-affinity",
		"soft-affinity",
	};
	size_t n = req_mv(rq, 15) ? 4 : 2, i;
	const char *s = json_string_value(v);

	for (i = 0; s && i < n; i++)
		if (strcmp(policies[i], s) == 0)
			return 0;
	return bad_value(rq, field, v, n == 2 ?
			 "is not one of ['anti-affinity', 'affinity']" :
			 "is not one of ['anti-affinity', 'affinity', "
			 "'soft-anti-affinity', 'soft-affinity']");
}

/* Makes in->policy out of what this version calls it. */
static int read_policy(struct req *rq, struct group_in *in)
{
	const json_t *body = json_object_get(rq->body, "server_group");
	size_t n = json_array_size(in->policies);

	if (req_mv(rq, 64))
		return check_policy(rq, "policy",
				    json_object_get(body, "policy"));
	if (n != 1)
		return bad_value(rq, "policies", in->policies,
				 n ? "is too long" : "is too short");
	in->policy = json_string_value(json_array_get(in->policies, 0));
	return check_policy(rq, "0", json_array_get(in->policies, 0));
}

static int read_rules(struct req *rq, const struct group_in *in,
		      struct rules_in *rules)
{
	if (!in->rules)
		return 0;
	if (req_fields(rq, in->rules, "rules", rules_fields, rules) < 0)
		return -1;
	if (json_object_size(in->rules) &&
	    strcmp(in->policy, "anti-affinity") != 0)
		return fail(rq, ERR_BAD_REQUEST,
			    "Only anti-affinity policy supports rules.");
	return 0;
}

int server_group_create(struct req *rq)
{
	struct rules_in rules = { .max_server_per_host = 1 };
	struct group_in in = { 0 };
	struct row row;

	if (req_body(rq, "server_group", group_fields, &in) < 0 ||
	    read_policy(rq, &in) < 0 || read_rules(rq, &in, &rules) < 0)
		return -1;
	if (sql_one(rq, &SQL_server_group_create, &row,
		    ARGS(rq->token->project_id, rq->token->user_id, in.name,
			 in.policy, rules.max_server_per_host)) < 0)
		return -1;
	return one_group(rq, &row);
}

int server_group_delete(struct req *rq)
{
	const char *id = req_path(rq, "group_id");
	int64_t n;

	if (!is_uuid(id))
		return no_group(rq);
	n = sql_run(rq, &SQL_server_group_delete, ARGS(id, scope_of(rq)));
	if (n <= 0)
		return n < 0 ? -1 : no_group(rq);
	return reply(rq, 204);
}
