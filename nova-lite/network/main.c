/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/network/network.h"

#define PAGE(m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(PAGE, m, p, o, a, pol, v0, v1, d, NULL, o)
#define READ(m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(READ, m, p, o, a, pol, v0, v1, d, &o, NULL)
static const struct route routes[] = {
#include "nova-lite/network/routes.tbl"
	{ .op = NULL }
};

static const struct conf_opt options[] = {
	{ "keystone_authtoken", "www_authenticate_uri", CONF_STR,
	  "http://127.0.0.1:5000",
	  "where clients get tokens: sent with a 401" },
	{ .name = NULL }
};

static const struct service service = {
	.name = "nova-lite-network",
	.doc = "OpenStack Network API v2.0, for reading",
	.default_port = 9696,
	.routes = routes,
	.opts = options,
	.deny = wire_deny,
	.bad_field = wire_bad_field,
	.no_route = wire_no_route,
	.render_error = wire_render_error,
	.finish = wire_finish,
};

int main(int argc, char **argv)
{
	return service_main(&service, argc, argv);
}
