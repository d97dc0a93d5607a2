/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_JSON_OUT_H
#define LITE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/timefmt.h"

/*
 * A streaming JSON writer: text goes straight into a buffer, commas are its
 * business, keys and nesting are the caller's (asserted: depth at most 32).
 * In an array, and at the top, key is NULL. A NULL string is written as null.
 *
 *	j_obj(w, NULL);
 *	j_str(w, "name", name);
 *	j_arr(w, "links"); ... j_end(w);
 *	j_end(w);
 */
struct jw {
	struct buf *out;	/* borrowed */
	uint32_t is_arr, has_item;
	int depth;
};

void jw_init(struct jw *w, struct buf *out);

void j_obj(struct jw *w, const char *key);
void j_arr(struct jw *w, const char *key);
void j_end(struct jw *w);
void j_str(struct jw *w, const char *key, const char *s);
void j_strn(struct jw *w, const char *key, const char *s, size_t n);
void j_strf(struct jw *w, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void j_int(struct jw *w, const char *key, int64_t v);
void j_double(struct jw *w, const char *key, double v);	/* 1 prints 1.0 */
void j_bool(struct jw *w, const char *key, bool v);
void j_null(struct jw *w, const char *key);
void j_time(struct jw *w, const char *key, usec_t t, enum time_form form);
/* json: one complete JSON value as text (a jsonb column), trusted. */
void j_raw(struct jw *w, const char *key, const char *json, size_t n);
/* The members of a JSON object text, spliced into the open object. */
void j_splice(struct jw *w, const char *json_object, size_t n);

#endif
