/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/conf.h"

static const struct conf_opt opts[] = {
	{ "database", "connection", CONF_STR, NULL, "where the catalog is" },
	{ "nova-lite", "workers", CONF_INT, "4", "threads for writes" },
	{ "nova-lite", "debug", CONF_BOOL, "false", "log more" },
	{ "database", "note", CONF_STR, "none", "anything" },
	{ NULL, NULL, CONF_STR, NULL, NULL },
};

static char path[64];

static struct conf *read_conf(const char *text, struct err *e)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	return conf_new(path, opts, e);
}

static void expect_bad(const char *text, const char *what)
{
	struct err e = { 0 };
	char want[256];

	assert_null(read_conf(text, &e));
	assert_int_equal(e.kind, ERR_BAD_REQUEST);
	snprintf(want, sizeof(want), "%s:%s", path, what);
	assert_string_equal(e.msg, want);
}

static void test_defaults(void **state)
{
	struct err e;
	struct conf *c = conf_new(NULL, opts, &e);

	(void)state;
	assert_null(conf_str(c, "database", "connection"));
	assert_int_equal(conf_int(c, "nova-lite", "workers"), 4);
	assert_false(conf_bool(c, "nova-lite", "debug"));
	conf_free(c);
}

static void test_rules(void **state)
{
	struct err e;
	struct conf *c = read_conf(
		"# a comment\n; another\n\n"
		"[database]\n"
		"connection = host=/x password=a;b#c\n"
		"  dbname=lite\n"
		"note: 'quoted '\n"
		"[glance-lite]\n"
		"not_ours = 1\n"
		"[nova-lite]\n"
		"workers=1\n"
		"workers = 16\r\n"
		"debug : Yes", &e);

	(void)state;
	assert_non_null(c);
	assert_string_equal(conf_str(c, "database", "connection"),
			    "host=/x password=a;b#c\ndbname=lite");
	assert_string_equal(conf_str(c, "database", "note"), "quoted ");
	assert_int_equal(conf_int(c, "nova-lite", "workers"), 16);
	assert_string_equal(conf_str(c, "nova-lite", "workers"), "16");
	assert_true(conf_bool(c, "nova-lite", "debug"));
	conf_free(c);
}

static void test_long_value(void **state)
{
	char text[5000] = "[database]\nnote = ";
	size_t n = strlen(text);
	struct err e;
	struct conf *c;

	(void)state;
	memset(text + n, 'x', sizeof(text) - n - 1);
	text[sizeof(text) - 1] = '\0';
	c = read_conf(text, &e);
	assert_int_equal(strlen(conf_str(c, "database", "note")),
			 sizeof(text) - n - 1);
	conf_free(c);
}

static void test_environment_wins(void **state)
{
	struct err e = { 0 };
	struct conf *c;

	(void)state;
	setenv("OS_NOVA_LITE__WORKERS", "9", 1);
	c = read_conf("[nova-lite]\nworkers = 2\n", &e);
	assert_int_equal(conf_int(c, "nova-lite", "workers"), 9);
	conf_free(c);
	setenv("OS_NOVA_LITE__WORKERS", "many", 1);
	assert_null(conf_new(NULL, opts, &e));
	assert_string_equal(e.msg, "OS_NOVA_LITE__WORKERS:0: [nova-lite] "
			    "workers: not an integer");
	unsetenv("OS_NOVA_LITE__WORKERS");
}

static void test_mistakes(void **state)
{
	struct err e = { 0 };

	(void)state;
	expect_bad("[nova-lite]\n\nworkers = x\n",
		   "3: [nova-lite] workers: not an integer");
	expect_bad("[nova-lite]\ndebug = maybe\n",
		   "2: [nova-lite] debug: not a boolean");
	expect_bad("[nova-lite]\nworker = 1\n",
		   "2: unknown option worker in [nova-lite]");
	expect_bad("workers = 1\n", "1: no section yet");
	expect_bad("[nova-lite\n", "1: a section ends with ]");
	expect_bad("[]\n", "1: bad section name");
	expect_bad("[nova-lite]\nworkers\n",
		   "2: neither section, comment nor assignment");
	expect_bad("[nova-lite]\n= 1\n", "2: a key is missing");
	expect_bad(" [nova-lite]\n", "1: nothing to continue");
	assert_null(conf_new("/nonexistent/file", opts, &e));
	assert_string_equal(e.msg, "/nonexistent/file: No such file or "
			    "directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_environment_wins),
		cmocka_unit_test(test_mistakes),
	};
	int fd, rc;

	strcpy(path, "/tmp/base-conf-test-XXXXXX");
	fd = mkstemp(path);
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}
