/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/job_secret.h"

#include <string.h>

#include "common/crypto/base64.h"
#include "common/crypto/seal.h"

#define PURPOSE "job"

static struct seal_keys keys;

int job_secret_start(const struct conf *conf, struct err *e)
{
	const char *path = conf_str(conf, "jobs", "seal_key_file");

	return path ? seal_keys_read(&keys, path, e) : 0;
}

void job_secret_stop(void)
{
	seal_keys_fini(&keys);
}

const char *job_secret_put(struct arena *arena, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	uint8_t *sealed;
	char *out;

	if (!text || keys.n == 0)
		return NULL;
	sealed = arena_alloc(arena, n + SEAL_OVERHEAD);
	out = arena_alloc(arena, BASE64_TEXT_SIZE(n + SEAL_OVERHEAD));
	seal(&keys, PURPOSE, text, n, sealed);
	base64_encode(BASE64_STD, out, sealed, n + SEAL_OVERHEAD);
	return out;
}

const char *job_secret_get(struct arena *arena, const char *sealed)
{
	size_t size = sealed ? strlen(sealed) : 0;
	uint8_t *data = arena_alloc(arena, BASE64_DATA_SIZE(size));
	ssize_t n = sealed ? base64_decode(BASE64_STD, data, sealed, size) :
		-1;
	char *out;

	if (n < SEAL_OVERHEAD)
		return NULL;
	out = arena_zalloc(arena, n - SEAL_OVERHEAD + 1);
	return unseal(&keys, PURPOSE, data, n, out) < 0 ? NULL : out;
}
