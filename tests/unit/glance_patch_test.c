/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "glance-lite/api/attr.h"
#include "glance-lite/api/patch.h"

static struct arena arena;
static struct change changes[8];
static struct err error;
static json_t *body;

static int parse(const char *text, int dialect)
{
	json_decref(body);
	body = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(body);
	memset(&error, 0, sizeof(error));
	return patch_parse(body, dialect, &arena, changes, &error);
}

static void test_dialect(void **state)
{
	(void)state;
	assert_int_equal(patch_dialect(
		"application/openstack-images-v2.1-json-patch"), 21);
	assert_int_equal(patch_dialect(
		"Application/openstack-images-v2.0-json-patch; a=b"), 20);
	assert_int_equal(patch_dialect(
		"application/openstack-images-v2.1-json-patchy"), -1);
	assert_int_equal(patch_dialect("application/json"), -1);
	assert_int_equal(patch_dialect(NULL), -1);
}

static void assert_change(int i, enum change_op op, const char *name,
			  const char *value)
{
	assert_int_equal(changes[i].op, op);
	assert_string_equal(changes[i].name, name);
	if (value)
		assert_string_equal(json_string_value(changes[i].value),
				    value);
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(parse("[]", 21), 0);
	assert_int_equal(parse(
		"[{\"op\": \"add\", \"path\": \"/a~1b~0~01\","
		"  \"value\": \"1\"},"
		" {\"op\": \"remove\", \"path\": \"/x\"},"
		" {\"op\": \"replace\", \"path\": \"/name\","
		"  \"value\": \"n\"}]", 21), 3);
	assert_change(0, CHANGE_ADD, "a/b~~1", "1");
	assert_change(1, CHANGE_REMOVE, "x", NULL);
	assert_change(2, CHANGE_REPLACE, "name", "n");
	assert_int_equal(parse("[{\"replace\": \"/name\", \"value\": \"n\"},"
			       " {\"remove\": \"/x\"}]", 20), 2);
	assert_change(0, CHANGE_REPLACE, "name", "n");
	assert_change(1, CHANGE_REMOVE, "x", NULL);
	assert_int_equal(parse("[{\"op\": \"add\", \"path\": \"/locations/-\","
			       " \"value\": {}}]", 21), 1);
	assert_change(0, CHANGE_ADD, "locations", NULL);
}

#define ADD(path) "[{\"op\": \"add\", \"path\": \"" path \
	"\", \"value\": \"v\"}]"

static const struct {
	const char *body;
	enum err_kind kind;
	const char *msg;
} bad[] = {
	{ "{}", ERR_BAD_REQUEST,
	  "Request body must be a JSON array of operation objects." },
	{ "[1]", ERR_BAD_REQUEST, "Operations must be JSON objects." },
	{ "[{}]", ERR_BAD_REQUEST,
	  "Unable to find 'op' in JSON Schema change" },
	{ "[{\"op\": 1}]", ERR_BAD_REQUEST,
	  "Unable to find 'op' in JSON Schema change" },
	{ "[{\"op\": \"add\"}]", ERR_BAD_REQUEST,
	  "Unable to find 'path' in JSON Schema change" },
	{ "[{\"op\": \"copy\", \"path\": \"/name\"}]", ERR_BAD_REQUEST,
	  "Invalid operation: `copy`. It must be one of the following: add, "
	  "remove, replace." },
	{ ADD("x"), ERR_BAD_REQUEST, "Pointer `x` does not start with \"/\"." },
	{ ADD("/a//b"), ERR_BAD_REQUEST,
	  "Pointer `/a//b` contains adjacent \"/\"." },
	{ ADD("/a/"), ERR_BAD_REQUEST, "Pointer `/a/` end with \"/\"." },
	{ ADD("/"), ERR_BAD_REQUEST,
	  "Pointer `/` does not contains valid token." },
	{ ADD("/a~2"), ERR_BAD_REQUEST, "Pointer `/a~2` contains \"~\" not "
	  "part of a recognized escape sequence." },
	{ ADD("/a~"), ERR_BAD_REQUEST, "Pointer `/a~` contains \"~\" not "
	  "part of a recognized escape sequence." },
	{ ADD("/a/b"), ERR_BAD_REQUEST,
	  "Invalid JSON pointer for this resource: '/a/b'" },
	{ ADD("/tags/x"), ERR_BAD_REQUEST,
	  "Invalid JSON pointer for this resource: '/tags/x'" },
	{ ADD("/status"), ERR_FORBIDDEN, "Attribute 'status' is read-only." },
	{ ADD("/id"), ERR_FORBIDDEN, "Attribute 'id' is read-only." },
	{ ADD("/self"), ERR_FORBIDDEN, "Attribute 'self' is read-only." },
	{ ADD("/deleted"), ERR_FORBIDDEN, "Attribute 'deleted' is reserved." },
	{ ADD("/os_glance_x"), ERR_FORBIDDEN,
	  "Attribute 'os_glance_x' is reserved." },
	{ "[{\"op\": \"remove\", \"path\": \"/checksum\"}]", ERR_FORBIDDEN,
	  "Attribute 'checksum' is read-only." },
	{ "[{\"op\": \"add\", \"path\": \"/x\"}]", ERR_BAD_REQUEST,
	  "Operation \"add\" requires a member named \"value\"." },
	{ "[{\"op\": \"add\", \"path\": \"/foo\", \"value\": 1}]",
	  ERR_BAD_REQUEST, "Provided object does not match schema 'image': 1 "
	  "is not of type 'string'\n\nFailed validating 'type' in "
	  "schema['additionalProperties']:\n    {'type': 'string'}\n\n"
	  "On instance['foo']:\n    1" },
	{ ADD("/visibility"), ERR_BAD_REQUEST, "Provided object does not "
	  "match schema 'image': 'v' is not one of ['community', 'public', "
	  "'private', 'shared']\n\nFailed validating 'enum' in "
	  "schema['properties']['visibility']:\n"
	  "    {'description': 'Scope of image accessibility',\n"
	  "     'enum': ['community', 'public', 'private', 'shared'],\n"
	  "     'type': 'string'}\n\nOn instance['visibility']:\n    'v'" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i].body, 21), -1);
		assert_string_equal(error.msg, bad[i].msg);
		assert_int_equal(error.kind, bad[i].kind);
	}
	assert_int_equal(parse("[{\"op\": \"add\"}]", 20), -1);
	assert_int_equal(error.kind, ERR_BAD_REQUEST);
}

static int check(const char *name, const char *json)
{
	json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);
	int ret = attr_check(name, v, &error);

	json_decref(v);
	return ret;
}

static void test_attr(void **state)
{
	char name[300];

	(void)state;
	assert_int_equal(check("name", "null"), 0);
	assert_int_equal(check("visibility", "null"), -1);
	assert_int_equal(check("min_disk", "1"), 0);
	assert_int_equal(check("min_disk", "1.5"), -1);
	assert_int_equal(check("min_disk", "\"1\""), -1);
	assert_int_equal(check("protected", "true"), 0);
	assert_int_equal(check("protected", "1"), -1);
	assert_int_equal(check("disk_format", "null"), 0);
	assert_int_equal(check("kernel_id", "null"), 0);
	assert_int_equal(check("kernel_id", "\"x\""), -1);
	assert_int_equal(check("tags", "[]"), 0);
	assert_int_equal(check("tags", "[1]"), -1);
	assert_int_equal(check("tags", "\"x\""), -1);
	/* 255 characters of two bytes each are not too long. */
	memset(name, 0, sizeof(name));
	name[0] = '"';
	for (int i = 0; i < 127; i++)
		memcpy(name + 1 + 2 * i, "\xc3\xa4", 2);
	name[255] = '"';
	assert_int_equal(check("name", name), 0);
	assert_true(attr_is_base("name"));
	assert_false(attr_is_base("os_distro"));
	assert_false(attr_is_base("whatever"));
}

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(body);
	arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialect),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_attr),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
