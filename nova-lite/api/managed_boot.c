/* SPDX-License-Identifier: Apache-2.0 */
/* Managed boot, see api-ref/managed-boot.md. */
#include "nova-lite/nova.h"

static int doc_view(struct req *rq, const char *name, const struct row *row)
{
	j_obj(&rq->w, NULL);
	j_raw(&rq->w, name, row_text(row, 0), row_len(row, 0));
	j_end(&rq->w);
	return reply(rq, 200);
}

static int parameters_bind(struct req *rq)
{
	req_args(rq, rq->token->project_id);
	return 0;
}

static int parameters_view(struct req *rq, const struct rows *rows)
{
	struct row row = rows_at(rows, 0);

	return doc_view(rq, "parameters", &row);
}

const struct read_op managed_boot_parameters = {
	&SQL_managed_boot_parameters, parameters_bind, parameters_view };

static int show_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq));
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, 0))
		return fail(rq, ERR_NOT_FOUND, "Instance %s has no managed "
			    "boot.", req_path(rq, "server_id"));
	return doc_view(rq, "managed_boot", &row);
}

const struct read_op managed_boot_show = {
	&SQL_managed_boot_show, show_bind, show_view };
