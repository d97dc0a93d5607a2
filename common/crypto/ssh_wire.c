/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/ssh_wire.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"

void ssh_put_u32(struct buf *b, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(b, (char)(v >> shift));
}

void ssh_put_bytes(struct buf *b, const void *data, size_t n)
{
	ssh_put_u32(b, n);
	buf_add(b, data, n);
}

void ssh_put_text(struct buf *b, const char *s)
{
	ssh_put_bytes(b, s, strlen(s));
}

static void put_number(struct buf *b, const BIGNUM *n)
{
	int len = BN_num_bytes(n), sign;
	uint8_t *bytes = xcalloc(1, len + 1);

	BN_bn2bin(n, bytes + 1);
	sign = bytes[1] & 0x80 ? 1 : 0;	/* keep it positive */
	ssh_put_bytes(b, bytes + 1 - sign, len + sign);
	mem_clear(bytes, len + 1);
	free(bytes);
}

void ssh_put_param(struct buf *b, const EVP_PKEY *key, const char *param)
{
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(key, param, &n) != 1)
		abort();
	put_number(b, n);
	BN_clear_free(n);
}
