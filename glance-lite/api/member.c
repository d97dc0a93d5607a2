/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gen/glance_sql.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

/* A project that an image is shared with (Image API v2, "Sharing"). */
static void member_view(struct jw *w, const struct row *row)
{
	j_obj(w, NULL);
	j_str(w, "member_id", row_text(row, member__member));
	j_str(w, "image_id", row_text(row, member__image_id));
	j_str(w, "status", row_text(row, member__status));
	j_time(w, "created_at", row_time(row, member__created_at), TIME_Z);
	j_time(w, "updated_at", row_time(row, member__updated_at), TIME_Z);
	j_str(w, "schema", "/v2/schemas/member");
	j_end(w);
}

static int no_image(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, IMAGE_LOST, req_path(rq, "image_id"));
}

static int no_member(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND,
		    "%s not found in the member list of the image %s.",
		    req_path(rq, "member_id"), req_path(rq, "image_id"));
}

/* -- reads ---------------------------------------------------------------- */

static int member_list_bind(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);

	if (!id)
		return -1;
	req_args(rq, IMAGE_ASKED(rq, id));
	return 0;
}

/* The first row is of an image that can have members. */
static int check_image(struct req *rq, const struct rows *rows,
		       struct row *row_r)
{
	if (rows->n == 0)
		return no_image(rq);
	*row_r = rows_at(rows, 0);
	if (strcmp(row_text(row_r, member__visibility), "shared") != 0)
		return fail(rq, ERR_FORBIDDEN,
			    "Only shared images have members.");
	return 0;
}

static int member_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (check_image(rq, rows, &row) < 0)
		return -1;
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "members");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (!row_null(&row, member__member))
			member_view(&rq->w, &row);
	}
	j_end(&rq->w);
	j_str(&rq->w, "schema", "/v2/schemas/members");
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op member_list = { &SQL_member_list, member_list_bind,
				     member_list_view };

static int member_show_bind(struct req *rq)
{
	if (member_list_bind(rq) < 0)
		return -1;
	req_args(rq, req_path(rq, "member_id"));
	return 0;
}

static int member_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_image(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, member__member))
		return no_member(rq);
	member_view(&rq->w, &row);
	return reply(rq, 200);
}

const struct read_op member_show = { &SQL_member_show, member_show_bind,
				     member_show_view };

/* -- writes --------------------------------------------------------------- */

/* A string of the body, or NULL with the error. */
static const char *body_string(struct req *rq, const char *key,
			       const char *absent)
{
	json_t *body = glance_body(rq);
	const char *s;

	if (!body)
		return NULL;
	s = json_string_value(json_object_get(body, key));
	if (!s || !*s || strlen(s) > 255) {
		fail(rq, ERR_BAD_REQUEST, "%s", absent);
		return NULL;
	}
	return s;
}

int member_create(struct req *rq)
{
	const char *member = body_string(rq, "member",
					 "Member to be added not specified");
	const char *id = member ? image_id(rq, IMAGE_LOST) : NULL;
	struct row row;
	int found;

	if (!id)
		return -1;
	found = sql_maybe(rq, &SQL_member_create, &row,
			  ARGS(IMAGE_ASKED(rq, id), member,
			       glance()->member_quota));
	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_CONFLICT,
			    "Member %s is duplicated for image %s", member,
			    id);
	member_view(&rq->w, &row);
	return reply(rq, 200);
}

int member_update(struct req *rq)
{
	const char *status = body_string(rq, "status",
					 "Status not specified");
	const char *id = status ? image_id(rq, IMAGE_LOST) : NULL;
	struct row row;
	int found;

	if (!id)
		return -1;
	if (strcmp(status, "pending") && strcmp(status, "accepted") &&
	    strcmp(status, "rejected"))
		return fail(rq, ERR_BAD_REQUEST, "Incorrect request: Status "
			    "must be \"pending\", \"accepted\" or "
			    "\"rejected\".");
	found = sql_maybe(rq, &SQL_member_update, &row,
			  ARGS(IMAGE_ASKED(rq, id),
			       req_path(rq, "member_id"), status));
	if (found < 0)
		return -1;
	if (!found)
		return no_member(rq);
	member_view(&rq->w, &row);
	return reply(rq, 200);
}

int member_delete(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);
	int64_t n;

	if (!id)
		return -1;
	n = sql_run(rq, &SQL_member_delete,
		    ARGS(IMAGE_ASKED(rq, id), req_path(rq, "member_id")));
	if (n == 0)
		return no_member(rq);
	return n < 0 ? -1 : reply(rq, 204);
}
