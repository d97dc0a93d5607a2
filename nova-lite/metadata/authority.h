/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_AUTHORITY_H
#define NOVA_METADATA_AUTHORITY_H

#include "common/crypto/x509.h"
#include "common/service/req.h"

/* Who issues the certificates of first boots: one for all metadata services,
 * its key sealed in the catalog. */
struct authority {
	struct x509_authority *issuer;
	char *certificate;		/* PEM */
};

/* Makes it when there is none. */
int authority_ensure(struct sql_conn *conn, struct err *e);

/* It never changes, and is read when it is first wanted: decoding a key takes
 * longer than all signing. NULL with the request's error. */
const struct authority *authority_get(struct req *rq);
void authority_stop(void);

#endif
