/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/network/network.h"

/* Nothing of this API is limited: every quota is -1. Routers and floating IPs
 * have none, as in a Neutron without their extension. */

#define NO_COLUMN -1

static const struct resource {
	const char *name;
	int used;
} resources[] = {
	{ "network", quota__network }, { "subnet", quota__subnet },
	{ "subnetpool", NO_COLUMN }, { "port", quota__port },
	{ "rbac_policy", NO_COLUMN },
	{ "security_group", quota__security_group },
	{ "security_group_rule", NO_COLUMN },
};

static int check_project(struct req *rq)
{
	if (rq->token->is_admin ||
	    strcmp(req_path(rq, "project_id"), rq->token->project_id) == 0)
		return 0;
	return rq->svc->deny(rq);
}

int quota_default(struct req *rq)
{
	size_t i;

	if (check_project(rq) < 0)
		return -1;
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "quota");
	for (i = 0; i < ARRAY_LEN(resources); i++)
		j_int(&rq->w, resources[i].name, -1);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int quota_show(struct req *rq)
{
	return quota_default(rq);
}

static int details_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "project_id"));
	return check_project(rq);
}

static int details_view(struct req *rq, const struct rows *rows)
{
	struct row row = rows_at(rows, 0);
	struct jw *w = &rq->w;
	size_t i;

	j_obj(w, NULL);
	j_obj(w, "quota");
	for (i = 0; i < ARRAY_LEN(resources); i++) {
		int col = resources[i].used;

		j_obj(w, resources[i].name);
		j_int(w, "limit", -1);
		j_int(w, "used", col == NO_COLUMN ? 0 : row_int(&row, col));
		j_int(w, "reserved", 0);
		j_end(w);
	}
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

const struct read_op quota_details = {
	&SQL_quota_details, details_bind, details_view
};
