/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/password.h"

#include <assert.h>
#include <crypt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"

#define BCRYPT_MAX	72	/* what bcrypt reads of a password */
#define PASSWORD_MAX	4096	/* Keystone's max_password_length */
#define RAW_MAX		64	/* salts and digests in bytes */
#define SCRYPT_SIZE	32	/* passlib's digest */
#define PBKDF2_SIZE	64	/* SHA-512's */
#define SCRYPT_MEMORY	(1024u * 1024 * 1024)

/*
 * One crypt(3) run into `out`. The work area is cleared because libxcrypt
 * leaves the password's traces there. 0, or -1 for a setting it refuses.
 */
static int crypt_into(const char *password, const char *setting,
		      char out[PASSWORD_HASH_SIZE])
{
	struct crypt_data *cd = xcalloc(1, sizeof(*cd));
	const char *hash = crypt_r(password, setting, cd);
	int rc = -1;

	if (hash && hash[0] == '$' && strlen(hash) < PASSWORD_HASH_SIZE) {
		memcpy(out, hash, strlen(hash) + 1);
		rc = 0;
	}
	mem_clear(cd, sizeof(*cd));
	free(cd);
	return rc;
}

/* Keystone's truncation; libxcrypt would do the same. */
static void bcrypt_input(const char *password, char out[BCRYPT_MAX + 1])
{
	size_t len = strnlen(password, BCRYPT_MAX);

	memcpy(out, password, len);
	out[len] = '\0';
}

void password_hash(const char *password, unsigned int cost,
		   char hash_r[PASSWORD_HASH_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], input[BCRYPT_MAX + 1];
	char salt[16];

	assert(cost >= 4 && cost <= 31);
	random_bytes(salt, sizeof(salt));
	if (!crypt_gensalt_rn("$2b$", cost, salt, sizeof(salt), setting,
			      sizeof(setting)))
		abort();
	bcrypt_input(password, input);
	if (crypt_into(input, setting, hash_r) < 0)
		abort();
	mem_clear(input, sizeof(input));
}

static bool same_text(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && mem_equal_ct(a, b, len);
}

static bool crypt_verify(const char *password, const char *hash)
{
	char ours[PASSWORD_HASH_SIZE];

	return crypt_into(password, hash, ours) == 0 && same_text(ours, hash);
}

static bool bcrypt_verify(const char *password, const char *hash)
{
	char input[BCRYPT_MAX + 1];
	bool ok;

	bcrypt_input(password, input);
	ok = crypt_verify(input, hash);
	mem_clear(input, sizeof(input));
	return ok;
}

/*
 * passlib's bcrypt_sha256: bcrypt over the base64 of a digest of the
 * password, plain (version 1) or keyed with the salt's text (version 2):
 *	$bcrypt-sha256$2b,12$salt$digest
 *	$bcrypt-sha256$v=2,t=2b,r=12$salt$digest
 */
static bool bcrypt_sha256_verify(const char *password, const char *hash)
{
	char type[3], salt[23], digest[32], text[BASE64_TEXT_SIZE(SHA256_SIZE)];
	char inner[PASSWORD_HASH_SIZE];
	uint8_t md[SHA256_SIZE];
	unsigned int cost;
	int end = 0, version = 2;

	sscanf(hash, "v=2,t=%2[2aby],r=%2u$%22[./A-Za-z0-9]$%31[./A-Za-z0-9]%n",
	       type, &cost, salt, digest, &end);
	if (end == 0) {
		version = 1;
		sscanf(hash, "%2[2aby],%2u$%22[./A-Za-z0-9]$%31[./A-Za-z0-9]%n",
		       type, &cost, salt, digest, &end);
	}
	if (end == 0 || hash[end] != '\0')
		return false;
	if (version == 2)
		hmac_sha256(salt, strlen(salt), password, strlen(password), md);
	else
		sha256(password, strlen(password), md);
	base64_encode(BASE64_STD, text, md, sizeof(md));
	snprintf(inner, sizeof(inner), "$%s$%02u$%s%s", type, cost, salt,
		 digest);
	return crypt_verify(text, inner);
}

/*
 * passlib writes salts and digests in base64 without padding, for pbkdf2 with
 * '.' in place of '+'. Returns the number of bytes or -1.
 */
static ssize_t raw_decode(uint8_t out[RAW_MAX], const char *text)
{
	char padded[BASE64_TEXT_SIZE(RAW_MAX)];
	uint8_t bytes[BASE64_DATA_SIZE(sizeof(padded))];
	size_t len = strlen(text);
	ssize_t n;

	if ((len + 3) / 4 * 4 >= sizeof(padded))
		return -1;
	memcpy(padded, text, len);
	for (size_t i = 0; i < len; i++)
		if (padded[i] == '.')
			padded[i] = '+';
	while (len % 4 != 0)
		padded[len++] = '=';
	n = base64_decode(BASE64_STD, bytes, padded, len);
	if (n <= 0 || n > RAW_MAX)
		return -1;
	memcpy(out, bytes, (size_t)n);
	return n;
}

/* $scrypt$ln=16,r=8,p=1$salt$digest */
static bool scrypt_verify(const char *password, const char *hash)
{
	char salt_text[90], digest_text[90];
	uint8_t salt[RAW_MAX], want[RAW_MAX], got[RAW_MAX];
	unsigned int ln, r, p;
	ssize_t salt_len;
	int end = 0;

	sscanf(hash, "ln=%2u,r=%3u,p=%3u$%89[^$]$%89[^$]%n", &ln, &r, &p,
	       salt_text, digest_text, &end);
	if (end == 0 || hash[end] != '\0' || ln > 30)
		return false;
	salt_len = raw_decode(salt, salt_text);
	if (salt_len < 0 || raw_decode(want, digest_text) != SCRYPT_SIZE)
		return false;
	return EVP_PBE_scrypt(password, strlen(password), salt,
			      (size_t)salt_len, 1ull << ln, r, p,
			      SCRYPT_MEMORY, got, SCRYPT_SIZE) == 1 &&
	       mem_equal_ct(got, want, SCRYPT_SIZE);
}

/* $pbkdf2-sha512$rounds$salt$digest */
static bool pbkdf2_verify(const char *password, const char *hash)
{
	char salt_text[90], digest_text[90];
	uint8_t salt[RAW_MAX], want[RAW_MAX], got[RAW_MAX];
	unsigned int rounds;
	ssize_t salt_len;
	int end = 0;

	sscanf(hash, "%8u$%89[^$]$%89[^$]%n", &rounds, salt_text, digest_text,
	       &end);
	if (end == 0 || hash[end] != '\0' || rounds == 0)
		return false;
	salt_len = raw_decode(salt, salt_text);
	if (salt_len < 0 || raw_decode(want, digest_text) != PBKDF2_SIZE)
		return false;
	return PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt,
				 (int)salt_len, (int)rounds, EVP_sha512(),
				 PBKDF2_SIZE, got) == 1 &&
	       mem_equal_ct(got, want, PBKDF2_SIZE);
}

bool password_verify(const char *password, const char *hash)
{
	static const struct scheme {
		const char *prefix;
		size_t skip;	/* of the hash, for verify */
		bool (*verify)(const char *password, const char *hash);
	} schemes[] = {
		{ "$2a$", 0, bcrypt_verify },
		{ "$2b$", 0, bcrypt_verify },
		{ "$2y$", 0, bcrypt_verify },
		{ "$6$", 0, crypt_verify },
		{ "$bcrypt-sha256$", 15, bcrypt_sha256_verify },
		{ "$scrypt$", 8, scrypt_verify },
		{ "$pbkdf2-sha512$", 15, pbkdf2_verify },
	};

	if (strnlen(password, PASSWORD_MAX + 1) > PASSWORD_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		const struct scheme *s = &schemes[i];

		if (strncmp(hash, s->prefix, strlen(s->prefix)) == 0)
			return s->verify(password, hash + s->skip);
	}
	return false;
}

void password_burn(const char *password, unsigned int cost)
{
	char hash[PASSWORD_HASH_SIZE];

	password_hash(password, cost, hash);
}
