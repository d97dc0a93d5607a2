/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/api/pretty.h"

#include <stdlib.h>

#include "common/json/repr.h"

#define WIDTH 72

static json_t *sorted(json_t *object)
{
	char *text = json_dumps(object, JSON_SORT_KEYS);
	json_t *out = json_loads(text, 0, NULL);

	free(text);
	return out;
}

static void newline(struct buf *out, int column)
{
	buf_printf(out, ",\n%*s", column, "");
}

static void pretty(struct buf *out, json_t *v, int column, int margin,
		   int behind);

static void pretty_array(struct buf *out, json_t *v, int column, int margin)
{
	json_t *item;
	size_t i;

	buf_addc(out, '[');
	json_array_foreach(v, i, item) {
		if (i)
			newline(out, margin + column + 1);
		pretty(out, item, column + 1, margin, 1);
	}
	buf_addc(out, ']');
}

static void pretty_object(struct buf *out, json_t *v, int column, int margin)
{
	const char *key;
	json_t *item;
	size_t start;
	int n = 0;

	buf_addc(out, '{');
	json_object_foreach(v, key, item) {
		if (n++)
			newline(out, margin + column + 1);
		start = out->len;
		buf_printf(out, "'%s': ", key);
		pretty(out, item, column + 1 + (int)(out->len - start), margin,
		       1);
	}
	buf_addc(out, '}');
}

/* column: where v begins; behind: what must still follow on its last line. */
static void pretty(struct buf *out, json_t *v, int column, int margin,
		   int behind)
{
	json_t *shown = json_is_object(v) ? sorted(v) : json_incref(v);
	size_t start = out->len;

	py_repr(out, shown);
	if ((int)(out->len - start) > WIDTH - column - behind) {
		if (json_is_object(v)) {
			out->len = start;
			pretty_object(out, shown, column, margin);
		} else if (json_is_array(v)) {
			out->len = start;
			pretty_array(out, shown, column, margin);
		}
	}
	json_decref(shown);
}

void py_pretty(struct buf *out, json_t *v, int margin)
{
	pretty(out, v, 0, margin, 0);
}
