/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/in.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/repr.h"
#include "common/json/text.h"

json_t *json_parse(const char *text, size_t n, struct err *e)
{
	json_error_t je;
	json_t *v = json_loadb(text, n, JSON_REJECT_DUPLICATES |
			       JSON_DECODE_ANY, &je);

	if (v)
		return v;
	err_set(e, ERR_BAD_REQUEST, "Malformed JSON in request body.");
	/* jansson's own text quotes the body, which may hold a password. */
	err_detail(e, "line %d column %d: JSON error %d", je.line, je.column,
		   (int)json_error_code(&je));
	return NULL;
}

bool jfields_has(json_t *obj, const char *key)
{
	json_t *v = json_object_get(obj, key);

	return v && !json_is_null(v);
}

/* -- what is wrong ------------------------------------------------------- */

static void copy_cut(char *out, size_t size, struct buf *b)
{
	size_t n = b->len < size ? b->len : size - 1;

	/* Not within a character. */
	while (n < b->len && n && ((unsigned char)b->data[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, buf_str(b), n);
	out[n] = '\0';
}

static int bad_set(struct jbad *bad, const char *key, const char *rule,
		    const json_t *v, struct buf *text)
{
	_cleanup_(buf_fini) struct buf value = { 0 };

	py_str(&value, v);
	*bad = (struct jbad){ .rule = rule };
	snprintf(bad->field, sizeof(bad->field), "%s", key);
	copy_cut(bad->value, sizeof(bad->value), &value);
	copy_cut(bad->text, sizeof(bad->text), text);
	return -1;
}

/* "VALUE ..." as jsonschema begins most of its messages. */
static int bad_value(struct jbad *bad, const char *key, const char *rule,
		     const json_t *v, const char *words)
{
	_cleanup_(buf_fini) struct buf text = { 0 };

	py_repr(&text, v);
	buf_adds(&text, words);
	return bad_set(bad, key, rule, v, &text);
}

static int bad_type(struct jbad *bad, const struct jfield *f, const json_t *v)
{
	static const char *const names[] = {
		[JT_STR] = "'string'", [JT_INT] = "'integer'",
		[JT_BOOL] = "'boolean'", [JT_NUM] = "'number'",
	};
	const char *type = f->type != JT_JSON ? names[f->type] :
		!(f->flags & J_ARR) ? "'object'" :
		!(f->flags & J_OBJ) ? "'array'" : "'object', 'array'";
	char words[100];

	snprintf(words, sizeof(words), " is not of type %s%s%s", type,
		 f->flags & J_LAX ? ", 'string'" : "",
		 f->flags & J_NULL ? ", 'null'" : "");
	return bad_value(bad, f->key, "type", v, words);
}

/* -- one value ----------------------------------------------------------- */

static int read_str(const struct jfield *f, const json_t *v, void *member,
		    struct jbad *bad)
{
	const char *s = json_string_value(v);
	int64_t n;

	if (!s)
		return bad_type(bad, f, v);
	n = text_chars(s);
	if (n < f->min)
		return bad_value(bad, f->key, "minLength", v, " is too short");
	if (n > f->max)
		return bad_value(bad, f->key, "maxLength", v, " is too long");
	if (f->flags & J_UUID && !text_is_uuid(s))
		return bad_value(bad, f->key, "format", v, " is not a 'uuid'");
	if (f->flags & J_NAME && !text_is_name(s)) {
		bad_value(bad, f->key, "name", v, "");
		snprintf(bad->text, sizeof(bad->text),
			 "An invalid '%.64s' value was provided. The name must "
			 "be: printable characters. Can not start or end with "
			 "whitespace.", f->key);
		return -1;
	}
	*(const char **)member = s;
	return 0;
}

/* The text of a JSON number or, laxly, of a string that looks like one. */
static const char *lax_text(const struct jfield *f, const json_t *v)
{
	return f->flags & J_LAX ? json_string_value(v) : NULL;
}

static int lax_int(const struct jfield *f, const json_t *v, const char *s,
		   int64_t *n_r, struct jbad *bad)
{
	const char *p = s + (*s == '-' && f->min < 0);

	if (!*s)
		return bad_value(bad, f->key, "minLength", v, " is too short");
	if (!*p || p[strspn(p, "0123456789")])
		return bad_value(bad, f->key, "pattern", v,
				 f->min < 0 ? " does not match '^-?[0-9]+$'" :
				 " does not match '^[0-9]*$'");
	/* Saturates, and then breaks the field's own limits. */
	*n_r = strtoll(s, NULL, 10);
	return 0;
}

/* Nova compares, and prints, the number that a string stands for. */
static int bad_limit(struct jbad *bad, const struct jfield *f,
		     const json_t *v, bool low)
{
	_cleanup_(buf_fini) struct buf text = { 0 };

	py_str(&text, v);
	if (low)
		buf_printf(&text, " is less than the minimum of %lld",
			   (long long)f->min);
	else
		buf_printf(&text, " is greater than the maximum of %lld",
			   (long long)f->max);
	return bad_set(bad, f->key, low ? "minimum" : "maximum", v, &text);
}

static int read_int(const struct jfield *f, const json_t *v, void *member,
		    struct jbad *bad)
{
	const char *s = lax_text(f, v);
	int64_t n = json_integer_value(v);

	if (s && lax_int(f, v, s, &n, bad) < 0)
		return -1;
	if (!s && !json_is_integer(v))
		return bad_type(bad, f, v);
	if (n < f->min || n > f->max)
		return bad_limit(bad, f, v, n < f->min);
	*(int64_t *)member = n;
	return 0;
}

static int read_num(const struct jfield *f, const json_t *v, void *member,
		    struct jbad *bad)
{
	const char *s = lax_text(f, v);
	double n = json_number_value(v);

	if (s && !text_is_decimal(s))
		return bad_value(bad, f->key, "pattern", v, " does not match "
				 "'^[0-9]+(\\.[0-9]+)?$'");
	if (s)
		n = strtod(s, NULL);
	else if (!json_is_number(v))
		return bad_type(bad, f, v);
	if (n < (double)f->min || n > (double)f->max)
		return bad_limit(bad, f, v, n < (double)f->min);
	*(double *)member = n;
	return 0;
}

/* The spellings that Nova's parameter_types.boolean lists, and no others. */
static const char *const true_words[] = {
	"True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes",
};
static const char *const false_words[] = {
	"False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no",
};

static bool is_word(const char *s, const char *const *words)
{
	for (size_t i = 0; i < ARRAY_LEN(true_words); i++)
		if (strcmp(s, words[i]) == 0)
			return true;
	return false;
}

static int bad_bool_word(struct jbad *bad, const struct jfield *f,
			 const json_t *v)
{
	_cleanup_(buf_fini) struct buf text = { 0 };

	py_repr(&text, v);
	buf_adds(&text, " is not one of [True");
	for (size_t i = 0; i < ARRAY_LEN(true_words); i++)
		buf_printf(&text, ", '%s'", true_words[i]);
	buf_adds(&text, ", False");
	for (size_t i = 0; i < ARRAY_LEN(false_words); i++)
		buf_printf(&text, ", '%s'", false_words[i]);
	buf_addc(&text, ']');
	return bad_set(bad, f->key, "enum", v, &text);
}

static int read_bool(const struct jfield *f, const json_t *v, void *member,
		     struct jbad *bad)
{
	const char *s = lax_text(f, v);

	if (!s && !json_is_boolean(v))
		return bad_type(bad, f, v);
	if (s && !is_word(s, true_words) && !is_word(s, false_words))
		return bad_bool_word(bad, f, v);
	*(bool *)member = s ? is_word(s, true_words) : json_is_true(v);
	return 0;
}

static int read_json(const struct jfield *f, json_t *v, void *member,
		     struct jbad *bad)
{
	unsigned want = f->flags & (J_OBJ | J_ARR);

	if (want && !(want & J_OBJ && json_is_object(v)) &&
	    !(want & J_ARR && json_is_array(v)))
		return bad_type(bad, f, v);
	*(json_t **)member = v;
	return 0;
}

static int read_value(const struct jfield *f, json_t *v, void *out,
		      struct jbad *bad)
{
	void *member = (char *)out + f->offset;

	if (json_is_null(v) && f->flags & J_NULL)
		return 0;
	switch (f->type) {
	case JT_STR:
		return read_str(f, v, member, bad);
	case JT_INT:
		return read_int(f, v, member, bad);
	case JT_BOOL:
		return read_bool(f, v, member, bad);
	case JT_NUM:
		return read_num(f, v, member, bad);
	case JT_JSON:
		return read_json(f, v, member, bad);
	}
	abort();
}

/* -- the object ---------------------------------------------------------- */

static bool in_force(const struct jfield *f, int mv)
{
	return mv >= f->mv_min && mv <= f->mv_max;
}

static const struct jfield *find_field(const struct jfield *f, int mv,
				       const char *key)
{
	for (; f->key; f++)
		if (in_force(f, mv) && strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

static int check_required(const json_t *obj, const struct jfield *f, int mv,
			  struct jbad *bad)
{
	_cleanup_(buf_fini) struct buf text = { 0 };

	for (; f->key; f++) {
		if (!(f->flags & J_REQ) || !in_force(f, mv) ||
		    json_object_get(obj, f->key))
			continue;
		buf_printf(&text, "'%s' is a required property", f->key);
		return bad_set(bad, "", "required", obj, &text);
	}
	return 0;
}

static int check_additional(json_t *obj, const struct jfield *f, int mv,
			    struct jbad *bad)
{
	_cleanup_(buf_fini) struct buf text = { 0 };
	const char *key;
	json_t *v;
	int n = 0;

	json_object_foreach(obj, key, v) {
		json_t *k;

		if (find_field(f, mv, key))
			continue;
		buf_adds(&text, n++ ? ", " : "Additional properties are not "
			 "allowed (");
		k = json_string(key);
		py_repr(&text, k);
		json_decref(k);
	}
	if (!n)
		return 0;
	buf_adds(&text, n > 1 ? " were unexpected)" : " was unexpected)");
	return bad_set(bad, "", "additionalProperties", obj, &text);
}

/*
 * jsonschema reports the first error in the order in which the services'
 * schemas are written: type, properties, required, additionalProperties.
 */
int json_fields(json_t *obj, const struct jfield *f, int mv, void *out,
		struct jbad *bad_r)
{
	const struct jfield *p;
	json_t *v;

	assert(obj);
	if (!json_is_object(obj))
		return bad_value(bad_r, "", "type", obj,
				 " is not of type 'object'");
	for (p = f; p->key; p++) {
		if (!in_force(p, mv) || !(v = json_object_get(obj, p->key)))
			continue;
		if (read_value(p, v, out, bad_r) < 0)
			return -1;
	}
	if (check_required(obj, f, mv, bad_r) < 0)
		return -1;
	return p->flags & J_OPEN ? 0 : check_additional(obj, f, mv, bad_r);
}
