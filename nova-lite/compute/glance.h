/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_GLANCE_H
#define NOVA_COMPUTE_GLANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/*
 * Images, from the Image service, as the service user of the configuration.
 * Safe for any number of threads. Where nothing else is said, failures are
 * UNAVAILABLE without an answer (or with one that says so), else those of the
 * status, with the service's words in the detail.
 */
struct glance_conf {
	const char *endpoint;		/* http://127.0.0.1:9292 */
	const char *auth_url;		/* http://127.0.0.1:5000/v3 */
	const char *username, *user_domain;
	const char *project, *project_domain;
	const char *password_file;	/* its first line */
};

struct glance;

/* conf is borrowed. */
struct glance *glance_new(const struct glance_conf *conf);
void glance_free(struct glance *g);

#define GLANCE_ID_SIZE 37
#define GLANCE_DIGEST_SIZE 112		/* "sha-512=:" base64 ":" */

struct glance_image {
	char status[32];
	char disk_format[16];
	int64_t size;
	char hash_algo[16];	/* "sha512", or "md5" of the checksum; or "" */
	char hash[130];
	char base_image[GLANCE_ID_SIZE];	/* inject_base_image, or "" */
};

int glance_image_show(struct glance *g, const char *id,
		      struct glance_image *image_r, struct err *e);
/* The whole document; the caller's to free. */
json_t *glance_image_doc(struct glance *g, const char *id, struct err *e);

/* Where bytes go, piece by piece; fn returns 0 to go on. */
struct glance_sink {
	int (*fn)(const void *data, size_t n, void *arg);
	void *arg;
};

int glance_image_read(struct glance *g, const char *id,
		      const struct glance_sink *sink, struct err *e);

/*
 * What an image that is stored as a delta holds over its base, as a qcow2.
 * digest_r is the Content-Digest (RFC 9530) of the bytes. NOT_FOUND when the
 * image is not stored so.
 */
int glance_delta_read(struct glance *g, const char *id,
		      const struct glance_sink *sink,
		      char digest_r[GLANCE_DIGEST_SIZE], struct err *e);

/* The source of a wanted set, as POST /v2/images/{base}/candidates has it;
 * the caller's to free. */
json_t *glance_candidate(struct glance *g, const char *base,
			 const struct buf *ask, struct err *e);

/*
 * A snapshot, in this order: the image, its manifest, its bytes, with which it
 * becomes active. The first two may be repeated: an image that is there
 * already is fine.
 */
struct http_file;
int glance_image_create(struct glance *g, const struct buf *image,
			struct err *e);
int glance_manifest_put(struct glance *g, const char *id,
			const struct buf *manifest, struct err *e);
int glance_delta_put(struct glance *g, const char *id,
		     const struct http_file *file, const char *digest,
		     struct err *e);
/* No such image is success. */
int glance_image_delete(struct glance *g, const char *id, struct err *e);

#endif
