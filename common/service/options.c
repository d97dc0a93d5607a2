/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/service/options.h"

/* Options that every daemon has; names as oslo and Keystone have them. */
static const struct conf_opt common_opts[] = {
	{ "DEFAULT", "listen", CONF_STR, NULL,
	  "addresses to serve, separated by commas: HOST:PORT or unix:PATH" },
	{ "DEFAULT", "debug", CONF_BOOL, "false",
	  "log at debug level" },
	{ "DEFAULT", "loop_threads", CONF_INT, "0",
	  "event loops; 0: one per core" },
	{ "DEFAULT", "workers", CONF_INT, "4",
	  "threads for requests that write" },
	{ "DEFAULT", "max_request_body_size", CONF_INT, "114688",
	  "bytes of a JSON body (oslo.middleware's option)" },
	{ "DEFAULT", "shutdown_timeout", CONF_INT, "10",
	  "seconds that running requests have to end at a stop" },
	{ "oslo_middleware", "enable_proxy_headers_parsing", CONF_BOOL,
	  "false", "links in replies are made of X-Forwarded-Proto and -Host; "
	  "only for a proxy that sets both" },
	{ "database", "connection", CONF_STR, NULL,
	  "the catalog, as a libpq connection string or URI" },
	{ "database", "max_pool_size", CONF_INT, "4",
	  "blocking connections at most, besides one per loop" },
	{ "fernet_tokens", "key_repository", CONF_STR,
	  "/etc/keystone/fernet-keys", "folder of the token keys" },
};

struct conf_opt *options_merge(const struct conf_opt *own)
{
	size_t n = ARRAY_LEN(common_opts), m = 0;
	struct conf_opt *all;

	while (own && own[m].name)
		m++;
	all = xcalloc(n + m + 1, sizeof(*all));
	memcpy(all, common_opts, sizeof(common_opts));
	if (m)
		memcpy(all + n, own, m * sizeof(*own));
	return all;
}
