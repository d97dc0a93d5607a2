/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"
#include "glance-lite/tool.h"

#define RUN(k, m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(k, m, p, o, a, pol, v0, v1, d, NULL, o)
#define PAGE(...) RUN(PAGE, __VA_ARGS__)
#define WRITE(...) RUN(WRITE, __VA_ARGS__)
#define BODY_IN(...) RUN(BODY_IN, __VA_ARGS__)
#define BODY_OUT(...) RUN(BODY_OUT, __VA_ARGS__)
#define READ(m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(READ, m, p, o, a, pol, v0, v1, d, &o, NULL)
static const struct route routes[] = {
#include "glance-lite/routes.tbl"
	{ .op = NULL }
};

static const struct sql_constraint constraints[] = {
	{ "images_os_image_key", ERR_CONFLICT,
	  "The project has an OS image of this name and version." },
	{ "images_os_image_default_key", ERR_CONFLICT,
	  "The project's OS image of this name has a default version." },
	{ .name = NULL }
};

static const struct service service = {
	.name = "glance-lite",
	.doc = "Image service (Image API v2)",
	.default_port = 9292,
	.routes = routes,
	.opts = glance_opts,
	.constraints = constraints,
	.before_route = glance_before_route,
	.no_route = glance_no_route,
	.deny = glance_deny,
	.bad_field = glance_bad_field,
	.render_error = glance_render_error,
	.finish = glance_finish,
	.start = glance_start,
	.stopping = tool_stop,
	.stop = glance_stop,
};

int main(int argc, char **argv)
{
	return service_main(&service, argc, argv);
}
