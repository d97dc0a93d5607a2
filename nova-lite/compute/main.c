/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/service/service.h"
#include "nova-lite/compute/agent.h"
#include "nova-lite/compute/wire.h"

static const struct route routes[] = {
#define PAGE(m, p, op, a, pol, v0, v1, d) \
	ROUTE_ROW(PAGE, m, p, op, a, pol, v0, v1, d, NULL, op)
#define WRITE(m, p, op, a, pol, v0, v1, d) \
	ROUTE_ROW(WRITE, m, p, op, a, pol, v0, v1, d, NULL, op)
#include "nova-lite/compute/routes.tbl"
#undef PAGE
#undef WRITE
	{ 0 }
};

/* Only our own API asks: an error is one line of text. */
static void render_error(struct req *rq)
{
	reply_header(rq, "Content-Type", "text/plain");
	buf_printf(&rq->http->out, "%s\n", rq->err.msg);
}

static int no_route(struct req *rq)
{
	return fail(rq, rq->match.path_known ? ERR_BAD_METHOD :
					       ERR_NOT_FOUND, NULL);
}

static void finish(struct req *rq)
{
	reply_header(rq, "x-openstack-request-id", "%s", rq->id);
}

static const struct service service = {
	.name = "nova-lite-compute",
	.doc = "the agent of one host: jobs in, machines out",
	.default_port = 8790,
	.routes = routes,
	.opts = agent_opts,
	.no_route = no_route,
	.render_error = render_error,
	.finish = finish,
	.start = agent_start,
	.stop = agent_stop,
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--dump-steps") == 0) {
		job_dump_steps(agent_kinds);
		return 0;
	}
	return service_main(&service, argc, argv);
}
