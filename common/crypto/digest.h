/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_DIGEST_H
#define LITE_DIGEST_H

/*
 * Digests, random bytes and identifiers. Every function here either works or
 * aborts the process: OpenSSL fails in them only without memory or without a
 * source of randomness, and no caller could go on then.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum digest_kind {
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA256,
	DIGEST_SHA512,
};

#define SHA256_SIZE	32
#define DIGEST_MAX_SIZE	64
#define DIGEST_HEX_SIZE	(2 * DIGEST_MAX_SIZE + 1)

/* A digest being computed; the caller's memory, one thread at a time. */
struct digest {
	struct evp_md_ctx_st *ctx;
};

void digest_init(struct digest *d, enum digest_kind kind);
void digest_update(struct digest *d, const void *data, size_t len);

/*
 * Ends the computation and writes lower-case hex, terminated by NUL. Only
 * digest_fini() may follow.
 */
void digest_hex(struct digest *d, char hex_r[DIGEST_HEX_SIZE]);
void digest_fini(struct digest *d);

/* One shot, as bytes and as hex. */
void sha256(const void *data, size_t len, uint8_t out_r[SHA256_SIZE]);
void digest_hex_of(enum digest_kind kind, const void *data, size_t len,
		   char hex_r[DIGEST_HEX_SIZE]);

/* RFC 2104; `key_len` may be anything. */
void hmac_sha256(const void *key, size_t key_len, const void *data,
		 size_t len, uint8_t out_r[SHA256_SIZE]);

/* Writes 2 * len lower-case hex digits and a NUL. */
void hex_encode(char *out, const void *data, size_t len);

/*
 * Reads exactly 2 * len lower-case hex digits. Returns 0, or -1 when `hex`
 * holds anything else; `out` is then unspecified. Upper case is refused: the
 * identifiers this serves are compared as text.
 */
int hex_decode(void *out, size_t len, const char *hex, size_t hex_len);

/* From the operating system's generator, fit for keys. */
void random_bytes(void *out, size_t len);

/* Compares in a time that depends on `len` only. */
bool mem_equal_ct(const void *a, const void *b, size_t len);

/* Clears a secret in a way the compiler does not remove. */
void mem_clear(void *p, size_t len);

/* Version 4 UUIDs (RFC 4122): with dashes, and Keystone's 32 hex digits. */
#define UUID_SIZE	37
#define UUID_HEX_SIZE	33
void uuid_v4(char out_r[UUID_SIZE]);
void uuid_v4_hex(char out_r[UUID_HEX_SIZE]);

#endif
