/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/service/dispatch.h"
#include "common/service/notify.h"
#include "common/service/options.h"
#include "common/sql/migrate.h"

#ifndef LITE_VERSION
#define LITE_VERSION "0.1"
#endif

static struct sql_pool *pool;
static struct conf *conf;
static struct auth *auth;

struct sql_pool *service_pool(void)
{
	return pool;
}

const struct conf *service_conf(void)
{
	return conf;
}

struct auth *service_auth(void)
{
	return auth;
}

/* -- words on the command line --------------------------------------------- */

static void usage(const struct service *svc)
{
	const struct subcommand *sc;

	printf("%s - %s\n\n"
	       "usage: %s [--config FILE] [COMMAND ...]\n\n"
	       "  --config FILE    INI file; OS_<SECTION>__<OPTION> in the "
	       "environment overrides it\n"
	       "  --sample-config  print a commented configuration\n"
	       "  --dump-routes    print the table of operations\n"
	       "  --man            print the manual page (mdoc)\n"
	       "  --version, --help\n", svc->name, svc->doc, svc->name);
	if (svc->subcommands)
		printf("\nCommands (none: serve):\n");
	for (sc = svc->subcommands; sc && sc->name; sc++)
		printf("  %-16s %s\n", sc->name, sc->doc);
}

static void dump_routes(const struct service *svc)
{
	static const char *const kinds[] = { "PAGE", "READ", "WRITE", "HASH",
					     "BODY_IN", "BODY_OUT" };
	static const char *const access[] = { "PUBLIC", "TOKEN", "READER",
					      "MEMBER", "ADMIN" };
	const struct route *r;

	for (r = svc->routes; r && r->op; r++)
		printf("%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", r->op, r->method,
		       r->path, kinds[r->kind], access[r->access], r->policy,
		       r->mv_min, r->mv_max, r->doc);
}

static void print_man(const struct service *svc, const struct conf_opt *opts)
{
	const struct subcommand *sc;

	printf(".Dd $Mdocdate$\n.Dt %s 8\n.Os openstack-lite\n.Sh NAME\n"
	       ".Nm %s\n.Nd %s\n.Sh SYNOPSIS\n.Nm\n.Op Fl -config Ar file\n"
	       ".Op Ar command\n.Sh DESCRIPTION\nServes until SIGTERM or "
	       "SIGINT. Says\n.Dq ready\non standard error and to "
	       "systemd when it does.\n", svc->name, svc->name, svc->doc);
	if (svc->subcommands)
		printf(".Sh COMMANDS\n.Bl -tag -width Ds\n");
	for (sc = svc->subcommands; sc && sc->name; sc++)
		printf(".It Cm %s\n%s\n", sc->name, sc->doc);
	if (svc->subcommands)
		printf(".El\n");
	printf(".Sh CONFIGURATION\n.Bl -tag -width Ds\n");
	conf_print_man(opts);
	printf(".El\n");
}

/* A word that prints and ends; false when it is none of these. */
static bool said(const struct service *svc, const struct conf_opt *opts,
		 const char *word)
{
	if (strcmp(word, "--help") == 0)
		usage(svc);
	else if (strcmp(word, "--version") == 0)
		printf("%s %s\n", svc->name, LITE_VERSION);
	else if (strcmp(word, "--sample-config") == 0)
		conf_print_sample(opts);
	else if (strcmp(word, "--dump-routes") == 0)
		dump_routes(svc);
	else if (strcmp(word, "--man") == 0)
		print_man(svc, opts);
	else
		return false;
	return true;
}

/* -- serving ------------------------------------------------------------- */

/* sd_notify(3)'s protocol: one datagram. */
static void notify_ready(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd;

	if (!path || strlen(path) >= sizeof(a.sun_path))
		return;
	strcpy(a.sun_path, path);
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&a,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			       strlen(path))) < 0)
		log_warn("NOTIFY_SOCKET: %m");
	close(fd);
}

static void on_identity_changed(const char *payload)
{
	(void)payload;
	auth_flush(auth);
}

/* What only has public routes needs no token keys. */
static bool reads_tokens(const struct service *svc)
{
	const struct route *r = svc->routes;

	while (r->op && r->access == PUBLIC)
		r++;
	return r->op;
}

static int start_auth(const struct service *svc, struct err *e)
{
	auth = auth_new(conf_str(conf, "fernet_tokens", "key_repository"),
			!svc->strict_tokens, e);
	if (!auth)
		return -1;
	service_on_notify("identity_changed", on_identity_changed);
	return 0;
}

static int open_catalog(struct err *e)
{
	const char *dsn = conf_str(conf, "database", "connection");

	if (!dsn)
		return err_set(e, ERR_BAD_REQUEST,
			       "[database] connection is not set");
	pool = sql_pool_new(dsn, (int)conf_int(conf, "database",
					       "max_pool_size"));
	return 0;
}

static int with_conn(int (*fn)(struct sql_conn *c, struct err *e),
		     struct err *e)
{
	struct sql_conn *c = sql_pool_get(pool, e);
	int ret;

	if (!c)
		return -1;
	ret = fn(c, e);
	sql_pool_put(pool, c);
	return ret;
}

static const struct service *starting;

static int start_own(struct sql_conn *c, struct err *e)
{
	return starting->start ? starting->start(conf, c, e) : 0;
}

static int serve(const struct service *svc, const sigset_t *signals,
		 struct err *e)
{
	char listen[64];
	struct dispatch d = {
		.svc = svc,
		.auth = auth,
		.dsn = conf_str(conf, "database", "connection"),
		.behind_proxy = conf_bool(conf, "oslo_middleware",
					  "enable_proxy_headers_parsing"),
	};
	struct http_conf hc = {
		.listen = conf_str(conf, "DEFAULT", "listen"),
		.loops = (int)conf_int(conf, "DEFAULT", "loop_threads"),
		.workers = (int)conf_int(conf, "DEFAULT", "workers"),
		.max_body = (size_t)conf_int(conf, "DEFAULT",
					     "max_request_body_size"),
		.events = &dispatch_events,
		.arg = &d,
	};
	struct http_server *s;
	int sig;

	snprintf(listen, sizeof(listen), "127.0.0.1:%d", svc->default_port);
	if (!hc.listen)
		hc.listen = listen;
	d.router = router_new(svc->routes);
	s = http_server_new(&hc, e);
	if (!s) {
		router_free(d.router);
		return -1;
	}
	log_kv(LOG_INFO_, "ready", "listen", hc.listen, NULL);
	notify_ready();
	sigwait(signals, &sig);
	log_kv(LOG_INFO_, "stopping", "signal", strsignal(sig), NULL);
	if (svc->stopping)
		svc->stopping();
	http_server_free(s, 1000 * (int)conf_int(conf, "DEFAULT",
						 "shutdown_timeout"));
	router_free(d.router);
	return 0;
}

static int run(const struct service *svc, struct err *e)
{
	sigset_t signals;
	int ret;

	/* Blocked before the first thread, so that every thread inherits it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	if (svc->constraints)
		sql_constraints(svc->constraints);
	if (with_conn(sql_migrate, e) < 0)
		return -1;
	if (reads_tokens(svc) && start_auth(svc, e) < 0)
		return -1;
	starting = svc;
	ret = with_conn(start_own, e);
	if (ret == 0)
		ret = notify_start(conf_str(conf, "database", "connection"), e);
	if (ret == 0)
		ret = serve(svc, &signals, e);
	notify_stop();
	if (svc->stop)
		svc->stop();
	auth_free(auth);
	return ret;
}

static int run_command(const struct service *svc, int argc, char **argv,
		       struct err *e)
{
	const struct subcommand *sc;

	for (sc = svc->subcommands; sc && sc->name; sc++) {
		if (strcmp(sc->name, argv[0]) != 0)
			continue;
		if (svc->constraints)
			sql_constraints(svc->constraints);
		if (with_conn(sql_migrate, e) < 0)
			return -1;
		return sc->run(conf, argc, argv);
	}
	return err_set(e, ERR_BAD_REQUEST, "no such command: %s", argv[0]);
}

static int main_with(const struct service *svc, const struct conf_opt *opts,
		     int argc, char **argv)
{
	const char *file = NULL;
	struct err e = { 0 };
	int i = 1, ret = -1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (said(svc, opts, argv[i]))
			return 0;
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			file = argv[++i];
			continue;
		}
		fprintf(stderr, "%s: unknown option %s (see --help)\n",
			svc->name, argv[i]);
		return 2;
	}
	conf = conf_new(file, opts, &e);
	if (conf) {
		log_init(svc->name, conf_bool(conf, "DEFAULT", "debug") ?
			 LOG_DEBUG_ : LOG_INFO_);
		ret = open_catalog(&e);
	}
	if (ret == 0)
		ret = i < argc ? run_command(svc, argc - i, argv + i, &e) :
			run(svc, &e);
	if (ret != 0 && e.kind)
		fprintf(stderr, "%s: %s%s%s\n", svc->name, e.msg,
			e.detail[0] ? ": " : "", e.detail);
	sql_pool_free(pool);
	conf_free(conf);
	return ret ? 1 : 0;
}

int service_main(const struct service *svc, int argc, char **argv)
{
	struct conf_opt *opts = options_merge(svc->opts);
	int ret;

	log_init(svc->name, LOG_INFO_);
	ret = main_with(svc, opts, argc, argv);
	free(opts);
	return ret;
}
