/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_AUTH_H
#define LITE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/timefmt.h"
#include "common/sql/sql.h"

/*
 * What a token stands for: made from its Fernet payload and one statement
 * (sql/token_context.sql) that checks everything Keystone checks at
 * validation: revocation, the user, project and domains enabled, the roles
 * still assigned (direct, by group, inherited, implied). Names have up to 255
 * characters, of projects and domains 64, of up to four bytes.
 */
struct token {
	int refs;
	char user_id[65], user_name[1021];
	char user_domain_id[65], user_domain_name[257];
	char project_id[65], project_name[257];		/* "" unscoped */
	char project_domain_id[65], project_domain_name[257];
	char domain_id[65], domain_name[257];		/* domain scope */
	bool system;					/* system scope */
	bool is_admin, is_member, is_reader, is_service;
	char audit_id[32], audit_parent[32];		/* parent may be "" */
	int methods;			/* bit mask, fernet.h's METHOD_* */
	usec_t issued_at, expires_at;
	usec_t password_expires_at;			/* 0: never */
	int nroles;
	struct token_role {
		char id[65], name[1021];
	} *roles;
};

struct token *token_ref(struct token *t);
void token_unref(struct token *t);		/* NULL is fine */
bool token_has_role(const struct token *t, const char *name);

/*
 * Per process. key_repository is Keystone's [fernet_tokens] folder. cached:
 * contexts are kept for 60 s at most (never past their expiry, dropped at
 * once by auth_flush, which a NOTIFY on channel identity_changed calls);
 * keystone-shim asks with cached = false and so always looks.
 */
struct auth;
struct auth *auth_new(const char *key_repository, bool cached, struct err *e);
void auth_free(struct auth *a);
void auth_flush(struct auth *a);

/* A context that is cached and good; the caller gets a reference. */
struct token *auth_cached(struct auth *a, const char *token_text);

/*
 * An uncached token takes three steps, so that the statement can run in a
 * pipeline: begin decrypts (UNAUTHORIZED for a forged, malformed or expired
 * one), the caller runs SQL_token_context with the args, end reads its rows.
 */
struct auth_step {
	struct token *half;		/* from the payload */
	struct sql_arg args[8];
	int nargs;
	const char *text;		/* the token's, borrowed until end */
	uint64_t epoch;			/* of the cache, when it began */
};
int auth_begin(struct auth *a, const char *token_text, struct auth_step *st_r,
	       struct err *e);
/* Takes st's token. Returns a reference, or NULL with UNAUTHORIZED. */
struct token *auth_end(struct auth *a, struct auth_step *st,
		       const struct rows *rows, struct err *e);
void auth_drop(struct auth_step *st);	/* instead of auth_end */

/* The key repository, for the one service that makes tokens. */
struct fernet_repo;
struct fernet_repo *auth_keys(struct auth *a);

#endif
