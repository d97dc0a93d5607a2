/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_DISPATCH_H
#define LITE_DISPATCH_H

#include "common/http/server.h"
#include "common/service/service.h"

/*
 * The one way of a request through a service:
 *
 *   head: route -> token -> microversion -> action -> access -> handler
 *
 * The first and last run where the request is; the token's statement and a
 * read's statement run in the loop's pipeline, a write on a worker, a body on
 * a body thread. Internal to common/service.
 */
struct dispatch {
	const struct service *svc;
	struct router *router;
	struct auth *auth;
	const char *dsn;
	bool behind_proxy;		/* X-Forwarded-* can be believed */
};

/* Their arg: struct dispatch. */
extern const struct http_events dispatch_events;

#endif
