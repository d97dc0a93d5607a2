/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_GLANCE_CALL_H
#define NOVA_COMPUTE_GLANCE_CALL_H

#include "common/http/client.h"
#include "nova-lite/compute/glance.h"

/*
 * Requests to the Image service with the service user's token; path is what
 * follows /v2/images. All return the status, or -1 without an answer.
 */

/* A small one, JSON both ways (body NULL: none), again with a new token when
 * the first is refused. */
int glance_call(struct glance *g, const char *method, const char *path,
		const struct buf *body, struct buf *out, struct err *e);

/* The bytes of a 200 into fn. The client, for the reply's head, is the
 * caller's to free; NULL where there was no request. */
int glance_read(struct glance *g, const char *path, http_sink *fn, void *arg,
		struct http_client **client_r, struct err *e);

/* PUT of the first size bytes of fd; at most 4 headers, then NULL. */
int glance_send(struct glance *g, const char *path,
		const char *const *headers, int fd, int64_t size,
		struct err *e);

#endif
