/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_ATTR_H
#define GLANCE_ATTR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/json/out.h"

/*
 * The attributes of an image, one row each (attr.tbl): the JSON Schema that
 * clients fetch, the checks of a body, and the words of their failures come
 * from the same table (Image API v2, "Image data model").
 */
enum {
	A_NULL = 1 << 0,	/* null is allowed */
	A_RO = 1 << 1,		/* only the service sets it */
	A_UUID = 1 << 2,
	A_PROP = 1 << 3,	/* well known, kept among the properties */
	A_URL = 1 << 4,		/* where something is: never in a body */
};

enum attr_type { AT_STRING, AT_INTEGER, AT_BOOLEAN, AT_TAGS, AT_LOCATIONS };

struct attr {
	const char *name;
	enum attr_type type;
	unsigned flags;
	int max_len;			/* 0: none */
	const char *const *choices;	/* NULL-terminated, or NULL */
	const char *doc;
};

/* NULL: an attribute that users make up, a string. */
const struct attr *attr_find(const char *name);

/* True for attributes that are columns, not properties. */
bool attr_is_base(const char *name);

/* BAD_REQUEST as jsonschema words it, when v may not be the value of name. */
int attr_check(const char *name, json_t *v, struct err *e);

/* FORBIDDEN when clients may not set name: "read-only" or "reserved". */
int attr_check_settable(const char *name, struct err *e);

/* Writes the schema's members "name" to "links" into an open object. */
void attr_write_schema(struct jw *w);

extern const char attr_uuid_pattern[];
bool attr_is_uuid(const char *s);	/* with its dashes */

#endif
