/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_GLANCE_CALL_H
#define NOVA_COMPUTE_GLANCE_CALL_H

#include "common/http/client.h"
#include "nova-lite/compute/glance.h"

/*
 * Requests to the Image service with the service user's token. All return the
 * status, or -1 without an answer.
 */
struct glance_ask {
	const char *method, *path;	/* what follows /v2/images */
	const struct buf *body;		/* JSON, or NULL */
};

/* A small one, again with a new token when the first is refused. */
int glance_call(struct glance *g, const struct glance_ask *ask,
		struct buf *out, struct err *e);

/* GET of the bytes of a 200. The client, for the reply's head, is the
 * caller's to free; NULL where there was no request. */
int glance_read(struct glance *g, const char *path,
		const struct glance_sink *sink, struct http_client **client_r,
		struct err *e);

/* PUT of a file, with its Content-Digest. */
int glance_send(struct glance *g, const char *path, const char *digest,
		const struct http_file *file, struct err *e);

#endif
