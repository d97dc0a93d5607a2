/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/fernet.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/crypto/base64.h"
#include "common/crypto/digest.h"

/* https://github.com/fernet/spec: the offsets of a token's parts. */
enum {
	VERSION = 0x80,
	AT_TIME = 1,
	AT_IV = 9,
	AT_CIPHER = 25,
	BLOCK = 16,
	MAC_SIZE = SHA256_SIZE,
	CIPHER_SIZE = TOKEN_PAYLOAD_SIZE + BLOCK,
	BINARY_SIZE = AT_CIPHER + CIPHER_SIZE + MAC_SIZE,
};

_Static_assert(BASE64_TEXT_SIZE(BINARY_SIZE) <= TOKEN_TEXT_SIZE,
	       "a token fits its text");

void token_audit_id(char out_r[TOKEN_AUDIT_SIZE])
{
	char text[BASE64_TEXT_SIZE(16)];
	uint8_t id[16];

	random_bytes(id, sizeof(id));
	base64_encode(BASE64_URL, text, id, sizeof(id));
	memcpy(out_r, text, TOKEN_AUDIT_SIZE);
}

static EVP_CIPHER_CTX *cipher_new(const struct fernet_key *key,
				  const uint8_t *iv, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!ctx || EVP_CipherInit_ex(ctx, EVP_aes_128_cbc(), NULL,
				      key->encrypt, iv, encrypt) != 1)
		abort();
	return ctx;
}

static size_t encrypt(const struct fernet_key *key, const uint8_t *iv,
		      const uint8_t *plain, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = cipher_new(key, iv, 1);
	int n, tail;

	if (EVP_CipherUpdate(ctx, out, &n, plain, (int)len) != 1 ||
	    EVP_CipherFinal_ex(ctx, out + n, &tail) != 1)
		abort();
	EVP_CIPHER_CTX_free(ctx);
	return (size_t)(n + tail);
}

/* The length of the plain text, or -1 when its padding is wrong. */
static ssize_t decrypt(const struct fernet_key *key, const uint8_t *iv,
		       const uint8_t *cipher, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = cipher_new(key, iv, 0);
	int n, tail;
	bool ok;

	ok = EVP_CipherUpdate(ctx, out, &n, cipher, (int)len) == 1 &&
	     EVP_CipherFinal_ex(ctx, out + n, &tail) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? n + tail : -1;
}

static void put_time(uint8_t *out, uint64_t seconds)
{
	for (int i = 7; i >= 0; i--, seconds >>= 8)
		out[i] = (uint8_t)seconds;
}

static uint64_t get_time(const uint8_t *in)
{
	uint64_t seconds = 0;

	for (int i = 0; i < 8; i++)
		seconds = seconds << 8 | in[i];
	return seconds;
}

void fernet_token_make(struct fernet_repo *repo, const struct token_payload *p,
		       char token_r[TOKEN_TEXT_SIZE])
{
	uint8_t plain[TOKEN_PAYLOAD_SIZE], bin[BINARY_SIZE];
	size_t len = token_payload_pack(p, plain), count;
	const struct fernet_key *key;

	bin[0] = VERSION;
	put_time(bin + AT_TIME, (uint64_t)p->issued_at);
	random_bytes(bin + AT_IV, BLOCK);
	key = fernet_repo_lock(repo, &count);
	len = AT_CIPHER + encrypt(key, bin + AT_IV, plain, len,
				  bin + AT_CIPHER);
	hmac_sha256(key->sign, sizeof(key->sign), bin, len, bin + len);
	fernet_repo_unlock(repo);
	base64_encode(BASE64_URL, token_r, bin, len + MAC_SIZE);
}

/* Opens `bin` with whichever key signed it; the plain text's length or -1. */
static ssize_t token_open(struct fernet_repo *repo, const uint8_t *bin,
			  size_t len, uint8_t *plain)
{
	const uint8_t *mac = bin + len - MAC_SIZE;
	const struct fernet_key *key;
	ssize_t n = -1;
	size_t count;

	len -= MAC_SIZE;
	key = fernet_repo_lock(repo, &count);
	for (; count > 0; count--, key++) {
		uint8_t ours[MAC_SIZE];

		hmac_sha256(key->sign, sizeof(key->sign), bin, len, ours);
		if (!mem_equal_ct(ours, mac, MAC_SIZE))
			continue;
		n = decrypt(key, bin + AT_IV, bin + AT_CIPHER, len - AT_CIPHER,
			    plain);
		break;
	}
	fernet_repo_unlock(repo);
	return n;
}

int fernet_token_read(struct fernet_repo *repo, const char *token,
		      struct token_payload *p_r)
{
	uint8_t bin[BASE64_DATA_SIZE(TOKEN_TEXT_SIZE)];
	uint8_t plain[CIPHER_SIZE + BLOCK];
	size_t text_len = strnlen(token, TOKEN_TEXT_SIZE);
	struct token_payload p;
	struct err e;
	ssize_t len, n;

	if (text_len == TOKEN_TEXT_SIZE)
		return -1;
	len = base64_decode(BASE64_URL, bin, token, text_len);
	if (len < AT_CIPHER + BLOCK + MAC_SIZE || len > BINARY_SIZE ||
	    bin[0] != VERSION || (len - AT_CIPHER - MAC_SIZE) % BLOCK != 0)
		return -1;
	n = token_open(repo, bin, (size_t)len, plain);
	if (n < 0 && fernet_repo_refresh(repo, &e) > 0)
		n = token_open(repo, bin, (size_t)len, plain);
	if (n < 0 || token_payload_unpack(plain, (size_t)n, &p) < 0)
		return -1;
	p.issued_at = (int64_t)get_time(bin + AT_TIME);
	*p_r = p;
	return 0;
}
