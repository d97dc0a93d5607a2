/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/x509.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/crypto/digest.h"

enum { DAY = 24 * 3600, AUTHORITY_DAYS = 3650, SERIAL_SIZE = 16,
       NAME_BYTES = 64, LATE = 3600 };

static void must(int ok)
{
	if (ok <= 0)
		abort();
}

static char *text_of(BIO *bio)
{
	char *data, *text;
	long n = BIO_get_mem_data(bio, &data);

	text = xmalloc(n + 1);
	memcpy(text, data, n);
	text[n] = '\0';
	BIO_free(bio);
	return text;
}

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return key;
}

static X509 *read_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return x;
}

char *x509_key_new(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_secmem());

	must(key != NULL);
	must(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL,
					   NULL));
	EVP_PKEY_free(key);
	return text_of(bio);
}

/* -- what is in one ------------------------------------------------------- */

/* Clocks of guests may be behind ours. */
static X509 *begin(EVP_PKEY *key, int days)
{
	X509 *x = X509_new();
	uint8_t serial[SERIAL_SIZE];
	BIGNUM *n;

	random_bytes(serial, sizeof(serial));
	serial[0] &= 0x7f;
	n = BN_bin2bn(serial, sizeof(serial), NULL);
	must(x && n && X509_set_version(x, X509_VERSION_3));
	must(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL);
	BN_free(n);
	must(X509_gmtime_adj(X509_getm_notBefore(x), -LATE) != NULL);
	must(X509_gmtime_adj(X509_getm_notAfter(x), (long)days * DAY) !=
	     NULL);
	must(X509_set_pubkey(x, key));
	return x;
}

static int set_name(X509 *x, const char *common_name)
{
	return X509_NAME_add_entry_by_NID(X509_get_subject_name(x),
					  NID_commonName, MBSTRING_UTF8,
					  (const unsigned char *)common_name,
					  -1, -1, 0) == 1 ? 0 : -1;
}

static int extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	int ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok ? 0 : -1;
}

/* An ASN.1 name of each, so that no text is read as configuration. */
static int add_name(GENERAL_NAMES *all, const char *text, int type)
{
	GENERAL_NAME *name = a2i_GENERAL_NAME(NULL, NULL, NULL, type, text, 0);

	if (name && sk_GENERAL_NAME_push(all, name) > 0)
		return 0;
	GENERAL_NAME_free(name);
	return -1;
}

static int add_names(X509 *x, const struct x509_names *names)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < names->n_dns; i++)
		rc = add_name(all, names->dns[i], GEN_DNS);
	for (i = 0; rc == 0 && i < names->n_addresses; i++)
		rc = add_name(all, names->addresses[i], GEN_IPADD);
	if (rc == 0 && sk_GENERAL_NAME_num(all) > 0 &&
	    X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, 0) != 1)
		rc = -1;
	GENERAL_NAMES_free(all);
	return rc;
}

static char *finish(X509 *x, EVP_PKEY *signer)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(X509_sign(x, signer, EVP_sha256()));
	must(PEM_write_bio_X509(bio, x));
	return text_of(bio);
}

/* -- certificates --------------------------------------------------------- */

char *x509_authority_new(const char *key_pem, const char *name)
{
	EVP_PKEY *key = read_key(key_pem);
	X509 *x = begin(key, AUTHORITY_DAYS);
	char *text;

	must(set_name(x, name) == 0);
	must(X509_set_issuer_name(x, X509_get_subject_name(x)));
	must(extend(x, x, NID_basic_constraints, "critical,CA:TRUE,"
		    "pathlen:0") == 0);
	must(extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") ==
	     0);
	must(extend(x, x, NID_subject_key_identifier, "hash") == 0);
	text = finish(x, key);
	X509_free(x);
	EVP_PKEY_free(key);
	return text;
}

static int fill(X509 *x, X509 *ca, const struct x509_names *names)
{
	if (strlen(names->common_name) <= NAME_BYTES &&
	    set_name(x, names->common_name) < 0)
		return -1;
	must(X509_set_issuer_name(x, X509_get_subject_name(ca)));
	if (extend(x, ca, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
	    extend(x, ca, NID_key_usage, "critical,digitalSignature") < 0 ||
	    extend(x, ca, NID_ext_key_usage, "serverAuth,clientAuth") < 0 ||
	    extend(x, ca, NID_authority_key_identifier, "keyid") < 0)
		return -1;
	return add_names(x, names);
}

struct x509_authority {
	EVP_PKEY *key;
	X509 *certificate;
};

struct x509_authority *x509_authority_open(const char *key,
					   const char *certificate,
					   struct err *e)
{
	struct x509_authority *a = xmalloc(sizeof(*a));

	a->key = read_key(key);
	a->certificate = read_certificate(certificate);
	if (a->key && a->certificate)
		return a;
	x509_authority_close(a);
	err_internal(e, "authority: its key or certificate is broken");
	return NULL;
}

void x509_authority_close(struct x509_authority *a)
{
	if (!a)
		return;
	X509_free(a->certificate);
	EVP_PKEY_free(a->key);
	free(a);
}

char *x509_issue(const struct x509_authority *a, const char *key_pem,
		 const struct x509_names *names, int days, struct err *e)
{
	EVP_PKEY *key = read_key(key_pem);
	char *text = NULL;
	X509 *x;

	if (!key) {
		err_internal(e, "certificate: its key is broken");
		return NULL;
	}
	x = begin(key, days);
	if (fill(x, a->certificate, names) < 0)
		err_set(e, ERR_BAD_REQUEST, "These names cannot stand in a "
			"certificate.");
	else
		text = finish(x, a->key);
	X509_free(x);
	EVP_PKEY_free(key);
	return text;
}
