/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_VALUE_H
#define LITE_HTTP_VALUE_H

/* Structured values of header fields; pure functions. */

#include <stdbool.h>
#include <stdint.h>

#include "common/http/slice.h"

enum http_range_result {
	HTTP_RANGE_OK,
	HTTP_RANGE_BAD,		/* malformed, or another unit than bytes */
	HTTP_RANGE_MANY,	/* more than one range */
	HTTP_RANGE_EMPTY,	/* no byte of the representation: 416 */
};

/*
 * Parses the value of a Range field (RFC 9110, 14.2) against a representation
 * of size bytes. On OK [*first_r, *last_r] are offsets inside it, both ends
 * included. Answering anything but OK is the caller's policy.
 */
enum http_range_result http_range_parse(struct slice value, int64_t size,
					int64_t *first_r, int64_t *last_r);

/*
 * Finds the digest by an algorithm ("sha-512") in the value of a Content-Digest
 * field (RFC 9530, 2): its base64 text. 1, 0 when there is none by that
 * algorithm, -1 when what there is is malformed.
 */
int http_digest_find(struct slice value, const char *algorithm,
		     struct slice *text_r);

/* Is that the type ("text/plain") of a Content-Type, whatever its parameters
 * (RFC 9110, 8.3.1)? NULL, where there is none, is no type. */
bool http_media_is(const char *content_type, const char *type);

#endif
