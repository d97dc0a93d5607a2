/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what anybody may send without a token: the body of a log-in. A body
 * that is taken must say who, by something, and where to.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keystone-shim/api/login.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct login *in)
{
	assert(in->by_password || in->by_token);
	assert(!in->by_token || in->token);
	if (in->by_password)
		assert(!in->user.id != !in->user.name);
	if (in->by_password && in->user.name)
		assert(!in->user.domain_id != !in->user.domain_name);
	if (in->scope_kind == SCOPE_PROJECT || in->scope_kind == SCOPE_DOMAIN)
		assert(!in->scope.id != !in->scope.name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct service svc = { .bad_field = wire_bad_field };
	struct http_req http = { .method = "POST", .path = "/v3/auth/tokens",
				 .query = "", .body_len = size };
	struct req rq = { .http = &http, .svc = &svc };
	struct login in;

	arena_init(&http.arena);
	http.body = malloc(size + 1);
	assert(http.body);
	memcpy(http.body, data, size);
	http.body[size] = '\0';
	password_is_asked(&rq);
	if (login_read(&rq, &in) == 0)
		check(&in);
	else
		assert(rq.err.kind == ERR_BAD_REQUEST ||
		       rq.err.kind == ERR_UNAUTHORIZED);
	free(http.body);
	arena_fini(&http.arena);
	return 0;
}
