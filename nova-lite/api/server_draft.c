/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/crypto/digest.h"
#include "nova-lite/servers.h"

#define PASSWORD_LENGTH 12

const char *random_text(struct req *rq, size_t n, const char *alphabet)
{
	char *out = arena_alloc(req_arena(rq), n + 1);
	size_t k = strlen(alphabet), i;

	random_bytes(out, n);
	for (i = 0; i < n; i++)
		out[i] = alphabet[(unsigned char)out[i] % k];
	out[n] = '\0';
	return out;
}

const char *random_password(struct req *rq)
{
	return random_text(rq, PASSWORD_LENGTH,
			   "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
			   "abcdefghijkmnopqrstuvwxyz");
}

const char *null_if_empty(const char *s)
{
	return s && *s ? s : NULL;
}
