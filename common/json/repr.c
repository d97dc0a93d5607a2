/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/repr.h"

#include <string.h>

#include "common/json/out.h"

static void repr_string(struct buf *b, const char *s, size_t n)
{
	/* Python prefers ' and changes to " only where that saves escapes. */
	bool dquote = memchr(s, '\'', n) && !memchr(s, '"', n);
	char quote = dquote ? '"' : '\'';

	buf_addc(b, quote);
	for (const char *end = s + n; s < end; s++) {
		unsigned char c = (unsigned char)*s;

		if (*s == quote || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_adds(b, "\\n");
		else if (c == '\r')
			buf_adds(b, "\\r");
		else if (c == '\t')
			buf_adds(b, "\\t");
		else if (c < ' ' || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_addc(b, *s);
	}
	buf_addc(b, quote);
}

static void repr_object(struct buf *b, const json_t *v)
{
	const char *key, *comma = "";
	json_t *item;

	buf_addc(b, '{');
	json_object_foreach((json_t *)v, key, item) {
		buf_adds(b, comma);
		repr_string(b, key, strlen(key));
		buf_adds(b, ": ");
		py_repr(b, item);
		comma = ", ";
	}
	buf_addc(b, '}');
}

static void repr_array(struct buf *b, const json_t *v)
{
	const char *comma = "";
	json_t *item;
	size_t i;

	buf_addc(b, '[');
	json_array_foreach(v, i, item) {
		buf_adds(b, comma);
		py_repr(b, item);
		comma = ", ";
	}
	buf_addc(b, ']');
}

static void repr_number(struct buf *b, const json_t *v)
{
	struct jw w;

	jw_init(&w, b);
	if (json_is_integer(v))
		j_int(&w, NULL, json_integer_value(v));
	else
		j_double(&w, NULL, json_real_value(v));
}

void py_repr(struct buf *b, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		repr_object(b, v);
		break;
	case JSON_ARRAY:
		repr_array(b, v);
		break;
	case JSON_STRING:
		repr_string(b, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		repr_number(b, v);
		break;
	case JSON_TRUE:
		buf_adds(b, "True");
		break;
	case JSON_FALSE:
		buf_adds(b, "False");
		break;
	case JSON_NULL:
		buf_adds(b, "None");
		break;
	}
}

void py_str(struct buf *b, const json_t *v)
{
	if (json_is_string(v))
		buf_add(b, json_string_value(v), json_string_length(v));
	else
		py_repr(b, v);
}
