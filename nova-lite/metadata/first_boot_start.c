/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/service/service.h"
#include "nova-lite/metadata/authority.h"
#include "nova-lite/metadata/first_boot.h"

struct first_boot_conf first_boot_conf;

/* Each once: c->names is what is taken at a hand-out. */
static int add_kind(struct first_boot_conf *c, const char *name,
		    struct err *e)
{
	const struct material *m = material_find(name);
	size_t len = strlen(c->names);

	if (!m)
		return err_internal(e, "[first_boot] kinds: no kind %s", name);
	for (size_t i = 0; i < c->n; i++)
		if (c->kinds[i] == m)
			return err_internal(e, "[first_boot] kinds: %s twice",
					    name);
	snprintf(c->names + len, sizeof(c->names) - len, "%s%s",
		 len ? "," : "", name);
	c->kinds[c->n++] = m;
	return 0;
}

static int read_kinds(struct first_boot_conf *c, const char *text,
		      struct err *e)
{
	_cleanup_(cleanup_free) char *copy = xstrdup(text);
	char *at = NULL, *name;

	for (name = strtok_r(copy, ", ", &at); name;
	     name = strtok_r(NULL, ", ", &at))
		if (add_kind(c, name, e) < 0)
			return -1;
	return 0;
}

static int read_conf(struct first_boot_conf *c, const struct conf *conf,
		     struct err *e)
{
	const char *path = conf_str(conf, FIRST_BOOT_SECTION,
				    "seal_key_file");

	c->low = conf_int(conf, FIRST_BOOT_SECTION, "pool_low");
	c->high = conf_int(conf, FIRST_BOOT_SECTION, "pool_high");
	c->workers = conf_int(conf, FIRST_BOOT_SECTION, "pool_workers");
	c->days = conf_int(conf, FIRST_BOOT_SECTION, "certificate_days");
	c->authority = conf_str(conf, FIRST_BOOT_SECTION, "authority");
	if (read_kinds(c, conf_str(conf, FIRST_BOOT_SECTION, "kinds"), e) < 0)
		return -1;
	return path ? seal_keys_read(&c->seal, path, e) : 0;
}

int first_boot_start(const struct conf *conf, struct sql_conn *conn,
		     struct err *e)
{
	struct first_boot_conf *c = &first_boot_conf;

	if (read_conf(c, conf, e) < 0)
		return -1;
	if (c->seal.n == 0)
		return 0;
	if (vault_signing_key_add(conn, true, e) < 0 ||
	    authority_ensure(conn, e) < 0)
		return -1;
	return pool_start(e);
}

void first_boot_stop(void)
{
	pool_stop();
	authority_stop();
	seal_keys_fini(&first_boot_conf.seal);
}

/* -- subcommands ---------------------------------------------------------- */

/* With the keys of the file and a connection; says what went wrong. */
static int command(const struct conf *conf, const char *name,
		   int (*run)(struct sql_conn *conn, struct err *e))
{
	struct sql_conn *conn = NULL;
	struct err e = { 0 };
	int rc = read_conf(&first_boot_conf, conf, &e);

	if (rc == 0 && first_boot_conf.seal.n == 0)
		rc = err_internal(&e, "[first_boot] seal_key_file is not set");
	if (rc == 0)
		conn = sql_pool_get(service_pool(), &e);
	rc = -1;
	if (conn) {
		rc = run(conn, &e);
		sql_pool_put(service_pool(), conn);
	}
	if (rc < 0)
		fprintf(stderr, "%s: %s %s\n", name, e.msg, e.detail);
	return rc;
}

static int rotate(struct sql_conn *conn, struct err *e)
{
	return vault_signing_key_add(conn, false, e);
}

int first_boot_rotate(const struct conf *conf, int argc, char **argv)
{
	(void)argc, (void)argv;
	return command(conf, "rotate_signing_key", rotate);
}

int first_boot_reseal(const struct conf *conf, int argc, char **argv)
{
	(void)argc, (void)argv;
	return command(conf, "reseal", vault_reseal);
}
