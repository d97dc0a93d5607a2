/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/jws.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"

enum { SIGNATURE_SIZE = 64, PUBLIC_SIZE = 32 };

static void must(int ok)
{
	if (ok != 1)
		abort();
}

static void put_base64(struct buf *out, const void *data, size_t n)
{
	char *text = xmalloc(BASE64_TEXT_SIZE(n));

	base64_encode(BASE64_URL, text, data, n);
	buf_adds(out, text);
	free(text);
}

static void to_text(char out_r[JWS_TEXT_SIZE], const uint8_t bytes[32])
{
	_cleanup_(buf_fini) struct buf b = { 0 };

	put_base64(&b, bytes, 32);
	memcpy(out_r, buf_str(&b), JWS_TEXT_SIZE);
}

static EVP_PKEY *pkey_of(const uint8_t seed[JWS_SEED_SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
						     seed, JWS_SEED_SIZE);

	must(key != NULL);
	return key;
}

void jws_key_of(struct jws_key *k, const uint8_t seed[JWS_SEED_SIZE])
{
	EVP_PKEY *key = pkey_of(seed);
	_cleanup_(buf_fini) struct buf thumb = { 0 };
	uint8_t public[PUBLIC_SIZE], md[SHA256_SIZE];
	size_t n = sizeof(public);

	must(EVP_PKEY_get_raw_public_key(key, public, &n));
	EVP_PKEY_free(key);
	memcpy(k->seed, seed, JWS_SEED_SIZE);
	to_text(k->x, public);
	buf_printf(&thumb, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\","
		   "\"x\":\"%s\"}", k->x);
	sha256(thumb.data, thumb.len, md);
	to_text(k->kid, md);
}

void jws_key_new(struct jws_key *k)
{
	uint8_t seed[JWS_SEED_SIZE];

	random_bytes(seed, sizeof(seed));
	jws_key_of(k, seed);
	mem_clear(seed, sizeof(seed));
}

void jws_key_fini(struct jws_key *k)
{
	mem_clear(k, sizeof(*k));
}

void jws_public_write(const char *kid, const char *x, struct buf *out)
{
	buf_printf(out, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
		   "\"alg\":\"EdDSA\",\"use\":\"sig\",\"kid\":\"%s\","
		   "\"x\":\"%s\"}", kid, x);
}

/* header "." payload, both in base64url, is what is signed. */
static void put_signature(const struct jws_key *k, const char *payload,
			  struct buf *out)
{
	_cleanup_(buf_fini) struct buf head = { 0 }, input = { 0 };
	EVP_PKEY *key = pkey_of(k->seed);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[SIGNATURE_SIZE];
	size_t n = sizeof(signature), head_len;

	buf_printf(&head, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", k->kid);
	put_base64(&input, head.data, head.len);
	head_len = input.len;
	buf_printf(&input, ".%s", payload);
	must(ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1);
	must(EVP_DigestSign(ctx, signature, &n, (const uint8_t *)input.data,
			    input.len));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	buf_adds(out, "{\"protected\":\"");
	buf_add(out, input.data, head_len);
	buf_adds(out, "\",\"signature\":\"");
	put_base64(out, signature, n);
	buf_adds(out, "\"}");
}

void jws_sign(const struct jws_key *keys, size_t n, const void *payload,
	      size_t len, struct buf *out)
{
	_cleanup_(buf_fini) struct buf text = { 0 };

	put_base64(&text, payload, len);
	buf_printf(out, "{\"payload\":\"%s\",\"signatures\":[", buf_str(&text));
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(out, ',');
		put_signature(&keys[i], buf_str(&text), out);
	}
	buf_adds(out, "]}");
}
