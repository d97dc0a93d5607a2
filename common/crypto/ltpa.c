/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/ltpa.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"

enum { BITS = 1024, DES3_SIZE = 24, SHA1_SIZE = 20, BLOCK = 8,
       MODULUS_SIZE = 129, EXPONENT_SIZE = 3, FACTOR_SIZE = 65,
       SECRET_MAX = 4 + MODULUS_SIZE + EXPONENT_SIZE + 2 * FACTOR_SIZE };

static void must(int ok)
{
	if (ok != 1)
		abort();
}

/* -- made ahead ----------------------------------------------------------- */

/* A number in so many bytes, zeros in front. */
static void put_number(struct buf *out, const EVP_PKEY *key, const char *name,
		       int size)
{
	BIGNUM *n = NULL;
	uint8_t bytes[MODULUS_SIZE];

	must(EVP_PKEY_get_bn_param(key, name, &n));
	must(BN_bn2binpad(n, bytes, size) == size);
	BN_clear_free(n);
	buf_add(out, bytes, size);
	mem_clear(bytes, sizeof(bytes));
}

static void put_line(struct buf *out, const char *name, const void *data,
		     size_t n)
{
	char *text = xmalloc(BASE64_TEXT_SIZE(n));

	base64_encode(BASE64_STD, text, data, n);
	buf_printf(out, "%s=%s\n", name, text);
	mem_clear(text, strlen(text));
	free(text);
}

/* Length of the private exponent, it, the public one, the factors. */
static void put_private(struct buf *out, const EVP_PKEY *key)
{
	static const uint8_t length[4] = { 0, 0, 0, MODULUS_SIZE };
	_cleanup_(buf_fini) struct buf b = { 0 };

	buf_add(&b, length, sizeof(length));
	put_number(&b, key, OSSL_PKEY_PARAM_RSA_D, MODULUS_SIZE);
	put_number(&b, key, OSSL_PKEY_PARAM_RSA_E, EXPONENT_SIZE);
	put_number(&b, key, OSSL_PKEY_PARAM_RSA_FACTOR1, FACTOR_SIZE);
	put_number(&b, key, OSSL_PKEY_PARAM_RSA_FACTOR2, FACTOR_SIZE);
	put_line(out, "private", b.data, b.len);
	mem_clear(b.data, b.len);
}

static void put_public(struct buf *out, const EVP_PKEY *key)
{
	_cleanup_(buf_fini) struct buf b = { 0 };

	put_number(&b, key, OSSL_PKEY_PARAM_RSA_N, MODULUS_SIZE);
	put_number(&b, key, OSSL_PKEY_PARAM_RSA_E, EXPONENT_SIZE);
	put_line(out, "public", b.data, b.len);
}

void ltpa_keys_new(struct buf *out)
{
	EVP_PKEY *key = EVP_RSA_gen(BITS);
	uint8_t des3[DES3_SIZE];

	must(key != NULL);
	random_bytes(des3, sizeof(des3));
	put_line(out, "3des", des3, sizeof(des3));
	put_private(out, key);
	put_public(out, key);
	mem_clear(des3, sizeof(des3));
	EVP_PKEY_free(key);
}

/* -- the file ------------------------------------------------------------- */

/* The bytes of a line; -1 when it is not there or longer than SECRET_MAX. */
static ssize_t get_line(const char *keys, const char *name,
			uint8_t out_r[SECRET_MAX + 8])
{
	_cleanup_(cleanup_free) char *begin = xasprintf("%s=", name);
	const char *at = keys;
	size_t n;

	while (at && strncmp(at, begin, strlen(begin)) != 0) {
		at = strchr(at, '\n');
		at += at ? 1 : 0;
	}
	if (!at)
		return -1;
	at += strlen(begin);
	n = strcspn(at, "\n");
	if (BASE64_DATA_SIZE(n) > SECRET_MAX + 8)
		return -1;
	return base64_decode(BASE64_STD, out_r, at, n);
}

/* The password's SHA-1, filled up with zeros, is the key of 3DES in ECB. */
static void encrypt(const char *password, const uint8_t *data, int n,
		    struct buf *out)
{
	uint8_t key[DES3_SIZE] = { 0 }, sealed[SECRET_MAX + 2 * BLOCK];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0, rest = 0;
	unsigned int size;

	must(EVP_Digest(password, strlen(password), key, &size, EVP_sha1(),
			NULL));
	must(ctx && EVP_EncryptInit_ex(ctx, EVP_des_ede3_ecb(), NULL, key,
				       NULL) == 1);
	must(EVP_EncryptUpdate(ctx, sealed, &len, data, n));
	must(EVP_EncryptFinal_ex(ctx, sealed + len, &rest));
	EVP_CIPHER_CTX_free(ctx);
	buf_add(out, sealed, len + rest);
	mem_clear(key, sizeof(key));
}

/* Properties of Java: '=' and ':' in values are escaped. */
static void put_property(struct buf *out, const char *name, const void *data,
			 size_t n)
{
	_cleanup_(cleanup_free) char *text = xmalloc(BASE64_TEXT_SIZE(n));

	base64_encode(BASE64_STD, text, data, n);
	buf_printf(out, "com.ibm.websphere.ltpa.%s=", name);
	for (const char *p = text; *p; p++)
		buf_printf(out, "%s%c", *p == '=' ? "\\" : "", *p);
	buf_addc(out, '\n');
}

static int put_sealed(struct buf *out, const char *keys, const char *line,
		      const char *name, const char *password)
{
	uint8_t data[SECRET_MAX + 8];
	_cleanup_(buf_fini) struct buf sealed = { 0 };
	ssize_t n = get_line(keys, line, data);

	if (n < 0)
		return -1;
	encrypt(password, data, n, &sealed);
	put_property(out, name, sealed.data, sealed.len);
	mem_clear(data, sizeof(data));
	return 0;
}

int ltpa_file(const char *keys, const char *password, const char *host,
	      const char *made_at, struct buf *out)
{
	uint8_t public[SECRET_MAX + 8];
	ssize_t n = get_line(keys, "public", public);

	if (n < 0)
		return -1;
	buf_printf(out, "com.ibm.websphere.CreationDate=%s\n"
		   "com.ibm.websphere.CreationHost=%s\n"
		   "com.ibm.websphere.ltpa.version=1.0\n"
		   "com.ibm.websphere.ltpa.Realm=defaultRealm\n", made_at,
		   host);
	if (put_sealed(out, keys, "3des", "3DESKey", password) < 0 ||
	    put_sealed(out, keys, "private", "PrivateKey", password) < 0)
		return -1;
	put_property(out, "PublicKey", public, n);
	return 0;
}
