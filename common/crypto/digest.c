/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/digest.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

/* OpenSSL refuses only without memory or entropy: there is no way on. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

static EVP_MD *mds[DIGEST_SHA512 + 1];

static void mds_fetch(void)
{
	static const char *const names[] = {
		[DIGEST_MD5] = "MD5", [DIGEST_SHA1] = "SHA1",
		[DIGEST_SHA256] = "SHA256", [DIGEST_SHA512] = "SHA512",
	};

	for (int i = DIGEST_MD5; i <= DIGEST_SHA512; i++) {
		mds[i] = EVP_MD_fetch(NULL, names[i], NULL);
		must(mds[i] != NULL);
	}
}

/* Looked up once: EVP_sha256() is looked up anew at each use, which takes as
 * long as to hash a token does. */
static const EVP_MD *digest_md(enum digest_kind kind)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, mds_fetch);
	return mds[kind];
}

void digest_init(struct digest *d, enum digest_kind kind)
{
	d->ctx = EVP_MD_CTX_new();
	must(d->ctx != NULL);
	must(EVP_DigestInit_ex(d->ctx, digest_md(kind), NULL));
}

void digest_update(struct digest *d, const void *data, size_t len)
{
	must(EVP_DigestUpdate(d->ctx, data, len));
}

void digest_hex(struct digest *d, char hex_r[DIGEST_HEX_SIZE])
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int len;

	must(EVP_DigestFinal_ex(d->ctx, md, &len));
	hex_encode(hex_r, md, len);
}

void digest_fini(struct digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

void sha256(const void *data, size_t len, uint8_t out_r[SHA256_SIZE])
{
	must(EVP_Digest(data, len, out_r, NULL,
			digest_md(DIGEST_SHA256), NULL));
}

void digest_hex_of(enum digest_kind kind, const void *data, size_t len,
		   char hex_r[DIGEST_HEX_SIZE])
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int md_len;

	must(EVP_Digest(data, len, md, &md_len, digest_md(kind), NULL));
	hex_encode(hex_r, md, md_len);
}

void hmac_sha256(const void *key, size_t key_len, const void *data,
		 size_t len, uint8_t out_r[SHA256_SIZE])
{
	must(HMAC(EVP_sha256(), key, (int)key_len, data, len, out_r,
		  NULL) != NULL);
}

void hex_encode(char *out, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int hex_decode(void *out, size_t len, const char *hex, size_t hex_len)
{
	uint8_t *p = out;

	if (hex_len != 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int hi = hex_digit(hex[2 * i]);
		int lo = hex_digit(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

void random_bytes(void *out, size_t len)
{
	must(RAND_bytes(out, (int)len));
}

bool mem_equal_ct(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void mem_clear(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

/*
 * Every request has an id: random bytes for 64 of them are fetched at once,
 * and none is used twice.
 */
static void uuid_random(uint8_t u[16])
{
	static _Thread_local uint8_t pool[64 * 16];
	static _Thread_local size_t left;

	if (!left) {
		random_bytes(pool, sizeof(pool));
		left = sizeof(pool);
	}
	left -= 16;
	memcpy(u, pool + left, 16);
	u[6] = (u[6] & 0x0f) | 0x40; /* version 4 */
	u[8] = (u[8] & 0x3f) | 0x80; /* the RFC's variant */
}

void uuid_v4_hex(char out_r[UUID_HEX_SIZE])
{
	uint8_t u[16];

	uuid_random(u);
	hex_encode(out_r, u, sizeof(u));
}

void uuid_v4(char out_r[UUID_SIZE])
{
	static const uint8_t group[] = { 4, 2, 2, 2, 6 };
	uint8_t u[16];
	size_t at = 0;

	uuid_random(u);
	for (size_t i = 0; i < sizeof(group); i++) {
		hex_encode(out_r, u + at, group[i]);
		at += group[i];
		out_r += 2 * group[i];
		*out_r++ = '-';
	}
	out_r[-1] = '\0';
}
