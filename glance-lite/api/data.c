/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "common/http/value.h"
#include "gen/glance_sql.h"
#include "glance-lite/delta/whole.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

/* -- import ---------------------------------------------------------------- */

static int check_method(struct req *rq, json_t *body)
{
	json_t *method = json_object_get(body, "method");
	const char *name = json_string_value(json_object_get(method, "name"));

	if (!json_is_object(method))
		return fail(rq, ERR_BAD_REQUEST,
			    "Import request requires a 'method' field.");
	if (!name)
		return fail(rq, ERR_BAD_REQUEST,
			    "Import request requires a 'name' field.");
	if (strcmp(name, IMPORT_METHOD) != 0)
		return fail(rq, ERR_BAD_REQUEST,
			    "Unknown import method name '%s'.", name);
	return 0;
}

static int check_stores(struct req *rq, json_t *body)
{
	const char *name;
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(body, "stores"), i, v) {
		name = json_string_value(v);
		if (!name || strcmp(name, STORE_ID) != 0)
			return fail(rq, ERR_CONFLICT, "Store for image import "
				    "not found: %s", name ? name : "");
	}
	return 0;
}

int image_import(struct req *rq)
{
	json_t *body = glance_body(rq);
	const char *id;

	if (!body || check_method(rq, body) < 0 || check_stores(rq, body) < 0)
		return -1;
	id = image_id(rq, IMAGE_LOST);
	if (!id || sql_run(rq, &SQL_image_import,
			   ARGS(IMAGE_ASKED(rq, id))) < 0)
		return -1;
	return reply_done(rq, 202);
}

/* -- download ------------------------------------------------------------- */

static int bad_range(struct req *rq, int64_t size)
{
	return fail_detail(rq, ERR_BAD_RANGE, "Invalid start position in "
			   "Range header. Start position MUST be in the "
			   "inclusive range [0, %lld].", (long long)size - 1);
}

/* A single range, by Range or (as Glance has it) by Content-Range. */
static int find_range(struct req *rq, int64_t size, int64_t *first_r,
		      int64_t *last_r)
{
	const char *value = req_header(rq, "Range"), *slash;
	struct slice s;

	if (!value) {
		value = req_header(rq, "Content-Range");
		slash = value ? strchr(value, '/') : NULL;
		if (!slash || strncmp(value, "bytes ", 6) != 0)
			return 0;
		value = req_printf(rq, "bytes=%.*s", (int)(slash - value - 6),
				   value + 6);
	}
	s = (struct slice){ value, strlen(value) };
	switch (http_range_parse(s, size, first_r, last_r)) {
	case HTTP_RANGE_OK:
		return 1;
	case HTTP_RANGE_EMPTY:
		return bad_range(rq, size);
	case HTTP_RANGE_BAD:
	case HTTP_RANGE_MANY:
		break;
	}
	return 0;
}

static int send_file(struct req *rq, int fd, int64_t size,
		     const char *checksum)
{
	int64_t first = 0, last = size - 1;
	int ranged = find_range(rq, size, &first, &last);

	if (ranged < 0) {
		close(fd);
		return -1;
	}
	if (ranged)
		reply_header(rq, "Content-Range", "bytes %lld-%lld/%lld",
			     (long long)first, (long long)last,
			     (long long)size);
	reply_header(rq, "Content-MD5", "%s", checksum);
	reply_header(rq, "Content-Type", "application/octet-stream");
	return reply_file(rq, ranged ? 206 : 200, fd, first, last - first + 1);
}

int image_check_download(struct req *rq, const char *status)
{
	if (rq->token->is_admin || strcmp(status, "deactivated") != 0)
		return 0;
	return fail(rq, ERR_FORBIDDEN, "The requested image has been "
		    "deactivated. Image data download is forbidden.");
}

static int find(struct req *rq, const char *id, struct row *row_r)
{
	int found = sql_maybe(rq, &SQL_image_download, row_r,
			      ARGS(IMAGE_ASKED(rq, id)));

	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_NOT_FOUND, IMAGE_LOST, id);
	return image_check_download(rq, row_text(row_r, download__status));
}

/* Makes complete what is stored as a delta. */
static int find_whole(struct req *rq, const char *id, struct row *row_r)
{
	if (find(rq, id, row_r) < 0)
		return -1;
	if (!row_bool(row_r, download__rough))
		return 0;
	if (whole_make(rq, id) < 0 || find(rq, id, row_r) < 0)
		return -1;
	if (!row_bool(row_r, download__rough))
		return 0;
	fail(rq, ERR_NOT_FOUND, NULL);
	return err_detail(&rq->err, "image %s is in another store", id);
}

int image_download(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);
	struct row row;
	int fd;

	if (!id || find_whole(rq, id, &row) < 0)
		return -1;
	if (row_null(&row, download__size))
		return reply(rq, 204);
	if (store_open(glance()->store, id, STORE_IMAGE, &fd, &rq->err) < 0)
		return -1;
	return send_file(rq, fd, row_int(&row, download__size),
			 row_text(&row, download__checksum));
}
