/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_STORE_FILE_H
#define GLANCE_STORE_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/crypto/digest.h"

/*
 * Image bytes as files of a folder: DIR/<image id>, and DIR/<image id>.delta
 * of an image that came as a delta. A file appears there whole or not at all:
 * it is written below DIR/incoming, made durable, and renamed. Image ids are
 * UUIDs in lower case (asserted), so they are safe as names. Errors are
 * INTERNAL with the path in the detail.
 */
struct store;
enum store_part { STORE_IMAGE, STORE_DELTA };

/*
 * Opens (and makes, with mode 0750) the folder and removes what earlier runs
 * left in incoming. One process has a folder at a time: a second one fails.
 */
struct store *store_new(const char *dir, struct err *e);
void store_free(struct store *s);	/* NULL is fine */
const char *store_dir(const struct store *s);
/* A UUID that the folder got when it was made, and keeps. */
const char *store_id(const struct store *s);

/* A good size for the pieces of a file on their way to the store. */
#define STORE_CHUNK (256 << 10)

/* A file being received; the caller's memory. Ends with commit or abort. */
struct store_put {
	const struct store *store;
	int fd;
	char name[48], temp[64];
	int64_t size, flushed;
};
int store_put_begin(const struct store *s, const char *id,
		    enum store_part part, struct store_put *put_r,
		    struct err *e);
/* TOO_LARGE when the disk is full. */
int store_put_write(struct store_put *put, const void *data, size_t n,
		    struct err *e);
/* What was written so far, for inspection: as pread. */
ssize_t store_put_read(const struct store_put *put, void *data, size_t n,
		       int64_t off);
/* For another process that writes the file instead, free() it; and then. */
char *store_put_path(const struct store_put *put);
int store_put_written(struct store_put *put, struct err *e);
/* MD5 and SHA-512 of what was written. */
int store_put_sum(const struct store_put *put, char md5_r[DIGEST_HEX_SIZE],
		  char sha512_r[DIGEST_HEX_SIZE], struct err *e);
/* On failure the file is gone; put is over in any case. */
int store_put_commit(struct store_put *put, struct err *e);
void store_put_abort(struct store_put *put);

/* The caller closes the descriptor. NOT_FOUND when there is no such file. */
int store_open(const struct store *s, const char *id, enum store_part part,
	       int *fd_r, struct err *e);
/* For another process that reads it; free() it. */
char *store_path(const struct store *s, const char *id,
		 enum store_part part);
/* One part, or all that there is of an image. No such file is success. */
int store_drop(const struct store *s, const char *id, enum store_part part,
	       struct err *e);
int store_remove(const struct store *s, const char *id, struct err *e);

#endif
