/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/login.h"

#define RUN(k, m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(k, m, p, o, a, pol, v0, v1, d, NULL, o)
#define PAGE(...) RUN(PAGE, __VA_ARGS__)
#define WRITE(...) RUN(WRITE, __VA_ARGS__)
#define HASH(...) RUN(HASH, __VA_ARGS__)
#define READ(m, p, o, a, pol, v0, v1, d) \
	ROUTE_ROW(READ, m, p, o, a, pol, v0, v1, d, &o, NULL)
static const struct route routes[] = {
#include "keystone-shim/routes.tbl"
	{ .op = NULL }
};

/* Names and defaults are Keystone's own. */
static const struct conf_opt options[] = {
	{ "fernet_tokens", "max_active_keys", CONF_INT, "3",
	  "token keys that fernet_rotate leaves, the staged one counted" },
	{ "token", "expiration", CONF_INT, "3600",
	  "seconds that a token lasts" },
	{ "identity", "password_hash_rounds", CONF_INT, "12",
	  "cost of bcrypt for new passwords, 4 to 31" },
	{ "identity", "default_domain_id", CONF_STR, "default",
	  "the domain of what names none and comes from a system token" },
	{ "security_compliance", "lockout_failure_attempts", CONF_INT, "0",
	  "wrong passwords in a row that lock a user; 0: never" },
	{ "security_compliance", "lockout_duration", CONF_INT, "1800",
	  "seconds that a user stays locked" },
	{ "security_compliance", "unique_last_password_count", CONF_INT, "0",
	  "of a user's last passwords none may be chosen again; 0: any" },
	{ NULL, NULL, CONF_STR, NULL, NULL },
};

static int in_range(const struct conf *conf, const char *section,
		    const char *name, long long lo, long long hi)
{
	long long v = conf_int(conf, section, name);

	return v >= lo && v <= hi;
}

int options_check(const struct conf *conf, struct err *e)
{
	if (!in_range(conf, "identity", "password_hash_rounds", 4, 31))
		return err_set(e, ERR_BAD_REQUEST, "[identity] "
			       "password_hash_rounds must be from 4 to 31");
	if (!in_range(conf, "token", "expiration", 1, 10LL * 366 * 86400))
		return err_set(e, ERR_BAD_REQUEST, "[token] expiration must "
			       "be from 1 second to 10 years");
	if (!in_range(conf, "fernet_tokens", "max_active_keys", 1, 1000))
		return err_set(e, ERR_BAD_REQUEST, "[fernet_tokens] "
			       "max_active_keys must be from 1 to 1000");
	if (!in_range(conf, "security_compliance", "lockout_failure_attempts",
		      0, 1000000) ||
	    !in_range(conf, "security_compliance", "lockout_duration", 1,
		      366 * 86400) ||
	    !in_range(conf, "security_compliance",
		      "unique_last_password_count", 0, 24))
		return err_set(e, ERR_BAD_REQUEST, "[security_compliance] "
			       "has a value out of range");
	return 0;
}

static int start(const struct conf *conf, struct sql_conn *conn,
		 struct err *e)
{
	(void)conn;
	return options_check(conf, e);
}

static const struct subcommand subcommands[] = {
	{ "bootstrap", "fill the catalog of a new cloud (safe to repeat)",
	  bootstrap },
	{ "fernet_setup", "make the key repository, if there is none",
	  fernet_setup },
	{ "fernet_rotate", "make the staged key primary and stage a new one",
	  fernet_rotate },
	{ NULL, NULL, NULL },
};

static const struct service keystone_shim = {
	.name = "keystone-shim",
	.doc = "OpenStack Identity v3",
	.default_port = 5000,
	.routes = routes,
	.opts = options,
	.constraints = wire_constraints,
	.strict_tokens = true,
	.deny = wire_deny,
	.bad_field = wire_bad_field,
	.needs_hash = password_is_asked,
	.no_route = wire_no_route,
	.render_error = wire_render_error,
	.finish = wire_finish,
	.start = start,
	.subcommands = subcommands,
};

int main(int argc, char **argv)
{
	return service_main(&keystone_shim, argc, argv);
}
