/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "activation-agent/agent.h"
#include "common/base/mem.h"

static void free_json(json_t **v)
{
	json_decref(*v);
}

static const char *text_of(const json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

/* base64url without padding (RFC 7515 section 2); -1 when it is not. */
static int decode(const char *text, unsigned char *out, size_t size,
		  size_t *n_r)
{
	const char *end;

	if (!text || sodium_base642bin(out, size, text, strlen(text), NULL,
				       n_r, &end,
				       sodium_base64_VARIANT_URLSAFE_NO_PADDING)
	    != 0 || *end)
		return -1;
	return 0;
}

/* -- pinned keys ---------------------------------------------------------- */

static bool is(const json_t *v, const char *key, const char *value)
{
	const char *s = text_of(v, key);

	return s && strcmp(s, value) == 0;
}

static bool pin_read(const json_t *v, struct pin *p)
{
	const char *kid = text_of(v, "kid");
	size_t n;

	if (!is(v, "kty", "OKP") || !is(v, "crv", "Ed25519") || !kid ||
	    strlen(kid) >= sizeof(p->kid) ||
	    decode(text_of(v, "x"), p->x, sizeof(p->x), &n) < 0 ||
	    n != sizeof(p->x))
		return false;
	snprintf(p->kid, sizeof(p->kid), "%s", kid);
	return true;
}

int pins_read(const char *text, size_t n, struct pins *p_r, struct err *e)
{
	_cleanup_(free_json) json_t *set = json_loadb(text, n, 0, NULL);
	const json_t *keys = json_object_get(set, "keys");

	p_r->n = 0;
	for (size_t i = 0; i < json_array_size(keys) && p_r->n < PINS_MAX; i++)
		p_r->n += pin_read(json_array_get(keys, i),
				   &p_r->keys[p_r->n]);
	return p_r->n ? 0 : refuse(e, "the config drive names no key that "
				   "signs first boots");
}

static const struct pin *pin_find(const struct pins *p, const char *kid)
{
	for (size_t i = 0; kid && i < p->n; i++)
		if (strcmp(p->keys[i].kid, kid) == 0)
			return &p->keys[i];
	return NULL;
}

/* -- signatures ----------------------------------------------------------- */

/* The pinned key that a protected header names, or NULL. What has to be
 * understood ("crit") is not, here. */
static const struct pin *pin_of(const struct pins *p, const char *protected)
{
	unsigned char head[512];
	const struct pin *pin = NULL;
	json_t *v;
	size_t n;

	if (decode(protected, head, sizeof(head), &n) < 0)
		return NULL;
	v = json_loadb((char *)head, n, JSON_REJECT_DUPLICATES, NULL);
	if (is(v, "alg", "EdDSA") && !json_object_get(v, "crit"))
		pin = pin_find(p, text_of(v, "kid"));
	json_decref(v);
	return pin;
}

enum verdict { OTHERS, GOOD, BAD };

static enum verdict judge(const struct pins *p, const json_t *signature,
			  const char *payload)
{
	const char *protected = text_of(signature, "protected");
	const struct pin *pin = pin_of(p, protected);
	_cleanup_(buf_fini) struct buf signed_text = { 0 };
	unsigned char raw[crypto_sign_BYTES];
	size_t n;

	if (!pin)
		return OTHERS;
	if (decode(text_of(signature, "signature"), raw, sizeof(raw), &n) < 0
	    || n != sizeof(raw))
		return BAD;
	buf_printf(&signed_text, "%s.%s", protected, payload);
	return crypto_sign_verify_detached(raw,
					   (unsigned char *)signed_text.data,
					   signed_text.len, pin->x) == 0 ?
	       GOOD : BAD;
}

/* One good signature is enough; one of ours that is bad is too much. */
static int check(const struct pins *p, const json_t *signatures,
		 const char *payload, struct err *e)
{
	size_t good = 0;

	for (size_t i = 0; i < json_array_size(signatures); i++) {
		enum verdict v = judge(p, json_array_get(signatures, i),
				       payload);

		if (v == BAD)
			return refuse(e, "the signature is not good: this is "
				      "not what the service has sent");
		good += v == GOOD;
	}
	return good ? 0 : refuse(e, "no key that the config drive names has "
				 "signed the answer");
}

int jws_open(const struct pins *p, const char *text, size_t n,
	     struct buf *payload_r, struct err *e)
{
	_cleanup_(free_json) json_t *jws =
		json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	const char *payload = text_of(jws, "payload");
	size_t size, len;
	char *out;

	if (!payload)
		return refuse(e, "the answer is not a signed document");
	if (check(p, json_object_get(jws, "signatures"), payload, e) < 0)
		return -1;
	size = strlen(payload) / 4 * 3 + 3;
	out = buf_reserve(payload_r, size);
	if (decode(payload, (unsigned char *)out, size, &len) < 0)
		return refuse(e, "the signed document is not base64url");
	payload_r->len += len;
	return 0;
}
