/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_MATERIAL_H
#define NOVA_METADATA_MATERIAL_H

#include <jansson.h>
#include <stddef.h>

/*
 * What is made ahead for machines, by kind:
 *
 *	ssh_rsa_3072 ssh_rsa_4096 ssh_ecdsa_p256 ssh_ed25519
 *			{private, public}
 *	machine_guid	{guid}		32 hex digits, as in /etc/machine-id
 *	tls		{key}		its certificate is made when it is given
 *	ltpa		{keys}
 */
struct material {
	const char *name;
	json_t *(*make)(const struct material *m);
	int arg;
};

/* NULL when there is no such kind. */
const struct material *material_find(const char *name);
json_t *material_make(const struct material *m);

/* Clears what the texts of a material held before it is released. */
void material_free(json_t *v);

#endif
