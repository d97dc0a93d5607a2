/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_PATCH_H
#define GLANCE_PATCH_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/base/mem.h"

/*
 * Glance's JSON patches (Image API v2, "Update an image"): RFC 6902's add,
 * replace and remove on the first level of an image, in two dialects:
 *	2.0	{"replace": "/name", "value": "x"}
 *	2.1	{"op": "replace", "path": "/name", "value": "x"}
 */
enum change_op { CHANGE_ADD, CHANGE_REPLACE, CHANGE_REMOVE };

struct change {
	enum change_op op;
	const char *name;		/* the attribute, unescaped */
	json_t *value;			/* borrowed; NULL on remove */
};

/* 20 or 21 by the Content-Type, -1 when it is neither (or NULL). */
int patch_dialect(const char *content_type);

/*
 * The changes of a body, at most one per element of it. Values are checked
 * against the schema, names for being settable. Returns their number, or -1
 * with BAD_REQUEST or FORBIDDEN. changes_r has room for all elements.
 */
int patch_parse(json_t *body, int dialect, struct arena *arena,
		struct change *changes_r, struct err *e);

#endif
