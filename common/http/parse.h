/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_PARSE_H
#define LITE_HTTP_PARSE_H

/*
 * The wire format of an HTTP/1.1 request (RFC 9112), as pure functions: no
 * input or output, no allocation, no state beyond what the caller holds. All
 * results are slices of the caller's buffer and live as long as it does.
 *
 * Whatever could be framed in two ways is refused, so that no proxy before us
 * can see other requests in a byte stream than we do. Where the RFC leaves a
 * choice between tolerance and refusal, this parser refuses.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http/slice.h"

enum {
	HTTP_HEAD_MAX = 32768,	/* bytes of a request's head */
	HTTP_LINE_MAX = 8192,	/* bytes of the request line */
	HTTP_FIELDS_MAX = 64,	/* header fields of a request */
};

struct http_field {
	struct slice name;	/* as sent; compare without case */
	struct slice value;	/* without surrounding blanks */
};

struct http_head {
	struct slice method;
	struct slice target;	/* see common/http/target.h */
	struct slice host;	/* p is NULL when absent (HTTP/1.0 only) */
	int64_t content_length;	/* -1 when absent */
	bool chunked;		/* Transfer-Encoding: chunked */
	bool keep_alive;	/* the client lets the connection go on */
	bool expect_continue;	/* the client waits for 100 (Continue) */
	int minor;		/* of HTTP/1.minor, 0 or 1 */
	size_t nfields;
	struct http_field fields[HTTP_FIELDS_MAX];
};

/*
 * Parses the request head at the start of buf, which holds len bytes read so
 * far. *seen is 0 for a new head and is kept between calls on the same, growing
 * buffer, so that a head which arrives in pieces is searched once.
 *
 * Returns the size of the head, including the empty line, once it is whole and
 * *head_r is written; 0 when more bytes are needed; or, negated, the status to
 * answer before closing the connection:
 *   400 malformed or ambiguous, 414 request line too long, 417 unknown
 *   expectation, 431 head too large, 501 unknown transfer coding, 505 version.
 * How the bytes were cut into pieces never changes the result.
 */
int http_head_parse(const char *buf, size_t len, size_t *seen,
		    struct http_head *head_r);

/*
 * Takes the next element of a comma separated list (RFC 9110, 5.6.1) off
 * *list, without blanks; empty elements are skipped. False at the end.
 */
bool http_list_next(struct slice *list, struct slice *element_r);

/* Decoder of a chunked body. Zeroed is the initial state. */
struct http_chunks {
	uint64_t left;		/* of the size being read, then of its data */
	uint32_t line;		/* bytes of the framing line or trailers */
	uint8_t state;
};

enum http_chunks_result {
	HTTP_CHUNKS_MORE,	/* every byte consumed, the body goes on */
	HTTP_CHUNKS_DATA,	/* *data_r is a piece of the body */
	HTTP_CHUNKS_END,	/* the body and its trailers are over */
	HTTP_CHUNKS_BAD,	/* malformed: 400, and close */
};

/*
 * Decodes from buf until there is a piece of the body, the end, or nothing
 * left; *used_r is the number of bytes consumed, data included. Trailers are
 * checked and dropped. After END or BAD it must not be called again.
 */
enum http_chunks_result http_chunks_next(struct http_chunks *chunks,
					 struct slice buf, size_t *used_r,
					 struct slice *data_r);

#endif
