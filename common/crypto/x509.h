/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_X509_H
#define LITE_X509_H

/*
 * A certification authority of our own, and the certificates of servers
 * (RFC 5280): ECDSA P-256 throughout. Keys are PKCS #8, all of it PEM. Texts
 * are the caller's to free; keys to clear before.
 */
#include <stddef.h>

#include "common/base/err.h"

char *x509_key_new(void);

/* A self-signed certificate for ten years. */
char *x509_authority_new(const char *key, const char *name);

/* Reads both; to be used by any number of threads. INTERNAL when they are
 * broken. */
struct x509_authority;
struct x509_authority *x509_authority_open(const char *key,
					   const char *certificate,
					   struct err *e);
void x509_authority_close(struct x509_authority *a);

struct x509_names {
	const char *common_name;
	const char *const *dns;		/* subjectAltName */
	size_t n_dns;
	const char *const *addresses;	/* IPv4 or IPv6 in text */
	size_t n_addresses;
};

/* A certificate for the key, of the authority, good for so many days. Fails
 * with BAD_REQUEST on names that no certificate can hold. */
char *x509_issue(const struct x509_authority *a, const char *key,
		 const struct x509_names *names, int days, struct err *e);

#endif
