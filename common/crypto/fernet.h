/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_FERNET_H
#define LITE_FERNET_H

/*
 * Keystone's Fernet tokens: base64url, without padding, of
 *	0x80 | time, 8 bytes | IV, 16 | AES-128-CBC(payload) | HMAC-SHA256, 32
 * where the payload is a MessagePack array whose first element says how the
 * rest is laid out. Either side reads what the other made with the same keys.
 */
#include <stdint.h>

#include "common/base/timefmt.h"
#include "common/crypto/fernet_repo.h"

/* What a token is good for; the numbers are Keystone's payload versions. */
enum token_kind {
	TOKEN_UNSCOPED = 0,
	TOKEN_DOMAIN = 1,
	TOKEN_PROJECT = 2,
	TOKEN_TRUST = 3,	/* a project, by a trust */
	TOKEN_SYSTEM = 8,
	TOKEN_APP_CRED = 9,	/* a project, by an application credential */
};

/* Bits in the order of Keystone's default [auth] methods. */
enum token_method {
	TOKEN_METHOD_EXTERNAL = 1,
	TOKEN_METHOD_PASSWORD = 2,
	TOKEN_METHOD_TOKEN = 4,
	TOKEN_METHOD_OAUTH1 = 8,
	TOKEN_METHOD_MAPPED = 16,
	TOKEN_METHOD_APP_CRED = 32,
};

#define TOKEN_ID_SIZE	65	/* of users, projects, domains, ... */
#define TOKEN_AUDIT_SIZE 23
#define TOKEN_AUDIT_MAX	2
#define TOKEN_TEXT_SIZE	640	/* of any token we make, with its NUL */

struct token_payload {
	enum token_kind kind;
	char user_id[TOKEN_ID_SIZE];
	unsigned int methods;		/* enum token_method, or-ed */
	char scope_id[TOKEN_ID_SIZE];	/* project, domain, or "all" */
	char via_id[TOKEN_ID_SIZE];	/* trust or application credential */
	usec_t expires_at;
	int64_t issued_at;		/* whole seconds */
	/* The token's own id, then that of the first token of its chain. */
	uint32_t audit_count;
	char audit_id[TOKEN_AUDIT_MAX][TOKEN_AUDIT_SIZE];
};

/* A fresh audit id: 16 random bytes as base64url. */
void token_audit_id(char out_r[TOKEN_AUDIT_SIZE]);

/* Encrypts with the primary key. An id that is too long asserts. */
void fernet_token_make(struct fernet_repo *repo, const struct token_payload *p,
		       char token_r[TOKEN_TEXT_SIZE]);

/*
 * Returns 0, or -1 when `token` was not made by any of our keys or is of a
 * kind not listed above. Whether it has expired is the caller's question.
 */
int fernet_token_read(struct fernet_repo *repo, const char *token,
		      struct token_payload *p_r);

/* The payload alone: its MessagePack form. For the above and the fuzzer. */
#define TOKEN_PAYLOAD_SIZE 320
size_t token_payload_pack(const struct token_payload *p,
			  uint8_t out_r[TOKEN_PAYLOAD_SIZE]);
int token_payload_unpack(const uint8_t *data, size_t len,
			 struct token_payload *p_r);

#endif
