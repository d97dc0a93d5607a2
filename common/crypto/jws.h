/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_JWS_H
#define LITE_JWS_H

/*
 * Signatures over documents: JSON Web Signature (RFC 7515) with Ed25519
 * (RFC 8037). A document has one signature of each key that is in use, so that
 * who knows any of them can tell that it is genuine.
 */
#include <stdint.h>

#include "common/base/buf.h"

#define JWS_SEED_SIZE 32
#define JWS_TEXT_SIZE 44	/* of 32 bytes in base64url */

struct jws_key {
	uint8_t seed[JWS_SEED_SIZE];	/* the private part */
	char x[JWS_TEXT_SIZE];		/* the public part, base64url */
	char kid[JWS_TEXT_SIZE];	/* its thumbprint (RFC 7638) */
};

void jws_key_new(struct jws_key *k);
void jws_key_of(struct jws_key *k, const uint8_t seed[JWS_SEED_SIZE]);
void jws_key_fini(struct jws_key *k);

/* A public part as a JSON Web Key. */
void jws_public_write(const char *kid, const char *x, struct buf *out);

/* The payload and its signatures in the general JSON serialization. */
void jws_sign(const struct jws_key *keys, size_t n, const void *payload,
	      size_t len, struct buf *out);

#endif
