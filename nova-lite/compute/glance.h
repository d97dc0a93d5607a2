/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_GLANCE_H
#define NOVA_COMPUTE_GLANCE_H

#include <stdint.h>

#include "common/base/err.h"

/*
 * Images, from the Image service, as the service user of the configuration.
 * Safe for any number of threads.
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

struct glance_image {
	char disk_format[16];
	int64_t size;
	char hash_algo[16];	/* "sha512", or "md5" of the checksum; or "" */
	char hash[130];
};

/* NOT_FOUND, or CONFLICT when it has no data. */
int glance_image_show(struct glance *g, const char *id,
		      struct glance_image *image_r, struct err *e);

/* All its bytes, piece by piece; fn returns 0 to go on. */
int glance_image_read(struct glance *g, const char *id,
		      int (*fn)(const void *data, size_t n, void *arg),
		      void *arg, struct err *e);

#endif
