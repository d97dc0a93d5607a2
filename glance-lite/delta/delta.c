/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/crypto/base64.h"
#include "gen/glance_sql.h"
#include "glance-lite/api/upload.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

/* Images that are stored as what differs from their base. */

static int look_at_delta(struct req *rq, struct upload *up,
			 const struct inspect_source *src)
{
	struct inspect found;

	inspect_delta(src, &found);
	if (!found.unsafe && found.virtual_size < up->base_size)
		found.unsafe = "it is smaller than its base";
	if (found.unsafe)
		return fail(rq, ERR_BAD_REQUEST, "Image data (%s) is refused "
			    "as a delta: %s.", found.format, found.unsafe);
	up->virtual_size = found.virtual_size;
	return 0;
}

int delta_upload(struct req *rq)
{
	struct upload up = { .part = STORE_DELTA, .look = look_at_delta };
	struct row row;

	if (upload_check(rq, &up) < 0 ||
	    sql_one(rq, &SQL_delta_upload, &row,
		    ARGS(IMAGE_ASKED(rq, up.id),
			 store_id(glance()->store))) < 0)
		return -1;
	up.base_size = row_int(&row, delta_base__size);
	return upload_take(rq, &up, &SQL_delta_uploaded);
}

static int digest_header(struct req *rq, const char *hash)
{
	uint8_t bytes[DIGEST_MAX_SIZE];
	char text[BASE64_TEXT_SIZE(DIGEST_MAX_SIZE)];

	if (hex_decode(bytes, sizeof(bytes), hash, strlen(hash)) < 0)
		return err_internal(&rq->err, "the digest %s", hash);
	base64_encode(BASE64_STD, text, bytes, sizeof(bytes));
	reply_header(rq, "Content-Digest", "sha-512=:%s:", text);
	return 0;
}

int delta_download(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);
	struct row row;
	int found, fd;

	if (!id)
		return -1;
	found = sql_maybe(rq, &SQL_delta_download, &row,
			  ARGS(IMAGE_ASKED(rq, id)));
	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_NOT_FOUND,
			    "Image %s is not stored as a delta.", id);
	if (image_check_download(rq, row_text(&row, delta__status)) < 0 ||
	    digest_header(rq, row_text(&row, delta__os_hash_value)) < 0 ||
	    store_open(glance()->store, id, STORE_DELTA, &fd, &rq->err) < 0)
		return -1;
	reply_header(rq, "X-Image-Base", "%s", row_text(&row, delta__base_id));
	reply_header(rq, "Content-Type", "application/octet-stream");
	return reply_file(rq, 200, fd, 0, row_int(&row, delta__size));
}
