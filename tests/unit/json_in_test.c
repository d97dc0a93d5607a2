/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json/in.h"
#include "common/json/text.h"

struct thing {
	const char *name, *id, *nick;
	int64_t ram, swap;
	bool public, lax;
	double factor;
	json_t *extra, *list;
};

static const struct jfield fields[] = {
	JF_STR(struct thing, name, J_REQ | J_NAME, 1, 10),
	JF_STR(struct thing, id, J_NULL | J_UUID, 0, 255),
	JF_STR_MV(struct thing, nick, 0, 0, 5, 10, 19),
	JF_STR_MV(struct thing, nick, 0, 0, 9, 20, 999),
	JF_INT_K(struct thing, ram, "ram:mb", J_LAX, 0, 1000),
	JF_INT(struct thing, swap, 0, -1, INT64_MAX),
	JF_BOOL(struct thing, public, 0),
	JF_BOOL(struct thing, lax, J_LAX),
	JF_NUM(struct thing, factor, J_LAX, 0, 100),
	JF_JSON(struct thing, extra, J_OBJ | J_NULL),
	JF_JSON(struct thing, list, J_ARR),
	JF_END
};

static struct jbad bad;
static json_t *body;

static int load(const char *text, int mv, struct thing *out)
{
	struct err e = { 0 };

	json_decref(body);
	body = json_parse(text, strlen(text), &e);
	assert_non_null(body);
	memset(&bad, 0, sizeof(bad));
	return json_fields(body, fields, mv, out, &bad);
}

static void test_good(void **state)
{
	struct thing t = { .swap = 7, .nick = "kept" };

	(void)state;
	assert_int_equal(load("{\"name\": \"x y\", \"id\": null, "
			      "\"ram:mb\": \"512\", \"public\": true, "
			      "\"lax\": \"On\", \"factor\": \"1.5\", "
			      "\"extra\": {\"a\": 1}, \"list\": []}", 1, &t),
			 0);
	assert_string_equal(t.name, "x y");
	assert_null(t.id);
	assert_int_equal(t.ram, 512);
	assert_int_equal(t.swap, 7);
	assert_true(t.public);
	assert_true(t.lax);
	assert_true(t.factor == 1.5);
	assert_true(json_is_object(t.extra));
	assert_true(json_is_array(t.list));
	assert_string_equal(t.nick, "kept");
}

static void expect(const char *text, int mv, const char *field,
		   const char *rule, const char *words)
{
	struct thing t = { 0 };

	assert_int_equal(load(text, mv, &t), -1);
	assert_string_equal(bad.text, words);
	assert_string_equal(bad.field, field);
	assert_string_equal(bad.rule, rule);
}

/* The words are those of the recorded replies. */
static void test_words(void **state)
{
	(void)state;
	expect("{\"name\": \"\"}", 0, "name", "minLength", "'' is too short");
	expect("{\"name\": \"12345678901\"}", 0, "name", "maxLength",
	       "'12345678901' is too long");
	expect("{\"name\": 1}", 0, "name", "type", "1 is not of type 'string'");
	expect("{\"name\": null}", 0, "name", "type",
	       "None is not of type 'string'");
	expect("{\"name\": \"x\", \"id\": 1}", 0, "id", "type",
	       "1 is not of type 'string', 'null'");
	expect("{\"name\": \"x\", \"id\": \"foo\"}", 0, "id", "format",
	       "'foo' is not a 'uuid'");
	expect("{}", 0, "", "required", "'name' is a required property");
	expect("{\"name\": \"x\", \"foo\": 1}", 0, "",
	       "additionalProperties",
	       "Additional properties are not allowed ('foo' was unexpected)");
	expect("{\"name\": \"x\", \"foo\": 1, \"it's\": 1}", 0, "",
	       "additionalProperties", "Additional properties are not allowed "
	       "('foo', \"it's\" were unexpected)");
	expect("[]", 0, "", "type", "[] is not of type 'object'");
	expect("{\"name\": \" x\"}", 0, "name", "name",
	       "An invalid 'name' value was provided. The name must be: "
	       "printable characters. Can not start or end with whitespace.");
}

static void test_words_of_values(void **state)
{
	(void)state;
	expect("{\"ram:mb\": -1}", 0, "ram:mb", "minimum",
	       "-1 is less than the minimum of 0");
	expect("{\"ram:mb\": \"1001\"}", 0, "ram:mb", "maximum",
	       "1001 is greater than the maximum of 1000");
	expect("{\"ram:mb\": \"abc\"}", 0, "ram:mb", "pattern",
	       "'abc' does not match '^[0-9]*$'");
	expect("{\"ram:mb\": 1.5}", 0, "ram:mb", "type",
	       "1.5 is not of type 'integer', 'string'");
	expect("{\"ram:mb\": \"99999999999999999999\"}", 0, "ram:mb",
	       "maximum", "99999999999999999999 is greater than the maximum of "
	       "1000");
	expect("{\"swap\": \"1\"}", 0, "swap", "type",
	       "'1' is not of type 'integer'");
	expect("{\"swap\": true}", 0, "swap", "type",
	       "True is not of type 'integer'");
	expect("{\"public\": \"maybe\"}", 0, "public", "type",
	       "'maybe' is not of type 'boolean'");
	expect("{\"lax\": 1}", 0, "lax", "type",
	       "1 is not of type 'boolean', 'string'");
	expect("{\"lax\": \"maybe\"}", 0, "lax", "enum",
	       "'maybe' is not one of [True, 'True', 'TRUE', 'true', '1', "
	       "'ON', 'On', 'on', 'YES', 'Yes', 'yes', False, 'False', "
	       "'FALSE', 'false', '0', 'OFF', 'Off', 'off', 'NO', 'No', "
	       "'no']");
	expect("{\"factor\": \"1.\"}", 0, "factor", "pattern",
	       "'1.' does not match '^[0-9]+(\\.[0-9]+)?$'");
	expect("{\"extra\": [{\"a\": \"b\\n\"}, 0.5]}", 0, "extra", "type",
	       "[{'a': 'b\\n'}, 0.5] is not of type 'object', 'null'");
	expect("{\"list\": \"none\"}", 0, "list", "type",
	       "'none' is not of type 'array'");
}

static void test_value_as_python_prints_it(void **state)
{
	struct thing t;

	(void)state;
	load("{\"name\": \"it's much too long\"}", 0, &t);
	assert_string_equal(bad.value, "it's much too long");
	assert_string_equal(bad.text, "\"it's much too long\" is too long");
	load("{\"id\": null, \"public\": false}", 0, &t);
	assert_string_equal(bad.value, "{'id': None, 'public': False}");
}

static void test_microversions(void **state)
{
	struct thing t = { 0 };

	(void)state;
	expect("{\"name\": \"x\", \"nick\": \"n\"}", 9, "",
	       "additionalProperties",
	       "Additional properties are not allowed ('nick' was "
	       "unexpected)");
	expect("{\"name\": \"x\", \"nick\": \"123456\"}", 10, "nick",
	       "maxLength", "'123456' is too long");
	assert_int_equal(load("{\"name\": \"x\", \"nick\": \"123456\"}", 20,
			      &t), 0);
	assert_string_equal(t.nick, "123456");
}

static void test_long_values_are_cut(void **state)
{
	char text[8192] = "{\"name\": \"";
	struct thing t;

	(void)state;
	while (strlen(text) < 8000)
		strcat(text, "\xe2\x82\xac");
	strcat(text, "\"}");
	assert_int_equal(load(text, 0, &t), -1);
	assert_int_equal(strlen(bad.value), 1023);
	assert_int_equal(strlen(bad.text), 1021);
}

static void test_parse(void **state)
{
	static const char *const wrong[] = {
		"", "{", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "{'a': 1}",
		"\"\xff\"", "\"\\u0000\"", "[1,]", "nul",
	};
	_cleanup_(buf_fini) struct buf deep = { 0 };
	struct err e = { 0 };
	json_t *v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_null(json_parse(wrong[i], strlen(wrong[i]), &e));
		assert_int_equal(e.kind, ERR_BAD_REQUEST);
	}
	assert_null(json_parse("{\"password\": secret}", 20, &e));
	assert_null(strstr(e.detail, "secret"));
	for (int i = 0; i < 100000; i++)
		buf_addc(&deep, '[');
	assert_null(json_parse(deep.data, deep.len, &e));
	v = json_parse("[1]", 3, &e);
	assert_non_null(v);
	json_decref(v);
}

static void test_open_and_has(void **state)
{
	static const struct jfield open_fields[] = {
		JF_STR(struct thing, name, 0, 0, 255),
		JF_END_OPEN
	};
	struct thing t = { 0 };
	struct err e;
	json_t *v = json_parse("{\"name\": \"n\", \"x\": null}", 24, &e);

	(void)state;
	assert_int_equal(json_fields(v, open_fields, 0, &t, &bad), 0);
	assert_true(jfields_has(v, "name"));
	assert_false(jfields_has(v, "x"));
	assert_false(jfields_has(v, "y"));
	assert_int_equal(json_fields(v, fields, 0, &t, &bad), -1);
	assert_string_equal(bad.text, "Additional properties are not allowed "
			    "('x' was unexpected)");
	json_decref(v);
}

static void test_text(void **state)
{
	(void)state;
	assert_int_equal(text_chars("a\xc3\xbc\xf0\x9f\x98\x80"), 3);
	assert_true(text_is_uuid("0123456789abcdef0123456789ABCDEF"));
	assert_true(text_is_uuid("01234567-89ab-cdef-0123-456789abcdef"));
	assert_false(text_is_uuid("01234567x89ab-cdef-0123-456789abcdef"));
	assert_false(text_is_uuid("0123456789abcdef0123456789ABCDEg"));
	assert_false(text_is_uuid(""));
	assert_true(text_is_name("a \xc3\xbc\xf0\x9f\x98\x80"));
	assert_false(text_is_name("a\tb"));
	assert_false(text_is_name("a "));
	assert_false(text_is_name("\xc2\xa0"));
	assert_false(text_is_name("a\xe2\x80\x8b"));
}

static void test_schema(void **state)
{
	_cleanup_(buf_fini) struct buf b = { 0 };
	json_t *v, *props;

	(void)state;
	json_schema_print(fields, &b);
	v = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(v);
	assert_true(json_is_false(json_object_get(v,
						  "additionalProperties")));
	assert_string_equal(json_string_value(json_array_get(
		json_object_get(v, "required"), 0)), "name");
	props = json_object_get(v, "properties");
	assert_int_equal(json_object_size(props), 10);
	assert_int_equal(json_array_size(json_object_get(
		json_object_get(props, "nick"), "oneOf")), 2);
	assert_int_equal(json_integer_value(json_object_get(
		json_object_get(props, "name"), "maxLength")), 10);
	json_decref(v);
}

static int teardown(void **state)
{
	(void)state;
	json_decref(body);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_of_values),
		cmocka_unit_test(test_value_as_python_prints_it),
		cmocka_unit_test(test_microversions),
		cmocka_unit_test(test_long_values_are_cut),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_open_and_has),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
