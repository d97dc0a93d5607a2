/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_TARGET_H
#define LITE_HTTP_TARGET_H

/* Request targets (RFC 9112, 3.2) and the URIs in them; pure functions. */

#include "common/http/slice.h"

struct http_target {
	struct slice path;	/* starts with '/', or is "*"; not decoded */
	struct slice query;	/* behind the '?', not decoded; n 0: none */
	struct slice authority;	/* of an absolute target, else n is 0 */
};

/*
 * Splits "/path?query", "http://host/path?query" and "*". Returns 0, or -1
 * when the target has none of these forms (answer 400).
 */
int http_target_split(struct slice target, struct http_target *target_r);

/*
 * Takes the next segment off *path ("/a/b/": "a", "b", ""). A segment is split
 * off before it is decoded, so an encoded slash stays a part of it. False when
 * *path is at its end.
 */
bool http_segment_next(struct slice *path, struct slice *segment_r);

/*
 * Undoes %XX. out has room for in.n bytes and may be in itself. Returns the
 * length, or -1 for a malformed escape or an encoded NUL (answer 400).
 */
int http_path_decode(struct slice in, char *out);

/*
 * Takes the next key=value off *query, neither decoded; repeated keys come as
 * often as they were sent, empty pieces are skipped, a key without '=' has the
 * value "". False at the end.
 */
bool http_pair_next(struct slice *query, struct slice *key_r,
		     struct slice *value_r);

/*
 * As http_path_decode for a key or value of a query: '+' is a blank, and a
 * malformed escape stands for itself (as Python's parse_qsl has it). Returns
 * the length, or -1 for an encoded NUL.
 */
int http_query_decode(struct slice in, char *out);

#endif
