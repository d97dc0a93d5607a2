/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SSH_WIRE_H
#define LITE_SSH_WIRE_H

/* RFC 4251, section 5, for the rooms' SSH keys; what is written may be secret
 * and is the caller's to clear. */
#include <stdint.h>

#include <openssl/evp.h>

#include "common/base/buf.h"

void ssh_put_u32(struct buf *b, uint32_t v);
void ssh_put_bytes(struct buf *b, const void *data, size_t n);
void ssh_put_text(struct buf *b, const char *s);
/* A number of a key (OSSL_PKEY_PARAM_...) as a positive mpint. */
void ssh_put_param(struct buf *b, const EVP_PKEY *key, const char *param);

#endif
