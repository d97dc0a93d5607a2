/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/job_secret.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
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

static void own_secret(void *text)
{
	mem_clear(text, strlen(text));
	free(text);
}

const char *job_secret_put(struct arena *arena, const char *text)
{
	char *sealed;

	if (!text || keys.n == 0)
		return NULL;
	sealed = seal_text(&keys, PURPOSE, text);
	arena_own(arena, sealed, free);
	return sealed;
}

const char *job_secret_get(struct arena *arena, const char *sealed)
{
	char *text = sealed ? unseal_text(&keys, PURPOSE, sealed) : NULL;

	if (text)
		arena_own(arena, text, own_secret);
	return text;
}
