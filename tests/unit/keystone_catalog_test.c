/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Before cmocka.h, which has a macro of the name of fail(). */
#include "keystone-shim/api/catalog.h"

#include <cmocka.h>

static const struct token scoped = { .user_id = "u1", .project_id = "p1" };
static const struct token unscoped = { .user_id = "u1" };

/* The URL that comes out, "" for none. */
static const char *filled(const char *template, const struct token *t)
{
	static char text[256];
	struct buf url = { 0 };

	text[0] = '\0';
	if (catalog_url(&url, template, t) == 0)
		strncat(text, buf_str(&url), sizeof(text) - 1);
	buf_fini(&url);
	return text;
}

static void templates(void **state)
{
	static const struct {
		const char *template, *url;
	} rows[] = {
		{ "http://h:8774/v2.1", "http://h:8774/v2.1" },
		{ "http://h/$(project_id)s", "http://h/p1" },
		{ "http://h/%(project_id)s/x", "http://h/p1/x" },
		{ "http://h/%(tenant_id)s", "http://h/p1" },
		{ "http://h/$(user_id)s/%(tenant_id)s", "http://h/u1/p1" },
		{ "http://h/100%%", "http://h/100%" },
		{ "http://h/$5", "http://h/$5" },
		{ "http://h/$", "http://h/$" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(filled(rows[i].template, &scoped),
				    rows[i].url);
}

static void templates_that_cannot_be_filled(void **state)
{
	static const char *const rows[] = {
		"http://h/%(nosuch)s", "http://h/%(project_id)", "http://h/%(",
		"http://h/%", "http://h/%d", "http://h/$(project_id",
		"http://h/%()s", "http://h/%(project_idx)s",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(filled(rows[i], &scoped), "");
	assert_string_equal(filled("http://h/%(tenant_id)s", &unscoped), "");
	assert_string_equal(filled("http://h/%(user_id)s", &unscoped),
			    "http://h/u1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates),
		cmocka_unit_test(templates_that_cannot_be_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
