/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/ssh.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "common/crypto/ssh_wire.h"

#define LINE_MAX_SIZE	16384	/* an RSA key of 65536 bits has 11 kB */
#define RSA_MIN_BITS	512

/* A string inside a blob: four bytes of length, then the bytes. */
struct ssh_str {
	const uint8_t *p;
	size_t len;
};

static int get_str(struct ssh_str *blob, struct ssh_str *s_r)
{
	uint32_t len;

	if (blob->len < 4)
		return -1;
	len = (uint32_t)blob->p[0] << 24 | (uint32_t)blob->p[1] << 16 |
	      (uint32_t)blob->p[2] << 8 | blob->p[3];
	if (len > blob->len - 4)
		return -1;
	s_r->p = blob->p + 4;
	s_r->len = len;
	blob->p += 4 + len;
	blob->len -= 4 + len;
	return 0;
}

static bool str_is(struct ssh_str s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

/* A positive mpint (RFC 4251 section 5) in its shortest form. */
static int get_mpint(struct ssh_str *blob, struct ssh_str *n_r)
{
	struct ssh_str n;

	if (get_str(blob, &n) < 0 || n.len == 0 || n.p[0] & 0x80)
		return -1;
	if (n.p[0] == 0) {
		n.p++;
		n.len--;
		if (n.len == 0 || !(n.p[0] & 0x80))
			return -1;
	}
	*n_r = n;
	return 0;
}

/* One row per type of key; `check` sees what follows the type's name. */
struct key_type {
	const char *name;
	int (*check)(const struct key_type *type, struct ssh_str *blob);
	const char *curve, *group;	/* as SSH and as OpenSSL name them */
};

static int rsa_check(const struct key_type *type, struct ssh_str *blob)
{
	struct ssh_str exponent, modulus;

	(void)type;
	if (get_mpint(blob, &exponent) < 0 || get_mpint(blob, &modulus) < 0)
		return -1;
	if (exponent.len > 8 || !(exponent.p[exponent.len - 1] & 1) ||
	    (exponent.len == 1 && exponent.p[0] == 1))
		return -1;
	if (modulus.len < RSA_MIN_BITS / 8 ||
	    !(modulus.p[modulus.len - 1] & 1))
		return -1;
	return 0;
}

static int ed25519_check(const struct key_type *type, struct ssh_str *blob)
{
	struct ssh_str point;

	(void)type;
	return get_str(blob, &point) == 0 && point.len == 32 ? 0 : -1;
}

static bool point_on_curve(const char *group, struct ssh_str point)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  (void *)point.p, point.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	bool ok;

	ok = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	     EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static int ecdsa_check(const struct key_type *type, struct ssh_str *blob)
{
	struct ssh_str curve, point;

	if (get_str(blob, &curve) < 0 || !str_is(curve, type->curve) ||
	    get_str(blob, &point) < 0)
		return -1;
	/* RFC 5656 section 3.1: uncompressed in practice, as OpenSSH has it. */
	if (point.len < 1 || point.p[0] != 0x04)
		return -1;
	return point_on_curve(type->group, point) ? 0 : -1;
}

static const struct key_type key_types[] = {
	{ "ssh-rsa", rsa_check, NULL, NULL },
	{ "ssh-ed25519", ed25519_check, NULL, NULL },
	{ "ecdsa-sha2-nistp256", ecdsa_check, "nistp256", "P-256" },
	{ "ecdsa-sha2-nistp384", ecdsa_check, "nistp384", "P-384" },
	{ "ecdsa-sha2-nistp521", ecdsa_check, "nistp521", "P-521" },
};

/* The blob must name the type that the line names, and end where it ends. */
static int blob_check(struct ssh_str line_type, struct ssh_str blob)
{
	struct ssh_str name;

	if (get_str(&blob, &name) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(key_types); i++) {
		const struct key_type *type = &key_types[i];

		if (!str_is(line_type, type->name))
			continue;
		if (!str_is(name, type->name) || type->check(type, &blob) < 0)
			return -1;
		return blob.len == 0 ? 0 : -1;
	}
	return -1;
}

static void fingerprint(const void *blob, size_t len,
			char out[SSH_FINGERPRINT_SIZE])
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex_of(DIGEST_MD5, blob, len, hex);
	for (const char *h = hex; *h; h += 2) {
		*out++ = h[0];
		*out++ = h[1];
		*out++ = ':';
	}
	out[-1] = '\0';
}

int ssh_public_key_check(const char *line,
			 char fingerprint_r[SSH_FINGERPRINT_SIZE])
{
	static const char space[] = " \t\r\n\v\f";
	struct ssh_str type = { (const uint8_t *)line, strcspn(line, space) };
	_cleanup_(cleanup_free) uint8_t *blob = NULL;
	const char *text = line + type.len;
	size_t len;
	ssize_t n;

	text += strspn(text, " \t");
	len = strcspn(text, space);
	if (len > LINE_MAX_SIZE)
		return -1;
	blob = xmalloc(BASE64_DATA_SIZE(len));
	n = base64_decode(BASE64_STD, blob, text, len);
	if (n < 0 ||
	    blob_check(type, (struct ssh_str){ blob, (size_t)n }) < 0)
		return -1;
	fingerprint(blob, (size_t)n, fingerprint_r);
	return 0;
}

static void public_key(const EVP_PKEY *key, struct ssh_keypair *kp)
{
	_cleanup_(buf_fini) struct buf blob = { 0 };
	_cleanup_(cleanup_free) char *text = NULL;

	ssh_put_text(&blob, "ssh-rsa");
	ssh_put_param(&blob, key, OSSL_PKEY_PARAM_RSA_E);
	ssh_put_param(&blob, key, OSSL_PKEY_PARAM_RSA_N);
	text = xmalloc(BASE64_TEXT_SIZE(blob.len));
	base64_encode(BASE64_STD, text, blob.data, blob.len);
	kp->public_key = xasprintf("ssh-rsa %s Generated-by-Nova", text);
	fingerprint(blob.data, blob.len, kp->fingerprint);
}

static void private_key(EVP_PKEY *key, struct ssh_keypair *kp)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *pem;
	long len;

	if (!bio || PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL,
							 0, NULL, NULL) != 1)
		abort();
	len = BIO_get_mem_data(bio, &pem);
	kp->private_key = xmalloc((size_t)len + 1);
	memcpy(kp->private_key, pem, (size_t)len);
	kp->private_key[len] = '\0';
	BIO_free(bio);
}

void ssh_keypair_init(struct ssh_keypair *kp)
{
	EVP_PKEY *key = EVP_RSA_gen(SSH_RSA_BITS);

	if (!key)
		abort();
	private_key(key, kp);
	public_key(key, kp);
	EVP_PKEY_free(key);
}

void ssh_keypair_fini(struct ssh_keypair *kp)
{
	mem_clear(kp->private_key, strlen(kp->private_key));
	free(kp->private_key);
	free(kp->public_key);
}
