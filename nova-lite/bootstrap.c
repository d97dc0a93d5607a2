/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/bootstrap.h"

#include <stdio.h>

#include "common/service/service.h"
#include "gen/nova_sql.h"

static const struct first_flavor {
	const char *id, *name;
	int ram, disk, vcpus;
} flavors[] = {
	{ "1", "m1.tiny", 512, 1, 1 },
	{ "2", "m1.small", 2048, 20, 1 },
	{ "3", "m1.nano", 128, 1, 1 },
};

static int run(struct sql_conn *c, const struct sql_stmt *s,
	       const struct sql_arg *args, int nargs, struct err *e)
{
	struct rows rows = { 0 };
	int ret = sql_exec(c, s, args, nargs, &rows, e);

	rows_fini(&rows);
	return ret;
}

static int make_flavors(struct sql_conn *c, struct err *e)
{
	const struct first_flavor *f = flavors;

	for (; f < flavors + ARRAY_LEN(flavors); f++)
		if (run(c, &SQL_bootstrap_flavor,
			ARGS(f->id, f->name, f->ram, f->disk, f->vcpus),
			e) < 0)
			return -1;
	return 0;
}

static int make_network(const struct conf *conf, struct sql_conn *c,
			struct err *e)
{
	return run(c, &SQL_bootstrap_network,
		   ARGS(conf_str(conf, "network", "name"),
			conf_str(conf, "network", "cidr"),
			conf_str(conf, "network", "kind"),
			conf_str(conf, "network", "bridge"),
			conf_str(conf, "network", "dns")), e);
}

int bootstrap_run(const struct conf *conf, int argc, char **argv)
{
	struct err e = { 0 };
	struct sql_conn *c = sql_pool_get(service_pool(), &e);
	int ret = -1;

	(void)argc;
	(void)argv;
	if (c && make_flavors(c, &e) == 0 && make_network(conf, c, &e) == 0)
		ret = 0;
	if (c)
		sql_pool_put(service_pool(), c);
	if (ret < 0)
		fprintf(stderr, "bootstrap: %s %s\n", e.msg, e.detail);
	return ret;
}
