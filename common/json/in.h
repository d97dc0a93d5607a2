/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_JSON_IN_H
#define LITE_JSON_IN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/buf.h"
#include "common/base/mem.h"

/*
 * JSON bodies go into structs by a table of fields. A row names the key by
 * the member's name (or a given key), checks the member's C type with
 * _Generic, and says what is allowed. The same table prints JSON Schema for
 * the API reference.
 *
 *	static const struct jfield keypair_fields[] = {
 *		JF_STR(struct keypair_in, name, J_REQ, 1, 255),
 *		JF_STR_MV(struct keypair_in, type, 0, 1, 20, 2, 999),
 *		JF_END
 *	};
 */
enum jtype { JT_STR, JT_INT, JT_BOOL, JT_NUM, JT_JSON };

enum {
	J_REQ = 1 << 0,		/* must be there */
	J_NULL = 1 << 1,	/* null is allowed and means absent */
	J_LAX = 1 << 2,		/* "1", "true" for numbers, booleans: Nova */
	J_OPEN = 1 << 3,	/* on JF_END_OPEN: other keys are let through */
	J_OBJ = 1 << 4,		/* JT_JSON: must be an object */
	J_ARR = 1 << 5,		/* JT_JSON: must be an array */
	J_NAME = 1 << 6,	/* printable, no leading/trailing white space */
	J_UUID = 1 << 7,	/* a UUID, dashes optional */
};

struct jfield {
	const char *key;
	enum jtype type;
	unsigned flags;
	size_t offset;
	int64_t min, max;	/* string length in characters, or value */
	int mv_min, mv_max;	/* minor microversions; 0, 999: any */
};

#define J_CHECK(s, m, t) \
	(0 * sizeof(_Generic(((s *)0)->m, t: 0)))
#define JF_ROW(s, m, k, jt, ct, f, lo, hi, v0, v1) \
	{ k, jt, (f), offsetof(s, m) + J_CHECK(s, m, ct), lo, hi, v0, v1 }
#define JF_STR(s, m, f, lo, hi) \
	JF_ROW(s, m, #m, JT_STR, const char *, f, lo, hi, 0, 999)
#define JF_STR_K(s, m, k, f, lo, hi) \
	JF_ROW(s, m, k, JT_STR, const char *, f, lo, hi, 0, 999)
#define JF_STR_MV(s, m, f, lo, hi, v0, v1) \
	JF_ROW(s, m, #m, JT_STR, const char *, f, lo, hi, v0, v1)
#define JF_INT(s, m, f, lo, hi) \
	JF_ROW(s, m, #m, JT_INT, int64_t, f, lo, hi, 0, 999)
#define JF_INT_K(s, m, k, f, lo, hi) \
	JF_ROW(s, m, k, JT_INT, int64_t, f, lo, hi, 0, 999)
#define JF_BOOL(s, m, f) \
	JF_ROW(s, m, #m, JT_BOOL, bool, f, 0, 0, 0, 999)
#define JF_BOOL_K(s, m, k, f) \
	JF_ROW(s, m, k, JT_BOOL, bool, f, 0, 0, 0, 999)
#define JF_NUM(s, m, f, lo, hi) \
	JF_ROW(s, m, #m, JT_NUM, double, f, lo, hi, 0, 999)
/* The value as it is, borrowed from the body (lives as long as root). */
#define JF_JSON(s, m, f) \
	JF_ROW(s, m, #m, JT_JSON, json_t *, f, 0, 0, 0, 999)
#define JF_JSON_K(s, m, k, f) \
	JF_ROW(s, m, k, JT_JSON, json_t *, f, 0, 0, 0, 999)
#define JF_JSON_MV(s, m, k, f, v0, v1) \
	JF_ROW(s, m, k, JT_JSON, json_t *, f, 0, 0, v0, v1)
#define JF_END { NULL, JT_STR, 0, 0, 0, 0, 0, 0 }
#define JF_END_OPEN { NULL, JT_STR, J_OPEN, 0, 0, 0, 0, 0 }

/*
 * Parses text (strict: duplicates and trailing text refused, depth bounded).
 * The value belongs to the caller (json_decref). BAD_REQUEST on failure.
 */
json_t *json_parse(const char *text, size_t n, struct err *e);

/* What json_fields found wrong, for a service that words it itself. */
struct jbad {
	char field[128];	/* "" when it concerns the object itself */
	const char *rule;	/* "type" "required" "additionalProperties"
				   "minLength" "maxLength" "minimum" "maximum"
				   "pattern" "enum" "format", and "name" (text
				   is Nova's whole sentence then) */
	char value[1024];	/* as Python's str() prints it, cut: x, True,
				   {'a': None} */
	char text[1024];	/* "'x' is too short" as jsonschema words it */
};

/*
 * Fills *out by the table; members whose key is absent keep what they were.
 * Strings are borrowed from obj. mv: the request's minor microversion (0 where
 * the service has none). Returns -1 with bad filled.
 */
int json_fields(json_t *obj, const struct jfield *f, int mv, void *out,
		struct jbad *bad_r);
bool jfields_has(json_t *obj, const char *key);	/* present and not null */

/* Prints the table as a JSON Schema object. */
void json_schema_print(const struct jfield *f, struct buf *out);

#endif
