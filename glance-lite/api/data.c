/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/http/value.h"
#include "gen/glance_sql.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"
#include "glance-lite/store/inspect.h"

/* How long an outcome waits for a database that is restarted. */
#define RECORD_TRIES 40
#define RECORD_PAUSE_US 250000

/* -- upload --------------------------------------------------------------- */

/* Into the image at once, or staged: to wait for an import. */
static const struct intake {
	const struct sql_stmt *begin, *end;
} direct = { &SQL_image_upload, &SQL_image_uploaded },
  staged = { &SQL_image_stage, &SQL_image_staged };

struct upload {
	const char *id, *disk_format, *container_format;
	struct store_put put;
	struct digest md5, sha512;
	char checksum[DIGEST_HEX_SIZE], hash[DIGEST_HEX_SIZE];
	int64_t virtual_size;		/* -1: not known */
};

static int check_type(struct req *rq)
{
	static const char octets[] = "application/octet-stream";
	const char *type = req_header(rq, "Content-Type");

	if (type && strncasecmp(type, octets, sizeof(octets) - 1) == 0 &&
	    strchr("; \t", type[sizeof(octets) - 1]))
		return 0;
	return fail(rq, ERR_BAD_MEDIA, NULL);
}

static int check_size(struct req *rq, int64_t size)
{
	if (size <= glance()->size_cap)
		return 0;
	return fail(rq, ERR_TOO_LARGE, "Denying attempt to upload image "
		    "larger than %lld bytes.", (long long)glance()->size_cap);
}

/*
 * Gives the connection back: an upload may take an hour, and there are few.
 * Rows that were read stay.
 */
static void release_conn(struct req *rq)
{
	if (!rq->conn)
		return;
	sql_pool_put(service_pool(), rq->conn);
	rq->conn = NULL;
}

static int receive(struct req *rq, struct upload *up)
{
	_cleanup_(cleanup_free) char *chunk = xmalloc(STORE_CHUNK);
	size_t room = STORE_CHUNK;
	ssize_t n;

	while ((n = http_body_read(rq->http, chunk, room, &rq->err)) > 0) {
		if (check_size(rq, up->put.size + n) < 0 ||
		    store_put_write(&up->put, chunk, (size_t)n, &rq->err) < 0)
			return -1;
		digest_update(&up->md5, chunk, (size_t)n);
		digest_update(&up->sha512, chunk, (size_t)n);
	}
	return n < 0 ? -1 : 0;
}

static ssize_t read_put(const void *arg, void *data, size_t n, int64_t off)
{
	return store_put_read(arg, data, n, off);
}

/* Only bare disks have a format of their own; other containers hold them. */
static int look_inside(struct req *rq, struct upload *up)
{
	struct inspect_source src = { .read = read_put, .arg = &up->put,
				      .size = up->put.size };
	struct inspect found;
	const char *why;

	up->virtual_size = -1;
	if (strcmp(up->container_format, "bare") != 0)
		return 0;
	inspect(&src, &found);
	why = inspect_refusal(&found, up->disk_format,
			      glance()->match_format);
	if (why)
		return fail(rq, ERR_BAD_REQUEST, "Image data (%s) is refused "
			    "as disk_format %s: %s.", found.format,
			    up->disk_format, why);
	if (strcmp(found.format, "raw") != 0 ||
	    strcmp(up->disk_format, "raw") == 0)
		up->virtual_size = found.virtual_size;
	return 0;
}

/* From the client into the store: all of it, or nothing. */
static int store_body(struct req *rq, struct upload *up)
{
	int ret;

	if (store_put_begin(glance()->store, up->id, &up->put, &rq->err) < 0)
		return -1;
	digest_init(&up->md5, DIGEST_MD5);
	digest_init(&up->sha512, DIGEST_SHA512);
	ret = receive(rq, up);
	if (ret == 0) {
		digest_hex(&up->md5, up->checksum);
		digest_hex(&up->sha512, up->hash);
		ret = look_inside(rq, up);
	}
	digest_fini(&up->md5);
	digest_fini(&up->sha512);
	if (ret < 0) {
		store_put_abort(&up->put);
		return -1;
	}
	return store_put_commit(&up->put, &rq->err);
}

/*
 * Records an outcome, which must not get lost with the database's connection
 * after an hour of receiving: the statement may be repeated.
 */
static int64_t record(struct req *rq, const struct sql_stmt *stmt,
		      const struct sql_arg *args, int nargs)
{
	int64_t n;

	for (int i = 0; i < RECORD_TRIES; i++) {
		n = sql_run(rq, stmt, args, nargs);
		if (n >= 0 || rq->err.kind != ERR_UNAVAILABLE)
			break;
		release_conn(rq);
		usleep(RECORD_PAUSE_US);
	}
	return n;
}

/*
 * A deleted image takes its bytes along. Without an answer they stay: either
 * the image is active and needs them, or the next start removes them.
 */
static int finish(struct req *rq, struct upload *up,
		  const struct sql_stmt *end)
{
	int64_t n = record(rq, end, ARGS(up->id, up->put.size,
		sql_int_or_null(up->virtual_size, -1),
		(const char *)up->checksum, "sha512",
		(const char *)up->hash));

	if (n != 0)
		return n < 0 ? -1 : 0;
	store_remove(glance()->store, up->id, &(struct err){ 0 });
	return fail(rq, ERR_GONE, "Image %s could not be found after upload. "
		    "The image may have been deleted during the upload.",
		    up->id);
}

/* Back to queued, without losing why. */
static int undo(struct req *rq, const struct upload *up)
{
	struct err why = rq->err;

	record(rq, &SQL_image_upload_undo, ARGS(up->id));
	rq->err = why;
	return -1;
}

static int take_in(struct req *rq, const struct intake *how)
{
	struct upload up = { .id = image_id(rq, IMAGE_LOST) };
	struct row row;

	if (!up.id || check_type(rq) < 0 ||
	    check_size(rq, rq->http->content_length) < 0)
		return -1;
	if (sql_one(rq, how->begin, &row, ARGS(IMAGE_ASKED(rq, up.id),
					       store_id(glance()->store))) < 0)
		return -1;
	up.disk_format = row_text(&row, upload__disk_format);
	up.container_format = row_text(&row, upload__container_format);
	release_conn(rq);
	if (store_body(rq, &up) < 0)
		return undo(rq, &up);
	return finish(rq, &up, how->end) < 0 ? -1 : reply_done(rq, 204);
}

int image_upload(struct req *rq)
{
	return take_in(rq, &direct);
}

int image_stage(struct req *rq)
{
	return take_in(rq, &staged);
}

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

int image_download(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);
	struct row row;
	int found, fd;

	if (!id)
		return -1;
	found = sql_maybe(rq, &SQL_image_download, &row,
			  ARGS(IMAGE_ASKED(rq, id)));
	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_NOT_FOUND, IMAGE_LOST, id);
	if (row_null(&row, download__size))
		return reply(rq, 204);
	if (!rq->token->is_admin &&
	    strcmp(row_text(&row, download__status), "deactivated") == 0)
		return fail(rq, ERR_FORBIDDEN, "The requested image has been "
			    "deactivated. Image data download is forbidden.");
	if (store_open(glance()->store, id, &fd, &rq->err) < 0)
		return -1;
	return send_file(rq, fd, row_int(&row, download__size),
			 row_text(&row, download__checksum));
}
