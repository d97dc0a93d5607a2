/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes bodies: what a field table lets in keeps its limits, what it refuses
 * is told in well-formed text; and any bytes are written as valid JSON.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/in.h"
#include "common/json/out.h"
#include "common/json/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct thing {
	const char *a, *n, *u;
	int64_t i, l;
	bool b, c;
	double d;
	json_t *o, *r;
};

static const struct jfield fields[] = {
	JF_STR(struct thing, a, J_REQ, 1, 4),
	JF_STR_MV(struct thing, n, J_NAME | J_NULL, 0, 255, 2, 7),
	JF_STR(struct thing, u, J_UUID, 0, 255),
	JF_INT(struct thing, i, 0, -5, 5),
	JF_INT(struct thing, l, J_LAX, 0, 5),
	JF_BOOL(struct thing, b, 0),
	JF_BOOL(struct thing, c, J_LAX),
	JF_NUM(struct thing, d, J_LAX, 0, 9),
	JF_JSON(struct thing, o, J_OBJ),
	JF_JSON(struct thing, r, J_ARR | J_NULL),
	JF_END
};

static void check_limits(const struct thing *t)
{
	assert(t->a && text_chars(t->a) >= 1 && text_chars(t->a) <= 4);
	assert(!t->n || text_is_name(t->n));
	assert(!t->u || text_is_uuid(t->u));
	assert(t->i >= -5 && t->i <= 5 && t->l >= 0 && t->l <= 5);
	assert(t->d >= 0 && t->d <= 9);
	assert(!t->o || json_is_object(t->o));
	assert(!t->r || json_is_array(t->r));
}

/* Through the writer, jansson being the judge. */
static void check_text(const char *s, size_t n, bool same)
{
	_cleanup_(buf_fini) struct buf b = { 0 };
	struct jw w;
	json_t *v;

	jw_init(&w, &b);
	j_obj(&w, NULL);
	j_strn(&w, "s", s, n);
	j_end(&w);
	v = json_loadb(b.data, b.len, JSON_ALLOW_NUL, NULL);
	assert(v);
	if (same)
		assert(strcmp(json_string_value(json_object_get(v, "s")),
			      s) == 0);
	json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct thing t = { 0 };
	struct jbad bad;
	struct err e;
	json_t *v;

	check_text((const char *)data, size, false);
	if (!size)
		return 0;
	v = json_parse((const char *)data + 1, size - 1, &e);
	if (!v)
		return 0;
	if (json_fields(v, fields, data[0] % 10, &t, &bad) == 0) {
		check_limits(&t);
	} else {
		assert(bad.text[0] && bad.rule);
		check_text(bad.text, strlen(bad.text), true);
		check_text(bad.value, strlen(bad.value), true);
	}
	json_decref(v);
	return 0;
}
