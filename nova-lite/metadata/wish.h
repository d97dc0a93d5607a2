/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_WISH_H
#define NOVA_METADATA_WISH_H

#include <jansson.h>

#include "common/base/err.h"

/*
 * What a guest may say about what it gets at its first boot: pure functions
 * of the body that it sends (api-ref/first-boot.md).
 */

#define WISH_NAMES_MAX 16

struct wish {
	const char *hostname, *location;
	json_t *addresses, *data;
	const char *ltpa_host;
	json_t *names;			/* more of the certificate's */
};

/* The server as the catalog knows it. */
struct known {
	const char *id, *shortname, *hostname, *location;
	const char *domain;		/* of all host names; "" for none */
	json_t *addresses;
};

/* Members are the body's, and as long-lived. BAD_REQUEST names the field. */
int wish_read(json_t *body, struct wish *w_r, struct err *e);

/* What the catalog knows better is not for the guest to say: BAD_REQUEST. */
int wish_check(const struct wish *w, const struct known *k, struct err *e);

#endif
