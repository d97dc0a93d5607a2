/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/network/network.h"

/* Security groups have names here, and no rules: nothing filters yet. */

static void security_group_view(const struct view *v)
{
	const char *description = row_text(v->row, security_group__description);

	view_col(v, "id", security_group__id);
	view_col(v, "name", security_group__name);
	view_str(v, "description", description);
	view_bool(v, "stateful", true);
	view_bool(v, "shared", false);
	view_empty(v, "security_group_rules");
	view_empty(v, "tags");
	view_int(v, "revision_number", 1);
	view_time(v, "created_at", security_group__created_at);
	view_time(v, "updated_at", security_group__created_at);
	view_col(v, "tenant_id", security_group__project_id);
	view_col(v, "project_id", security_group__project_id);
}

static const struct kind security_group_kind = {
	"security_group", "security_groups", "SecurityGroupNotFound",
	"Security group", security_group_view, security_group__id
};

static const char *own_project(const struct req *rq)
{
	return rq->token->project_id[0] ? rq->token->project_id : NULL;
}

static int list_bind(struct req *rq)
{
	struct sql_arg shared = query_bool(rq, "shared");
	bool none = shared.type == SQL_BOOL && shared.i;

	req_args(rq, scope_of(rq), own_project(rq),
		 none ? "{}" : query_list(rq, "id"), query_list(rq, "name"),
		 query_project(rq));
	return bind_page(rq);
}

static int list_view(struct req *rq, const struct rows *rows)
{
	return kind_list(rq, &security_group_kind, rows);
}

const struct read_op security_group_list = {
	&SQL_security_group_list, list_bind, list_view
};

static int show_bind(struct req *rq)
{
	req_args(rq, scope_of(rq), own_project(rq), path_list(rq), sql_null(),
		 sql_null(), sql_null(), 1);
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	return kind_show(rq, &security_group_kind, rows);
}

const struct read_op security_group_show = {
	&SQL_security_group_list, show_bind, show_view
};

/* -- what there is none of ------------------------------------------------ */

int rule_list(struct req *rq)
{
	return kind_none(rq, "security_group_rules");
}

int rule_show(struct req *rq)
{
	return kind_lost(rq, "SecurityGroupRuleNotFound",
			 "Security group rule");
}

int router_list(struct req *rq)
{
	return kind_none(rq, "routers");
}

int router_show(struct req *rq)
{
	return kind_lost(rq, "RouterNotFound", "Router");
}

int floatingip_list(struct req *rq)
{
	return kind_none(rq, "floatingips");
}

int floatingip_show(struct req *rq)
{
	return kind_lost(rq, "FloatingIPNotFound", "Floating IP");
}
