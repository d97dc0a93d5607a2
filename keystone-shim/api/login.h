/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_KEYSTONE_LOGIN_H
#define LITE_KEYSTONE_LOGIN_H

#include "keystone-shim/wire.h"

/* A user, project or domain as a request names it; NULL: not given. */
struct named {
	const char *id, *name;
	const char *domain_id, *domain_name;
};

enum scope_kind {
	SCOPE_NONE,		/* not said: the user's default project */
	SCOPE_UNSCOPED,
	SCOPE_PROJECT,
	SCOPE_DOMAIN,
	SCOPE_SYSTEM,
};

/* What POST /v3/auth/tokens asks for; borrows from the body. */
struct login {
	bool by_password, by_token;
	struct named user;
	const char *password;		/* NULL: none given */
	const char *token;
	enum scope_kind scope_kind;
	struct named scope;
};

/*
 * Reads the body, and refuses what is malformed in Keystone's words: 400, or
 * 401 for a method that we do not know.
 */
int login_read(struct req *rq, struct login *in_r);

/*
 * Whether a request (a log-in, a user's creation or change) brings a password
 * that will be hashed. A token for a token does not wait for those that do.
 */
bool password_is_asked(struct req *rq);

#endif
