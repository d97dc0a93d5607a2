/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/ssh_host.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "common/crypto/ssh_wire.h"

enum { BLOCK = 8, LINE = 70, ED_SIZE = 32, EC_POINT_SIZE = 65 };

/* OpenSSL fails here only without memory or randomness. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

static void clear(struct buf *b)
{
	if (b->data)
		mem_clear(b->data, b->len);
	buf_fini(b);
}

/* -- the kinds ------------------------------------------------------------ */

static void rsa_public(const EVP_PKEY *key, struct buf *out)
{
	ssh_put_text(out, "ssh-rsa");
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_E);
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_N);
}

static void rsa_private(const EVP_PKEY *key, struct buf *out)
{
	ssh_put_text(out, "ssh-rsa");
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_N);
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_E);
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_D);
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
	ssh_put_param(out, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
}

static void ecdsa_public(const EVP_PKEY *key, struct buf *out)
{
	uint8_t point[EC_POINT_SIZE];
	size_t n = 0;

	must(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
					     point, sizeof(point), &n));
	ssh_put_text(out, "ecdsa-sha2-nistp256");
	ssh_put_text(out, "nistp256");
	ssh_put_bytes(out, point, n);
}

static void ecdsa_private(const EVP_PKEY *key, struct buf *out)
{
	ecdsa_public(key, out);
	ssh_put_param(out, key, OSSL_PKEY_PARAM_PRIV_KEY);
}

static void ed25519_public(const EVP_PKEY *key, struct buf *out)
{
	uint8_t point[ED_SIZE];
	size_t n = sizeof(point);

	must(EVP_PKEY_get_raw_public_key(key, point, &n));
	ssh_put_text(out, "ssh-ed25519");
	ssh_put_bytes(out, point, n);
}

static void ed25519_private(const EVP_PKEY *key, struct buf *out)
{
	uint8_t both[2 * ED_SIZE];
	size_t n = ED_SIZE;

	must(EVP_PKEY_get_raw_private_key(key, both, &n));
	must(EVP_PKEY_get_raw_public_key(key, both + ED_SIZE, &n));
	ed25519_public(key, out);
	ssh_put_bytes(out, both, sizeof(both));
	mem_clear(both, sizeof(both));
}

static EVP_PKEY *rsa_new(int bits)
{
	return EVP_RSA_gen(bits);
}

static EVP_PKEY *ecdsa_new(int bits)
{
	(void)bits;
	return EVP_EC_gen("P-256");
}

static EVP_PKEY *ed25519_new(int bits)
{
	(void)bits;
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static const struct kind {
	const char *name;
	int bits;
	EVP_PKEY *(*make)(int bits);
	void (*put_public)(const EVP_PKEY *key, struct buf *out);
	void (*put_private)(const EVP_PKEY *key, struct buf *out);
} kinds[] = {
	[SSH_HOST_RSA_3072] = { "ssh-rsa", 3072, rsa_new, rsa_public,
				rsa_private },
	[SSH_HOST_RSA_4096] = { "ssh-rsa", 4096, rsa_new, rsa_public,
				rsa_private },
	[SSH_HOST_ECDSA] = { "ecdsa-sha2-nistp256", 256, ecdsa_new,
			     ecdsa_public, ecdsa_private },
	[SSH_HOST_ED25519] = { "ssh-ed25519", 256, ed25519_new,
			       ed25519_public, ed25519_private },
};

/* -- files ---------------------------------------------------------------- */

static char *to_base64(const struct buf *b)
{
	char *text = xmalloc(BASE64_TEXT_SIZE(b->len));

	base64_encode(BASE64_STD, text, b->data, b->len);
	return text;
}

static char *public_line(const struct kind *kind, const struct buf *blob)
{
	_cleanup_(cleanup_free) char *text = to_base64(blob);

	return xasprintf("%s %s", kind->name, text);
}

/* The part that a passphrase would encrypt. */
static void put_secret(const struct kind *kind, const EVP_PKEY *key,
		       struct buf *out)
{
	uint32_t check;
	char pad = 1;

	random_bytes(&check, sizeof(check));
	ssh_put_u32(out, check);
	ssh_put_u32(out, check);
	kind->put_private(key, out);
	ssh_put_text(out, "");			/* comment */
	while (out->len % BLOCK)
		buf_addc(out, pad++);
}

static char *pem_of(const struct buf *b)
{
	_cleanup_(clear) struct buf out = { 0 };
	char *text = to_base64(b);
	size_t n = strlen(text);

	buf_adds(&out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	for (size_t at = 0; at < n; at += LINE)
		buf_printf(&out, "%.*s\n", LINE, text + at);
	buf_adds(&out, "-----END OPENSSH PRIVATE KEY-----\n");
	mem_clear(text, n);
	free(text);
	return xstrdup(buf_str(&out));
}

static char *private_file(const struct kind *kind, const EVP_PKEY *key,
			  const struct buf *blob)
{
	static const char magic[] = "openssh-key-v1";
	_cleanup_(clear) struct buf out = { 0 }, secret = { 0 };

	buf_add(&out, magic, sizeof(magic));
	ssh_put_text(&out, "none");			/* cipher */
	ssh_put_text(&out, "none");			/* key derivation */
	ssh_put_text(&out, "");
	ssh_put_u32(&out, 1);			/* keys */
	ssh_put_bytes(&out, blob->data, blob->len);
	put_secret(kind, key, &secret);
	ssh_put_bytes(&out, secret.data, secret.len);
	return pem_of(&out);
}

void ssh_host_key_init(struct ssh_host_key *k, enum ssh_host_kind which)
{
	const struct kind *kind = &kinds[which];
	_cleanup_(buf_fini) struct buf blob = { 0 };
	EVP_PKEY *key = kind->make(kind->bits);

	must(key != NULL);
	kind->put_public(key, &blob);
	k->public_key = public_line(kind, &blob);
	k->private_key = private_file(kind, key, &blob);
	EVP_PKEY_free(key);
}

void ssh_host_key_fini(struct ssh_host_key *k)
{
	mem_clear(k->private_key, strlen(k->private_key));
	free(k->private_key);
	free(k->public_key);
}

void ssh_sha256(const char *public_key, char out_r[SSH_SHA256_SIZE])
{
	const char *text = strchr(public_key, ' ');
	size_t n = text ? strcspn(++text, " \n") : 0;
	uint8_t *blob = xmalloc(BASE64_DATA_SIZE(n)), md[SHA256_SIZE];
	ssize_t len = base64_decode(BASE64_STD, blob, text ? text : "", n);

	out_r[0] = '\0';
	if (len > 0) {
		sha256(blob, len, md);
		strcpy(out_r, "SHA256:");
		base64_encode(BASE64_STD, out_r + 7, md, sizeof(md));
		out_r[strcspn(out_r, "=")] = '\0';
	}
	free(blob);
}
