/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/metadata/material.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "common/crypto/ltpa.h"
#include "common/crypto/ssh_host.h"
#include "common/crypto/x509.h"

static json_t *make_ssh(const struct material *m)
{
	struct ssh_host_key k;
	json_t *v;

	ssh_host_key_init(&k, m->arg);
	v = json_pack("{ss ss}", "private", k.private_key, "public",
		      k.public_key);
	ssh_host_key_fini(&k);
	return v;
}

/* A version 4 UUID without its dashes, which systemd asks for. */
static json_t *make_guid(const struct material *m)
{
	char guid[UUID_HEX_SIZE];

	(void)m;
	uuid_v4_hex(guid);
	return json_pack("{ss}", "guid", guid);
}

static json_t *make_tls(const struct material *m)
{
	char *key = x509_key_new();
	json_t *v = json_pack("{ss}", "key", key);

	(void)m;
	mem_clear(key, strlen(key));
	free(key);
	return v;
}

static json_t *make_ltpa(const struct material *m)
{
	_cleanup_(buf_fini) struct buf keys = { 0 };
	json_t *v;

	(void)m;
	ltpa_keys_new(&keys);
	v = json_pack("{ss}", "keys", buf_str(&keys));
	mem_clear(keys.data, keys.len);
	return v;
}

static const struct material kinds[] = {
	{ "ssh_rsa_3072", make_ssh, SSH_HOST_RSA_3072 },
	{ "ssh_rsa_4096", make_ssh, SSH_HOST_RSA_4096 },
	{ "ssh_ecdsa_p256", make_ssh, SSH_HOST_ECDSA },
	{ "ssh_ed25519", make_ssh, SSH_HOST_ED25519 },
	{ "machine_guid", make_guid, 0 },
	{ "tls", make_tls, 0 },
	{ "ltpa", make_ltpa, 0 },
};

const struct material *material_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

json_t *material_make(const struct material *m)
{
	json_t *v = m->make(m);

	if (!v)
		abort();
	return v;
}

/* jansson's own copy is what is cleared: nobody else looks at it then. */
void material_free(json_t *v)
{
	const char *key;
	json_t *text;

	json_object_foreach(v, key, text) {
		char *s = (char *)json_string_value(text);

		if (s)
			mem_clear(s, json_string_length(text));
	}
	json_decref(v);
}
