/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_SIGNING_KEYS_H
#define NOVA_METADATA_SIGNING_KEYS_H

#include "common/base/buf.h"
#include "common/sql/sql.h"

/* The public keys of signing_key_list.sql as a JWK set (RFC 7517), as guests
 * get it from the service and find it pinned on the config drive. */
void signing_keys_write(const struct rows *rows, struct buf *out);

#endif
