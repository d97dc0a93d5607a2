/* SPDX-License-Identifier: Apache-2.0 */
#include "activation-agent/plan.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"

enum { TEXT_MAX = 64 << 10, GUID_SIZE = 32 };

static const struct target targets[] = {
#define FIRST_BOOT(kind, member, path, mode, cloud) \
	{ kind, member, path, mode },
#include "common/tbl/first_boot.tbl"
#undef FIRST_BOOT
};

static bool is_known(const char *kind)
{
	for (size_t i = 0; kind && i < ARRAY_LEN(targets); i++)
		if (strcmp(targets[i].kind, kind) == 0)
			return true;
	return false;
}

static void put(struct plan *p, const struct target *t, const char *text)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->files[i].target->path, t->path) != 0)
		i++;
	p->files[i] = (struct plan_file){ t, text };
	if (i == p->n)
		p->n++;
}

void plan_all(struct plan *p_r)
{
	p_r->n = 0;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		put(p_r, &targets[i], NULL);
}

/* -- what is on offer ----------------------------------------------------- */

static bool has(const json_t *kinds, const char *kind)
{
	for (size_t i = 0; i < json_array_size(kinds); i++)
		if (strcmp(json_string_value(json_array_get(kinds, i)), kind)
		    == 0)
			return true;
	return false;
}

static int check_kinds(const json_t *kinds, struct err *e)
{
	for (size_t i = 0; i < json_array_size(kinds); i++) {
		const char *kind = json_string_value(json_array_get(kinds, i));

		if (!is_known(kind))
			return refuse(e, "%.64s is on offer, which this agent "
				      "does not know", kind ? kind :
				      "what is no text");
	}
	return json_array_size(kinds) ? 0 : refuse(e, "nothing is on offer");
}

int plan_offer(const json_t *kinds, struct plan *p_r, struct err *e)
{
	p_r->n = 0;
	if (check_kinds(kinds, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (has(kinds, targets[i].kind))
			put(p_r, &targets[i], NULL);
	return 0;
}

/* -- what was given ------------------------------------------------------- */

static bool is_guid(const char *s)
{
	return strlen(s) == GUID_SIZE &&
	       strspn(s, "0123456789abcdef") == GUID_SIZE;
}

static int take(const json_t *material, const struct target *t,
		struct plan *p, struct err *e)
{
	const json_t *of = json_object_get(material, t->kind);
	const char *text = json_string_value(json_object_get(of, t->member));

	if (!of)
		return 0;
	if (!text || !*text || strlen(text) > TEXT_MAX)
		return refuse(e, "%s has no %s", t->kind, t->member);
	if (strcmp(t->member, "guid") == 0 && !is_guid(text))
		return refuse(e, "%s is no GUID", t->kind);
	put(p, t, text);
	return 0;
}

static int check_material(json_t *material, struct err *e)
{
	const char *kind;
	json_t *v;

	json_object_foreach(material, kind, v)
		if (!is_known(kind))
			return refuse(e, "%.64s was given, which this agent "
				      "does not know", kind);
	return json_object_size(material) ? 0 : refuse(e, "nothing was given");
}

int plan_make(const json_t *doc, const char *instance, struct plan *p_r,
	      struct err *e)
{
	const char *whose = json_string_value(json_object_get(doc,
							      "instance"));
	json_t *material = json_object_get(doc, "material");

	p_r->n = 0;
	if (!whose || strcmp(whose, instance) != 0)
		return refuse(e, "the answer is for instance %.64s and not "
			      "for this one, %s", whose ? whose : "(none)",
			      instance);
	if (check_material(material, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (take(material, &targets[i], p_r, e) < 0)
			return -1;
	return 0;
}

/* -- fingerprints --------------------------------------------------------- */

bool plan_fingerprint(const char *line, char print_r[FINGERPRINT_SIZE])
{
	const char *text = strchr(line, ' ');
	unsigned char key[2048], hash[crypto_hash_sha256_BYTES];
	size_t n;

	if (!text || sodium_base642bin(key, sizeof(key), text + 1,
				       strcspn(text + 1, " \n"), NULL, &n,
				       NULL, sodium_base64_VARIANT_ORIGINAL)
	    != 0)
		return false;
	crypto_hash_sha256(hash, key, n);
	memcpy(print_r, "SHA256:", 7);
	sodium_bin2base64(print_r + 7, FINGERPRINT_SIZE - 7, hash,
			  sizeof(hash),
			  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	return true;
}
