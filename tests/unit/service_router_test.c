/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/service/route.h"

#define ROW(m, p, o) { m, p, o, PAGE, PUBLIC, "-", 0, MAX, "-", NULL, NULL }

static const struct route routes[] = {
	ROW("GET", "/", "root"),
	ROW("GET", "/v2.1/servers", "server_list"),
	ROW("POST", "/v2.1/servers", "server_create"),
	ROW("GET", "/v2.1/servers/detail", "server_detail"),
	ROW("GET", "/v2.1/servers/{id}", "server_show"),
	ROW("DELETE", "/v2.1/servers/{id}", "server_delete"),
	ROW("GET", "/v2.1/servers/{id}/metadata/{key}", "meta_show"),
	ROW("POST", "/v2.1/servers/{id}/action#os-stop", "server_stop"),
	ROW("POST", "/v2.1/servers/{id}/action#os-start", "server_start"),
	ROW("GET", "/v2.1/{kind}/detail/{x}", "odd"),
	{ .op = NULL }
};

struct want {
	const char *method, *path, *op;	/* op NULL: none */
	const char *p0, *p1;
	const char *allow;
};

static const struct want wants[] = {
	{ "GET", "/", "root", NULL, NULL, "" },
	{ "GET", "/v2.1/servers", "server_list", NULL, NULL, "" },
	{ "GET", "/v2.1/servers/", "server_list", NULL, NULL, "" },
	{ "HEAD", "/v2.1/servers", "server_list", NULL, NULL, "" },
	{ "POST", "/v2.1/servers", "server_create", NULL, NULL, "" },
	{ "PUT", "/v2.1/servers", NULL, NULL, NULL, "GET, POST" },
	{ "GET", "/v2.1/servers/detail", "server_detail", NULL, NULL, "" },
	{ "GET", "/v2.1/servers/details", "server_show", "details", NULL, "" },
	{ "DELETE", "/v2.1/servers/x", "server_delete", "x", NULL, "" },
	{ "GET", "/v2.1/servers/x/metadata/k.y", "meta_show", "x", "k.y", "" },
	/* a literal that leads nowhere falls back to the parameter */
	{ "GET", "/v2.1/servers/detail/q", "odd", "servers", "q", "" },
	/* as does one that has other methods only */
	{ "DELETE", "/v2.1/servers/detail", "server_delete", "detail", NULL,
	  "" },
	{ "PUT", "/v2.1/servers/detail", NULL, NULL, NULL, "GET" },
	{ "GET", "/v2.1/servers/x/metadata", NULL, NULL, NULL, "" },
	{ "GET", "/v2.1", NULL, NULL, NULL, "" },
	{ "GET", "//", NULL, NULL, NULL, "" },
	{ "GET", "/nosuch", NULL, NULL, NULL, "" },
};

static void check_param(const struct route_match *m, int i, const char *want)
{
	assert_true(i < m->nparams);
	assert_int_equal(m->params[i].len, strlen(want));
	assert_memory_equal(m->params[i].value, want, strlen(want));
}

static void test_table(void **state)
{
	struct router *r = router_new(routes);
	struct route_match m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wants) / sizeof(*wants); i++) {
		router_match(r, wants[i].method, wants[i].path, &m);
		if (!wants[i].op) {
			assert_int_equal(m.n, 0);
			assert_string_equal(m.allow, wants[i].allow);
			continue;
		}
		assert_true(m.n >= 1);
		assert_string_equal(m.routes[0]->op, wants[i].op);
		if (wants[i].p0)
			check_param(&m, 0, wants[i].p0);
		if (wants[i].p1)
			check_param(&m, 1, wants[i].p1);
	}
	router_free(r);
}

static void test_actions_are_candidates(void **state)
{
	struct router *r = router_new(routes);
	struct route_match m;

	(void)state;
	router_match(r, "POST", "/v2.1/servers/7/action", &m);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.params[0].name, "id");
	assert_string_equal(m.routes[0]->op, "server_stop");
	assert_string_equal(m.routes[1]->op, "server_start");
	router_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_actions_are_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
