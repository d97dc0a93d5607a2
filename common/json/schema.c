/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/json/in.h"
#include "common/json/out.h"

/* The types of a row, "null" and laxly "string" among them. */
static void put_type(struct jw *w, const struct jfield *f)
{
	static const char *const names[] = {
		[JT_STR] = "string", [JT_INT] = "integer",
		[JT_BOOL] = "boolean", [JT_NUM] = "number",
	};
	const char *types[4];
	int n = 0;

	if (f->type != JT_JSON)
		types[n++] = names[f->type];
	if (f->type == JT_JSON && f->flags & J_OBJ)
		types[n++] = "object";
	if (f->type == JT_JSON && f->flags & J_ARR)
		types[n++] = "array";
	if (!n)
		return;		/* any */
	if (f->flags & J_LAX)
		types[n++] = "string";
	if (f->flags & J_NULL)
		types[n++] = "null";
	if (n == 1) {
		j_str(w, "type", types[0]);
		return;
	}
	j_arr(w, "type");
	for (int i = 0; i < n; i++)
		j_str(w, NULL, types[i]);
	j_end(w);
}

static void put_limits(struct jw *w, const struct jfield *f)
{
	if (f->type == JT_STR) {
		if (f->min > 0)
			j_int(w, "minLength", f->min);
		if (f->max != INT64_MAX)
			j_int(w, "maxLength", f->max);
	} else if (f->type == JT_INT || f->type == JT_NUM) {
		if (f->min != INT64_MIN)
			j_int(w, "minimum", f->min);
		if (f->max != INT64_MAX)
			j_int(w, "maximum", f->max);
	}
}

/* OpenStack's own schemas say microversions by this extension. */
static void put_microversions(struct jw *w, const struct jfield *f)
{
	if (f->mv_min == 0 && f->mv_max == 999)
		return;
	j_obj(w, "x-openstack");
	if (f->mv_min)
		j_strf(w, "min-ver", "2.%d", f->mv_min);
	if (f->mv_max != 999)
		j_strf(w, "max-ver", "2.%d", f->mv_max);
	j_end(w);
}

static void put_field(struct jw *w, const char *key, const struct jfield *f)
{
	j_obj(w, key);
	put_type(w, f);
	put_limits(w, f);
	if (f->flags & J_UUID)
		j_str(w, "format", "uuid");
	else if (f->flags & J_NAME)
		j_str(w, "format", "name");
	put_microversions(w, f);
	j_end(w);
}

static const struct jfield *same_key(const struct jfield *f, const char *key)
{
	for (; f->key; f++)
		if (strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

/* A key may have several rows, each for its own range of microversions. */
static void put_key(struct jw *w, const struct jfield *f)
{
	if (!same_key(f + 1, f->key)) {
		put_field(w, f->key, f);
		return;
	}
	j_obj(w, f->key);
	j_arr(w, "oneOf");
	for (const struct jfield *p = f; p; p = same_key(p + 1, f->key))
		put_field(w, NULL, p);
	j_end(w);
	j_end(w);
}

void json_schema_print(const struct jfield *f, struct buf *out)
{
	const struct jfield *p;
	bool any_required = false;
	struct jw w;

	jw_init(&w, out);
	j_obj(&w, NULL);
	j_str(&w, "type", "object");
	j_obj(&w, "properties");
	for (p = f; p->key; p++) {
		any_required |= p->flags & J_REQ;
		if (same_key(f, p->key) == p)
			put_key(&w, p);
	}
	j_end(&w);
	j_bool(&w, "additionalProperties", p->flags & J_OPEN);
	if (any_required) {
		j_arr(&w, "required");
		for (p = f; p->key; p++)
			if (p->flags & J_REQ && same_key(f, p->key) == p)
				j_str(&w, NULL, p->key);
		j_end(&w);
	}
	j_end(&w);
}
