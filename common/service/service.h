/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SERVICE_H
#define LITE_SERVICE_H

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/service/req.h"

/*
 * What the three daemons have in common: main(), configuration, the dispatch
 * of requests, one way. A service is a const struct of its tables and of the
 * few functions in which it differs (its wire.c).
 *
 *   route -> token -> policy -> microversion -> body -> handler -> reply
 */
struct service {
	const char *name;		/* "nova-lite": section, log, manual */
	const char *doc;		/* one line */
	int default_port;
	const struct route *routes;	/* ends with op NULL */
	const struct conf_opt *opts;	/* its own, besides the common ones */
	const struct sql_constraint *constraints;
	bool strict_tokens;		/* never answer from the token cache */

	/* Before routing: may change rq->path (Nova's /v2.1/{project_id}). */
	int (*before_route)(struct req *rq);
	/* Sets rq->mv or fails (406, 400). */
	int (*negotiate)(struct req *rq);
	/* After the token is known; -1 refuses (Nova: project in the URL). */
	int (*after_auth)(struct req *rq);
	/* Words a 403: fills rq->err, returns -1. */
	int (*deny)(struct req *rq);
	/* Words a body that broke its table (-1). path: "server" or "". */
	int (*bad_field)(struct req *rq, const char *path,
			 const struct jbad *bad);
	/* HASH routes: whether this request has hashing to do; one that has
	 * not goes to the workers. On the loop; NULL: every one has. */
	bool (*needs_hash)(struct req *rq);
	/* No route: fills rq->err (404, 405, Nova's 400 for actions); -1. */
	int (*no_route)(struct req *rq);
	/* Writes rq->err as the reply's body (and content type). */
	void (*render_error)(struct req *rq);
	/* Headers that every reply carries, error or not. */
	void (*finish)(struct req *rq);

	/* Once, after configuration and before listening: threads of its own,
	 * caches. conn is good for the call. */
	int (*start)(const struct conf *conf, struct sql_conn *conn,
		     struct err *e);
	/* On each loop's thread, before its first request: descriptors and
	 * addresses of its own. -1 ends the start. */
	int (*loop_start)(struct http_loop *l, struct err *e);
	/* Told to stop, before requests get their time to end: cuts short
	 * what would outlast it. */
	void (*stopping)(void);
	/* Before exit, after the server has stopped. */
	void (*stop)(void);
	/* `name bootstrap ...` and the like; NULL-terminated. */
	const struct subcommand {
		const char *name, *doc;
		int (*run)(const struct conf *conf, int argc, char **argv);
	} *subcommands;
};

/*
 * The whole of main(): --config FILE, --help, --version, --dump-routes,
 * --sample-config, --man; subcommands; else migrates the catalog, starts,
 * says ready (one log line, and sd_notify's READY=1 when NOTIFY_SOCKET is
 * set), serves until SIGTERM or SIGINT, and ends in order.
 */
int service_main(const struct service *svc, int argc, char **argv);

/* For the service's threads: the process-wide pool and configuration. */
struct sql_pool *service_pool(void);
const struct conf *service_conf(void);
struct auth *service_auth(void);

/*
 * Calls fn(payload) on the listener thread for each NOTIFY on the channel
 * (borrowed), and with NULL after a lost connection (something may have been
 * missed). Before service_main's listening, i.e. in start().
 */
void service_on_notify(const char *channel,
		       void (*fn)(const char *payload));

#endif
