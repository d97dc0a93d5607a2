/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/bootstrap.h"
#include "nova-lite/first_boot.h"
#include "nova-lite/job_secret.h"
#include "nova-lite/routes.h"
#include "nova-lite/wire.h"

#define ROUTE_RUN(k, m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(k, m, p, o, a, pol, v0, v1, d, NULL, o)
#define PAGE(...) ROUTE_RUN(PAGE, __VA_ARGS__)
#define WRITE(...) ROUTE_RUN(WRITE, __VA_ARGS__)
#define HASH(...) ROUTE_RUN(HASH, __VA_ARGS__)
#define READ(m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(READ, m, p, o, a, pol, v0, v1, d, &o, NULL)
static const struct route routes[] = {
#include "nova-lite/routes.tbl"
	{ .op = NULL }
};

static const struct conf_opt options[] = {
	{ "keystone_authtoken", "www_authenticate_uri", CONF_STR,
	  "http://127.0.0.1:5000",
	  "where clients get tokens: sent with a 401" },
	{ "network", "name", CONF_STR, "private",
	  "bootstrap: name of the first network" },
	{ "network", "cidr", CONF_STR, "192.168.233.0/24",
	  "bootstrap: its addresses" },
	{ "network", "kind", CONF_STR, "user",
	  "bootstrap: how hosts realise it, user or bridge" },
	{ "network", "bridge", CONF_STR, NULL,
	  "bootstrap: the bridge, of kind bridge" },
	{ "network", "dns", CONF_STR, NULL,
	  "bootstrap: name servers for its guests, separated by commas" },
	JOB_SECRET_OPT,
	FIRST_BOOT_OPT,
	{ .name = NULL }
};

static int start(const struct conf *conf, struct sql_conn *conn,
		 struct err *e)
{
	(void)conn;
	first_boot_start(conf);
	return job_secret_start(conf, e);
}

static void stop(void)
{
	first_boot_stop();
	job_secret_stop();
}

static const struct sql_constraint constraints[] = {
	{ "flavors_pkey", ERR_CONFLICT, "The flavor's ID is taken." },
	{ "flavors_name_key", ERR_CONFLICT, "The flavor's name is taken." },
	{ "flavor_access_pkey", ERR_CONFLICT, "The project has access." },
	{ "aggregates_name_key", ERR_CONFLICT, "The name is taken." },
	{ "keypairs_pkey", ERR_CONFLICT, "The key pair's name is taken." },
	{ "os_switches_running_key", ERR_CONFLICT,
	  "The OS image is being switched." },
	{ "ports_ip_key", ERR_CONFLICT, "The address was taken meanwhile." },
	{ .name = NULL }
};

static const struct subcommand commands[] = {
	{ "bootstrap", "make the first flavors and network, where missing",
	  bootstrap_run },
	{ .name = NULL }
};

static const struct service service = {
	.name = "nova-lite",
	.doc = "OpenStack Compute API v2.1",
	.default_port = 8774,
	.routes = routes,
	.opts = options,
	.constraints = constraints,
	.before_route = wire_before_route,
	.negotiate = wire_negotiate,
	.after_auth = wire_after_auth,
	.deny = wire_deny,
	.bad_field = wire_bad_field,
	.no_route = wire_no_route,
	.render_error = wire_render_error,
	.finish = wire_finish,
	.subcommands = commands,
	.start = start,
	.stop = stop,
};

int main(int argc, char **argv)
{
	return service_main(&service, argc, argv);
}
