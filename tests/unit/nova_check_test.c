/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nova-lite/check.h"
#include "nova-lite/status.h"

static void base64(void **state)
{
	(void)state;
	assert_true(check_base64(""));
	assert_true(check_base64("QUJD"));
	assert_true(check_base64("QUI="));
	assert_true(check_base64("QQ=="));
	assert_true(check_base64("QU\nJD\n"));
	assert_true(check_base64("%%%"));		/* as Nova: no data */
	assert_true(check_base64("QQ==rubbish"));	/* ends there */
	assert_false(check_base64("QQ"));
	assert_false(check_base64("QQ="));
	assert_false(check_base64("Q==="));
	assert_false(check_base64("QUJDR"));
}

static void loose(void **state)
{
	char out[16] = "";

	(void)state;
	assert_int_equal(loose_base64(out, ""), 0);
	assert_int_equal(loose_base64(out, "QUJD"), 3);
	assert_memory_equal(out, "ABC", 3);
	assert_int_equal(loose_base64(out, "YWJj\nZGU="), 5);
	assert_memory_equal(out, "abcde", 5);
	assert_int_equal(loose_base64(out, "//8=rubbish"), 2);
	assert_memory_equal(out, "\377\377", 2);
	assert_int_equal(loose_base64(out, "Y=WJj"), 3);
	assert_memory_equal(out, "abc", 3);
	assert_int_equal(loose_base64(out, "QQ=="), 1);
	assert_int_equal(loose_base64(out, "QUJDR"), -1);
}

static void ipv4(void **state)
{
	(void)state;
	assert_true(check_ipv4("0.0.0.0"));
	assert_true(check_ipv4("255.255.255.255"));
	assert_true(check_ipv4("10.10.0.7"));
	assert_false(check_ipv4(""));
	assert_false(check_ipv4("1.2.3"));
	assert_false(check_ipv4("1.2.3.4.5"));
	assert_false(check_ipv4("1.2.3.256"));
	assert_false(check_ipv4("1.2.3.04"));
	assert_false(check_ipv4("1.2.3.4 "));
	assert_false(check_ipv4("1..3.4"));
	assert_false(check_ipv4("1.2.3.-4"));
	assert_false(check_ipv4("1.2.3.1111111111"));
}

static void hostname_form(void **state)
{
	char longest[65];

	(void)state;
	memset(longest, 'a', 64);
	longest[64] = '\0';
	assert_false(check_hostname_form(longest));
	assert_true(check_hostname_form(longest + 1));
	assert_true(check_hostname_form("a-b"));
	assert_true(check_hostname_form("09"));
	assert_false(check_hostname_form("a"));
	assert_false(check_hostname_form("-ab"));
	assert_false(check_hostname_form("ab-"));
	assert_false(check_hostname_form("a.b"));
	assert_false(check_hostname_form("a b"));
	assert_false(check_hostname_form("\303\244\303\266"));
}

static void hostname_from_name(void **state)
{
	static const char *const rows[][2] = {
		{ "web", "web" }, { "Web_1.x y", "web-1-x-y" },
		{ "-a-", "a" }, { "..a..", "a" }, { "a'b\"c", "abc" },
		{ "\303\244b", "b" }, { "(1)", "1" },
	};
	char out[HOSTNAME_SIZE], longest[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(hostname_of(rows[i][0], out));
		assert_string_equal(out, rows[i][1]);
	}
	assert_false(hostname_of("", out));
	assert_false(hostname_of("\303\244 _.", out));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(hostname_of(longest, out));
	assert_int_equal(strlen(out), 63);
}

static void tags(void **state)
{
	(void)state;
	assert_true(check_tag_form("a b"));
	assert_false(check_tag_form(""));
	assert_false(check_tag_form("a/b"));
	assert_false(check_tag_form("a,b"));
}

static void status(void **state)
{
	(void)state;
	assert_string_equal(status_of("active", NULL), "ACTIVE");
	assert_string_equal(status_of("active", "deleting"), "ACTIVE");
	assert_string_equal(status_of("active", "rebooting"), "REBOOT");
	assert_string_equal(status_of("active", "rebooting_hard"),
			    "HARD_REBOOT");
	assert_string_equal(status_of("active", "reboot"), "ACTIVE");
	assert_string_equal(status_of("building", "scheduling"), "BUILD");
	assert_string_equal(status_of("stopped", NULL), "SHUTOFF");
	assert_string_equal(status_of("error", NULL), "ERROR");
	assert_string_equal(status_of("deleted", NULL), "DELETED");
	assert_string_equal(status_of("nonsense", NULL), "UNKNOWN");
}

static void status_filter(void **state)
{
	const char *states, *tasks;

	(void)state;
	assert_int_equal(status_states("active", &states, &tasks), 0);
	assert_string_equal(states, "{active}");
	assert_null(tasks);
	assert_int_equal(status_states("MIGRATING", &states, &tasks), 0);
	assert_string_equal(tasks, "{migrating}");
	assert_int_equal(status_states("nonsense", &states, &tasks), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64),
		cmocka_unit_test(loose),
		cmocka_unit_test(ipv4),
		cmocka_unit_test(hostname_form),
		cmocka_unit_test(hostname_from_name),
		cmocka_unit_test(tags),
		cmocka_unit_test(status),
		cmocka_unit_test(status_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
