/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `keystone-shim bootstrap`: what a new cloud needs before anybody can log
 * in. It may be run again at any time: what is there stays, passwords and
 * endpoint URLs become what is given. Passwords come from the environment or
 * from files; a command line can be read by everybody on the machine.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/fernet_repo.h"
#include "common/crypto/password.h"
#include "gen/keystone_sql.h"
#include "keystone-shim/wire.h"

#define PASSWORD_ROOM 4096

struct plan {
	const char *domain, *region;
	const char *urls[4];		/* as services[] below */
	const char *admin_file, *demo_file;
	unsigned int cost;
};

static const struct {
	const char *type, *name, *option;
} services[] = {
	{ "identity", "keystone", "identity-url" },
	{ "image", "glance", "image-url" },
	{ "compute", "nova", "compute-url" },
	{ "network", "neutron", "network-url" },
};

static int run(struct sql_conn *c, const struct sql_stmt *s,
	       const struct sql_arg *args, int nargs, struct err *e)
{
	struct rows rows = { 0 };
	int rc = sql_exec(c, s, args, nargs, &rows, e);

	rows_fini(&rows);
	return rc;
}

/* -- passwords ------------------------------------------------------------ */

/* The first line of a file. */
static int read_line(const char *path, char out[PASSWORD_ROOM], struct err *e)
{
	FILE *f = fopen(path, "re");
	char *line;

	if (!f)
		return err_errno(e, "%s", path);
	line = fgets(out, PASSWORD_ROOM, f);
	fclose(f);
	if (!line)
		return err_set(e, ERR_BAD_REQUEST, "%s is empty", path);
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

/* From the file, else the environment: 1, or 0 when there is none. */
static int password_get(const char *file, const char *variable,
			char out[PASSWORD_ROOM], struct err *e)
{
	const char *value = getenv(variable);

	if (file)
		return read_line(file, out, e) < 0 ? -1 : 1;
	if (!value || !*value)
		return 0;
	if (snprintf(out, PASSWORD_ROOM, "%s", value) >= PASSWORD_ROOM)
		return err_set(e, ERR_BAD_REQUEST, "%s is too long", variable);
	return 1;
}

/* Whether the user is there with this password, so that nothing changes. */
static int user_is_good(struct sql_conn *c, const struct plan *p,
			const char *name, const char *password, struct err *e)
{
	struct rows rows = { 0 };
	struct row row;
	int good = 0;

	if (sql_exec(c, &SQL_login_show,
		     ARGS(sql_null(), name, p->domain, sql_null(), 0, 0), &rows,
		     e) < 0)
		return -1;
	if (rows.n > 0) {
		row = rows_at(&rows, 0);
		good = row_bool(&row, login__enabled) &&
		       !row_null(&row, login__password_hash) &&
		       password_verify(password,
				       row_text(&row, login__password_hash));
	}
	rows_fini(&rows);
	return good;
}

static int user_put(struct sql_conn *c, const struct plan *p,
		    const char *name, const char *password, struct err *e)
{
	char id[UUID_HEX_SIZE], hash[PASSWORD_HASH_SIZE];
	int good = user_is_good(c, p, name, password, e);

	if (good != 0)
		return good < 0 ? -1 : 0;
	uuid_v4_hex(id);
	password_hash(password, p->cost, hash);
	return run(c, &SQL_bootstrap_user,
		   ARGS(id, name, hash, p->domain), e);
}

/* -- what is put ---------------------------------------------------------- */

static int roles_put(struct sql_conn *c, struct err *e)
{
	static const char *const names[] = { "admin", "member", "reader",
					     "service" };
	char id[UUID_HEX_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool may_change = strcmp(names[i], "service") == 0;

		uuid_v4_hex(id);
		if (run(c, &SQL_bootstrap_role, ARGS(id, names[i], may_change),
			e) < 0)
			return -1;
	}
	if (run(c, &SQL_bootstrap_implied, ARGS("admin", "member"), e) < 0)
		return -1;
	return run(c, &SQL_bootstrap_implied, ARGS("member", "reader"), e);
}

static int project_put(struct sql_conn *c, const struct plan *p,
		       const char *name, const char *description,
		       struct err *e)
{
	char id[UUID_HEX_SIZE];

	uuid_v4_hex(id);
	return run(c, &SQL_bootstrap_project,
		   ARGS(id, name, description, p->domain), e);
}

static int people_put(struct sql_conn *c, const struct plan *p, struct err *e)
{
	char password[PASSWORD_ROOM];
	int n = password_get(p->admin_file, "OS_BOOTSTRAP_PASSWORD", password,
			     e);

	if (n == 0)
		return err_set(e, ERR_BAD_REQUEST, "no password for admin: "
			       "set OS_BOOTSTRAP_PASSWORD or --password-file");
	if (n < 0 ||
	    project_put(c, p, "admin", "Bootstrap project for initializing "
			"the cloud.", e) < 0 ||
	    project_put(c, p, "service", "", e) < 0 ||
	    user_put(c, p, "admin", password, e) < 0 ||
	    run(c, &SQL_bootstrap_grant,
		ARGS(p->domain, "admin", "admin", "admin"), e) < 0 ||
	    run(c, &SQL_bootstrap_grant,
		ARGS(p->domain, "admin", sql_null(), "admin"), e) < 0)
		return -1;
	n = password_get(p->demo_file, "OS_BOOTSTRAP_DEMO_PASSWORD", password,
			 e);
	if (n <= 0)
		return n;
	if (project_put(c, p, "demo", "", e) < 0 ||
	    user_put(c, p, "demo", password, e) < 0)
		return -1;
	mem_clear(password, sizeof(password));
	return run(c, &SQL_bootstrap_grant,
		   ARGS(p->domain, "demo", "demo", "member"), e);
}

static int service_put(struct sql_conn *c, const struct plan *p, size_t i,
		       struct err *e)
{
	static const char *const faces[] = { "public", "internal", "admin" };
	char id[UUID_HEX_SIZE];

	uuid_v4_hex(id);
	if (run(c, &SQL_bootstrap_service,
		ARGS(id, services[i].type, services[i].name), e) < 0)
		return -1;
	for (size_t j = 0; j < ARRAY_LEN(faces); j++) {
		uuid_v4_hex(id);
		if (run(c, &SQL_bootstrap_endpoint,
			ARGS(id, services[i].type, p->region, faces[j],
			     p->urls[i]), e) < 0)
			return -1;
	}
	return 0;
}

static int everything_put(struct sql_conn *c, const struct plan *p,
			  struct err *e)
{
	if (sql_begin(c, e) < 0 ||
	    run(c, &SQL_bootstrap_domain, ARGS(p->domain), e) < 0 ||
	    roles_put(c, e) < 0 || people_put(c, p, e) < 0 ||
	    run(c, &SQL_bootstrap_region, ARGS(p->region), e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (p->urls[i] && service_put(c, p, i, e) < 0)
			return -1;
	return sql_commit(c, e);
}

/* -- the command ---------------------------------------------------------- */

static void usage(void)
{
	printf("usage: keystone-shim [--config FILE] bootstrap [OPTION ...]\n"
	       "  --password-file FILE       of admin (or "
	       "OS_BOOTSTRAP_PASSWORD)\n"
	       "  --demo-password-file FILE  of demo (or "
	       "OS_BOOTSTRAP_DEMO_PASSWORD; none: no demo)\n"
	       "  --region-id REGION         RegionOne\n");
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		printf("  --%s URL%*s endpoints of %s\n", services[i].option,
		       (int)(20 - strlen(services[i].option)), "",
		       services[i].name);
}

static int plan_read(struct plan *p, int argc, char **argv)
{
	enum { ADMIN_FILE = 256, DEMO_FILE, REGION, HELP, URL };
	struct option options[ARRAY_LEN(services) + 5] = {
		{ "password-file", required_argument, NULL, ADMIN_FILE },
		{ "demo-password-file", required_argument, NULL, DEMO_FILE },
		{ "region-id", required_argument, NULL, REGION },
		{ "help", no_argument, NULL, HELP },
	};
	int o;

	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		options[4 + i] = (struct option){
			services[i].option, required_argument, NULL,
			URL + (int)i };
	optind = 1;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o >= URL)
			p->urls[o - URL] = optarg;
		else if (o == ADMIN_FILE)
			p->admin_file = optarg;
		else if (o == DEMO_FILE)
			p->demo_file = optarg;
		else if (o == REGION)
			p->region = optarg;
		else
			return -1;
	}
	return optind == argc ? 0 : -1;
}

static int complain(const struct err *e)
{
	fprintf(stderr, "keystone-shim: %s%s%s\n", e->msg,
		e->detail[0] ? ": " : "", e->detail);
	return 1;
}

int bootstrap(const struct conf *conf, int argc, char **argv)
{
	struct plan p = {
		.domain = conf_str(conf, "identity", "default_domain_id"),
		.region = "RegionOne",
		.cost = (unsigned int)conf_int(conf, "identity",
					       "password_hash_rounds"),
	};
	struct err e = { 0 };
	struct sql_conn *c;
	int rc;

	if (plan_read(&p, argc, argv) < 0) {
		usage();
		return 2;
	}
	if (options_check(conf, &e) < 0)
		return complain(&e);
	c = sql_pool_get(service_pool(), &e);
	if (!c)
		return complain(&e);
	rc = everything_put(c, &p, &e);
	if (rc < 0)
		sql_rollback(c);
	sql_pool_put(service_pool(), c);
	return rc < 0 ? complain(&e) : 0;
}

/* -- token keys ----------------------------------------------------------- */

int fernet_setup(const struct conf *conf, int argc, char **argv)
{
	struct err e = { 0 };

	(void)argc;
	(void)argv;
	if (fernet_repo_setup(conf_str(conf, "fernet_tokens",
				       "key_repository"), &e) < 0)
		return complain(&e);
	return 0;
}

int fernet_rotate(const struct conf *conf, int argc, char **argv)
{
	struct err e = { 0 };

	(void)argc;
	(void)argv;
	if (options_check(conf, &e) < 0)
		return complain(&e);
	if (fernet_repo_rotate(conf_str(conf, "fernet_tokens",
					"key_repository"),
			       (unsigned int)conf_int(conf, "fernet_tokens",
						      "max_active_keys"),
			       &e) < 0)
		return complain(&e);
	return 0;
}
