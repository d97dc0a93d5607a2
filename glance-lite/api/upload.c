/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/api/upload.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/crypto/base64.h"
#include "common/http/value.h"
#include "gen/glance_sql.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

/* How long an outcome waits for a database that is restarted. */
#define RECORD_TRIES 40
#define RECORD_PAUSE_US 250000

/* -- what the head of the request tells ------------------------------------ */

static int check_type(struct req *rq)
{
	if (http_media_is(req_header(rq, "Content-Type"),
			  "application/octet-stream"))
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

/* Content-Digest (RFC 9530), of which SHA-512 alone is looked at. */
static int read_digest(struct req *rq, char wanted_r[DIGEST_HEX_SIZE])
{
	uint8_t bytes[BASE64_DATA_SIZE(BASE64_TEXT_SIZE(DIGEST_MAX_SIZE))];
	const char *value = req_header(rq, "Content-Digest");
	struct slice text;
	int found;

	wanted_r[0] = '\0';
	if (!value)
		return 0;
	found = http_digest_find((struct slice){ value, strlen(value) },
				 "sha-512", &text);
	if (found == 0)
		return 0;
	if (found < 0 || text.n >= BASE64_TEXT_SIZE(DIGEST_MAX_SIZE) ||
	    base64_decode(BASE64_STD, bytes, text.p, text.n) !=
	    DIGEST_MAX_SIZE)
		return fail(rq, ERR_BAD_REQUEST,
			    "The Content-Digest header is malformed.");
	hex_encode(wanted_r, bytes, DIGEST_MAX_SIZE);
	return 0;
}

int upload_check(struct req *rq, struct upload *up)
{
	up->id = image_id(rq, IMAGE_LOST);
	if (!up->id || check_type(rq) < 0 || read_digest(rq, up->wanted) < 0)
		return -1;
	return check_size(rq, rq->http->content_length);
}

/* -- from the client into the store ---------------------------------------- */

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

static int judge(struct req *rq, struct upload *up)
{
	struct inspect_source src = { .read = read_put, .arg = &up->put,
				      .size = up->put.size };

	if (up->wanted[0] && strcmp(up->wanted, up->hash) != 0)
		return fail(rq, ERR_BAD_REQUEST, "The data is not what the "
			    "Content-Digest header says.");
	up->virtual_size = -1;
	return up->look(rq, up, &src);
}

/* All of it, or nothing. */
static int store_body(struct req *rq, struct upload *up)
{
	int ret;

	if (store_put_begin(glance()->store, up->id, up->part, &up->put,
			    &rq->err) < 0)
		return -1;
	digest_init(&up->md5, DIGEST_MD5);
	digest_init(&up->sha512, DIGEST_SHA512);
	ret = receive(rq, up);
	if (ret == 0) {
		digest_hex(&up->md5, up->checksum);
		digest_hex(&up->sha512, up->hash);
		ret = judge(rq, up);
	}
	digest_fini(&up->md5);
	digest_fini(&up->sha512);
	if (ret < 0) {
		store_put_abort(&up->put);
		return -1;
	}
	return store_put_commit(&up->put, &rq->err);
}

/* -- the outcome ----------------------------------------------------------- */

int64_t outcome_record(struct req *rq, const struct sql_stmt *stmt,
	       const struct sql_arg *args, int nargs)
{
	int64_t n;

	for (int i = 0; i < RECORD_TRIES; i++) {
		n = sql_run(rq, stmt, args, nargs);
		if (n >= 0 || rq->err.kind != ERR_UNAVAILABLE)
			break;
		sql_release(rq);
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
	int64_t n = outcome_record(rq, end, ARGS(up->id, up->put.size,
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

	outcome_record(rq, &SQL_image_upload_undo, ARGS(up->id));
	rq->err = why;
	return -1;
}

/* An upload may take an hour, and there are few connections. */
int upload_take(struct req *rq, struct upload *up, const struct sql_stmt *end)
{
	sql_release(rq);
	if (store_body(rq, up) < 0)
		return undo(rq, up);
	return finish(rq, up, end) < 0 ? -1 : reply_done(rq, 204);
}

/* -- an image's own bytes -------------------------------------------------- */

/* Into the image at once, or staged: to wait for an import. */
static const struct intake {
	const struct sql_stmt *begin, *end;
} direct = { &SQL_image_upload, &SQL_image_uploaded },
  staged = { &SQL_image_stage, &SQL_image_staged };

/* Only bare disks have a format of their own; other containers hold them. */
static int look_inside(struct req *rq, struct upload *up,
		       const struct inspect_source *src)
{
	struct inspect found;
	const char *why;

	if (strcmp(up->container_format, "bare") != 0)
		return 0;
	inspect(src, &found);
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

static int take_in(struct req *rq, const struct intake *how)
{
	struct upload up = { .part = STORE_IMAGE, .look = look_inside };
	struct row row;

	if (upload_check(rq, &up) < 0 ||
	    sql_one(rq, how->begin, &row, ARGS(IMAGE_ASKED(rq, up.id),
					       store_id(glance()->store))) < 0)
		return -1;
	up.disk_format = row_text(&row, upload__disk_format);
	up.container_format = row_text(&row, upload__container_format);
	if (row_bool(&row, upload__os_image)) {
		up.script = row_text(&row, upload__script);
		up.look = look_at_bundle;
	}
	return upload_take(rq, &up, how->end);
}

int image_upload(struct req *rq)
{
	return take_in(rq, &direct);
}

int image_stage(struct req *rq)
{
	return take_in(rq, &staged);
}
