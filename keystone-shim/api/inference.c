/* SPDX-License-Identifier: Apache-2.0 */
/* Which role implies which. */
#include "keystone-shim/api/resource.h"

#include <string.h>

static void role_brief(struct req *rq, const char *key, const char *id,
		       const char *name)
{
	j_obj(&rq->w, key);
	j_str(&rq->w, "id", id);
	links_self(rq, "roles", id);
	j_str(&rq->w, "name", name);
	j_end(&rq->w);
}

static int role_inference_list_bind(struct req *rq)
{
	return allow_reader(rq);
}

/* The rows come in order of the prior role: one object for each. */
static int role_inference_list_view(struct req *rq, const struct rows *rows)
{
	const char *prior = "";
	struct row row;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "role_inferences");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (strcmp(prior, row_text(&row, implied__prior_id)) != 0) {
			if (i > 0) {
				j_end(&rq->w);
				j_end(&rq->w);
			}
			prior = row_text(&row, implied__prior_id);
			j_obj(&rq->w, NULL);
			role_brief(rq, "prior_role", prior,
				   row_text(&row, implied__prior_name));
			j_arr(&rq->w, "implies");
		}
		role_brief(rq, NULL, row_text(&row, implied__implied_id),
			   row_text(&row, implied__implied_name));
	}
	if (rows->n > 0) {
		j_end(&rq->w);
		j_end(&rq->w);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op role_inference_list = {
	&SQL_role_inference_list, role_inference_list_bind,
	role_inference_list_view
};

/* -- the rules of one role ------------------------------------------------ */

/* {"prior_role", "implies"} of the first row; implies is one or a list. */
static void rule_begin(struct req *rq, const struct row *row)
{
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "role_inference");
	role_brief(rq, "prior_role", row_text(row, implied__prior_id),
		   row_text(row, implied__prior_name));
}

static int rule_reply(struct req *rq, int status)
{
	j_end(&rq->w);
	j_obj(&rq->w, "links");
	j_strf(&rq->w, "self", "%s%s", rq->base_url, rq->path);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, status);
}

static int rule_write(struct req *rq, const struct row *row, int status)
{
	rule_begin(rq, row);
	role_brief(rq, "implies", row_text(row, implied__implied_id),
		   row_text(row, implied__implied_name));
	return rule_reply(rq, status);
}

static int rule_missing(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "%s does not imply %s.",
		    req_path(rq, "role_id"), req_path(rq, "implied_id"));
}

static int role_implied_bind(struct req *rq)
{
	const char *implied_id = path_or_null(rq, "implied_id");

	req_args(rq, req_path(rq, "role_id"));
	if (implied_id)
		req_args(rq, implied_id);
	return allow_reader(rq);
}

static int role_implied_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return rule_missing(rq);
	row = rows_at(rows, 0);
	return rule_write(rq, &row, 200);
}

const struct read_op role_implied_show = {
	&SQL_role_implied_show, role_implied_bind, role_implied_show_view
};

static int role_implied_check_view(struct req *rq, const struct rows *rows)
{
	return rows->n > 0 ? reply(rq, 204) : rule_missing(rq);
}

const struct read_op role_implied_check = {
	&SQL_role_implied_show, role_implied_bind, role_implied_check_view
};

static int role_implied_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return resource_missing(rq, "role", req_path(rq, "role_id"));
	row = rows_at(rows, 0);
	rule_begin(rq, &row);
	j_arr(&rq->w, "implies");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (!row_null(&row, implied__implied_id))
			role_brief(rq, NULL,
				   row_text(&row, implied__implied_id),
				   row_text(&row, implied__implied_name));
	}
	j_end(&rq->w);
	return rule_reply(rq, 200);
}

const struct read_op role_implied_list = {
	&SQL_role_implied_list, role_implied_bind, role_implied_list_view
};

int role_implied_create(struct req *rq)
{
	struct row row;
	int n = sql_maybe(rq, &SQL_role_implied_create, &row,
			  ARGS(req_path(rq, "role_id"),
			       req_path(rq, "implied_id")));

	if (n == 0)
		return resource_missing(rq, "role",
					req_path(rq, "implied_id"));
	if (n > 0 && !row_bool(&row, implied_rule__allowed))
		return fail(rq, ERR_FORBIDDEN, "%s cannot be an implied "
			    "roles.", req_path(rq, "implied_id"));
	if (n < 0 || tokens_changed(rq) < 0)
		return -1;
	return rule_write(rq, &row, 201);
}

int role_implied_delete(struct req *rq)
{
	struct row row;
	int n = sql_maybe(rq, &SQL_role_implied_delete, &row,
			  ARGS(req_path(rq, "role_id"),
			       req_path(rq, "implied_id")));

	if (n == 0)
		return rule_missing(rq);
	if (n < 0 || tokens_changed(rq) < 0)
		return -1;
	return reply(rq, 204);
}
