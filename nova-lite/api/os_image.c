/* SPDX-License-Identifier: Apache-2.0 */
/* OS images and fleets on them, see api-ref/os-images.md. */
#include "nova-lite/nova.h"

/* The longest that anybody can mean. */
enum { NAME_MAX_ = 63, FLEET_MAX = 100000 };

static void doc(struct req *rq, const char *key, const struct row *row)
{
	j_raw(&rq->w, key, row_text(row, 0), row_len(row, 0));
}

/* -- reads ---------------------------------------------------------------- */

static int list_bind(struct req *rq)
{
	req_args(rq, rq->token->project_id, rq->token->is_admin,
		 sql_null());
	return 0;
}

static int list_view(struct req *rq, const struct rows *rows)
{
	struct row row = rows_at(rows, 0);

	j_obj(&rq->w, NULL);
	doc(rq, "os_system_images", &row);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op os_image_list = {
	&SQL_os_image_list, list_bind, list_view };

static int show_bind(struct req *rq)
{
	req_args(rq, rq->token->project_id, rq->token->is_admin,
		 req_path(rq, "name"));
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct row row = rows_at(rows, 0);

	if (row_len(&row, 0) <= 2)
		return fail(rq, ERR_NOT_FOUND, "OS image %s could not be "
			    "found.", req_path(rq, "name"));
	j_obj(&rq->w, NULL);
	/* An array of one. */
	j_raw(&rq->w, "os_system_image", row_text(&row, 0) + 1,
	      row_len(&row, 0) - 2);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op os_image_show = {
	&SQL_os_image_list, show_bind, show_view };

static int switch_list_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "name"), scope_of(rq));
	return 0;
}

static int switch_list_view(struct req *rq, const struct rows *rows)
{
	struct row row = rows_at(rows, 0);

	j_obj(&rq->w, NULL);
	doc(rq, "switches", &row);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op os_switch_list = {
	&SQL_os_switch_list, switch_list_bind, switch_list_view };

/* The id of the path, or NULL with the 404. */
static const char *path_switch(struct req *rq)
{
	const char *id = req_path(rq, "switch_id");

	if (is_uuid(id))
		return id;
	fail(rq, ERR_NOT_FOUND, "Switch %s of the OS image %s could not be "
	     "found.", id, req_path(rq, "name"));
	return NULL;
}

static int switch_show_bind(struct req *rq)
{
	const char *id = path_switch(rq);

	if (!id)
		return -1;
	req_args(rq, id, req_path(rq, "name"), scope_of(rq));
	return 0;
}

static int one_switch(struct req *rq, const struct row *row, int status)
{
	j_obj(&rq->w, NULL);
	doc(rq, "switch", row);
	j_end(&rq->w);
	return reply(rq, status);
}

static int switch_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return fail(rq, ERR_NOT_FOUND, "Switch %s of the OS image %s "
			    "could not be found.", req_path(rq, "switch_id"),
			    req_path(rq, "name"));
	row = rows_at(rows, 0);
	return one_switch(rq, &row, 200);
}

const struct read_op os_switch_show = {
	&SQL_os_switch_show, switch_show_bind, switch_show_view };

/* -- switches ------------------------------------------------------------- */

struct switch_in {
	const char *from, *to;
	int64_t batch, max_failures;
};

static const struct jfield switch_fields[] = {
	JF_STR(struct switch_in, from, J_NULL, 1, NAME_MAX_),
	JF_STR(struct switch_in, to, J_REQ, 1, NAME_MAX_),
	JF_INT(struct switch_in, batch, 0, 1, FLEET_MAX),
	JF_INT(struct switch_in, max_failures, 0, 0, FLEET_MAX),
	JF_END
};

/* The argument of compute.os_switch_create. */
static const char *switch_text(struct req *rq, const struct switch_in *in)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct jw w;

	jw_init(&w, &out);
	j_obj(&w, NULL);
	j_str(&w, "name", req_path(rq, "name"));
	j_str(&w, "from", in->from);
	j_str(&w, "to", in->to);
	j_int(&w, "batch", in->batch);
	j_int(&w, "max_failures", in->max_failures);
	j_end(&w);
	return arena_strdup(req_arena(rq), buf_str(&out));
}

int os_switch_create(struct req *rq)
{
	struct switch_in in = { .batch = 1 };
	struct row row;

	if (req_body(rq, "switch", switch_fields, &in) < 0 ||
	    sql_one(rq, &SQL_os_switch_create, &row,
		    ARGS(switch_text(rq, &in), scope_of(rq),
			 caller_json(rq))) < 0)
		return -1;
	return one_switch(rq, &row, 202);
}

static int switch_change(struct req *rq, const struct sql_stmt *stmt)
{
	const char *id = path_switch(rq);
	struct row row;

	if (!id || sql_one(rq, stmt, &row,
			   ARGS(id, req_path(rq, "name"), scope_of(rq),
				caller_json(rq))) < 0)
		return -1;
	return one_switch(rq, &row, 202);
}

int os_switch_stop(struct req *rq)
{
	return switch_change(rq, &SQL_os_switch_stop);
}

int os_switch_resume(struct req *rq)
{
	return switch_change(rq, &SQL_os_switch_resume);
}
