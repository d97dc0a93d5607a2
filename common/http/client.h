/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_CLIENT_H
#define LITE_HTTP_CLIENT_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* A small HTTP client on libcurl. One handle per thread; it keeps alive. */
struct http_client;

struct http_client *http_client_new(int timeout_ms);
void http_client_free(struct http_client *c);

struct http_file {
	int fd;
	int64_t size;
};

struct http_call {
	const char *method;		/* NULL: "GET" */
	const char *url;		/* http or https */
	const char *const *headers;	/* "Name: value" ..., NULL; or NULL */
	/* The body, or NULL: a text, or the first bytes of a file. */
	const struct buf *body;
	const struct http_file *file;
};

/*
 * One request. Returns the HTTP status with the body in out, or -1 with e
 * UNAVAILABLE when no answer came, or the file was shorter. With a file it
 * may take as long as it likes, but it has to move.
 */
int http_client_do(struct http_client *c, const struct http_call *call,
		   struct buf *out, struct err *e);
/* A field of the last reply's head (X-Subject-Token), or NULL; good until the
 * next request on c. */
const char *http_client_header(const struct http_client *c, const char *name);
/*
 * GET into fn, piece by piece; fn returns 0 to go on. Only a 200 reaches fn.
 * Returns the status, or -1 (also when the transfer broke off or fn said no).
 */
typedef int http_sink(const void *data, size_t n, void *arg);
int http_client_get(struct http_client *c, const struct http_call *call,
		    http_sink *fn, void *arg, struct err *e);

#endif
