/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"

/* Security groups as Compute passes them on: lists until 2.35, a server's. */

static void group_view(struct jw *w, const char *key, const struct row *row)
{
	j_obj(w, key);
	j_str(w, "id", row_text(row, security_group__id));
	j_str(w, "name", row_text(row, security_group__name));
	j_str(w, "description", row_text(row, security_group__description));
	j_str(w, "tenant_id", row_text(row, security_group__project_id));
	j_arr(w, "rules");
	j_end(w);
	j_end(w);
}

static int groups_view(struct req *rq, const struct rows *rows)
{
	struct row row;
	int i;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "security_groups");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (!row_null(&row, security_group__id))
			group_view(&rq->w, NULL, &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* -- of the project ------------------------------------------------------- */

static int list_bind(struct req *rq)
{
	req_args(rq, rq->token->project_id, sql_null());
	return 0;
}

const struct read_op security_group_list = {
	&SQL_security_group_list, list_bind, groups_view
};

static int show_bind(struct req *rq)
{
	const char *id = req_path(rq, "group_id");

	if (!is_uuid(id))
		return fail(rq, ERR_BAD_REQUEST,
			    "Security group id should be uuid");
	req_args(rq, rq->token->project_id, id);
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return fail(rq, ERR_NOT_FOUND, "Security group %s not found.",
			    req_path(rq, "group_id"));
	row = rows_at(rows, 0);
	j_obj(&rq->w, NULL);
	group_view(&rq->w, "security_group", &row);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op security_group_show = {
	&SQL_security_group_list, show_bind, show_view
};

/* -- of a server ---------------------------------------------------------- */

static int server_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq));
	return 0;
}

static int server_groups_view(struct req *rq, const struct rows *rows)
{
	return rows->n == 0 ? no_server(rq) : groups_view(rq, rows);
}

const struct read_op server_security_group_list = {
	&SQL_server_security_group_list, server_bind, server_groups_view
};

static int read_name(struct req *rq, const char *action, const char **name_r)
{
	struct group_in { const char *name; } in = { 0 };
	static const struct jfield fields[] = {
		JF_STR(struct group_in, name, 0, 0, 255), JF_END
	};

	if (req_body(rq, action, fields, &in) < 0)
		return -1;
	if (!in.name)
		return fail(rq, ERR_BAD_REQUEST,
			    "Security group not specified");
	if (in.name[strspn(in.name, " ")] == '\0')
		return fail(rq, ERR_BAD_REQUEST,
			    "Security group name cannot be empty");
	*name_r = in.name;
	return 0;
}

static int change(struct req *rq, const char *action, bool add)
{
	const char *id = path_server(rq), *name = NULL;
	struct row row;
	int n;

	if (!id || read_name(rq, action, &name) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_server_security_group_change, &row,
		      ARGS(id, scope_of(rq), name, add));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	if (row_null(&row, membership__group_id))
		return fail(rq, ERR_NOT_FOUND, "Security group %s is not "
			    "found for project %s", name,
			    rq->token->project_id);
	if (add && row_bool(&row, membership__held))
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for "
			    "security_groups. Reason: Duplicate items in the "
			    "list: '%s'.",
			    row_text(&row, membership__group_id));
	if (!add && !row_bool(&row, membership__held))
		return fail(rq, ERR_NOT_FOUND, "Security group %s not "
			    "associated with the instance %s", name, id);
	return reply(rq, 202);
}

int server_security_group_add(struct req *rq)
{
	return change(rq, "addSecurityGroup", true);
}

int server_security_group_remove(struct req *rq)
{
	return change(rq, "removeSecurityGroup", false);
}
