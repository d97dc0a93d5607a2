/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_UPLOAD_H
#define GLANCE_UPLOAD_H

#include "common/crypto/digest.h"
#include "common/service/req.h"
#include "glance-lite/store/file.h"
#include "glance-lite/store/inspect.h"

/*
 * The bytes of an image on their way from a client into the store: all of
 * them and the record of it, or nothing. In order: upload_check, a statement
 * that records the intent, upload_take.
 */
struct upload {
	const char *id;
	enum store_part part;
	/* Whether they may be what they are: sets virtual_size, or fails. */
	int (*look)(struct req *rq, struct upload *up,
		    const struct inspect_source *src);
	const char *disk_format, *container_format;	/* for look */
	const char *script;		/* of an OS image, for look */
	int64_t base_size;		/* of a delta's base, for look */
	int64_t virtual_size;		/* -1: not known */
	struct store_put put;
	struct digest md5, sha512;
	char checksum[DIGEST_HEX_SIZE], hash[DIGEST_HEX_SIZE];
	char wanted[DIGEST_HEX_SIZE];	/* hash, when the client told it */
};

/* upload's look for the bundle of an OS image (system.c). */
int look_at_bundle(struct req *rq, struct upload *up,
		   const struct inspect_source *src);

/* What the head of the request tells. */
int upload_check(struct req *rq, struct upload *up);
/*
 * Receives. `end` records the outcome, and that the image was deleted by
 * affecting no row; on failure the image is queued again.
 */
int upload_take(struct req *rq, struct upload *up,
		const struct sql_stmt *end);

/*
 * Runs a statement that records an outcome, which must not get lost with the
 * database's connection after an hour of work: it may be repeated.
 */
int64_t outcome_record(struct req *rq, const struct sql_stmt *stmt,
	       const struct sql_arg *args, int nargs);

#endif
