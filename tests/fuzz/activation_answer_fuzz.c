/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what activation-agent is answered. As raw bytes: nothing that is not
 * signed is opened. As a document that is signed: it opens as it was and is
 * refused or comes to files in known places; and with one byte of the signed
 * text changed it does not open as anything else.
 */
#include <assert.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

#include "activation-agent/plan.h"
#include "common/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define HEAD "eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ"	/* alg, kid "k" */

static unsigned char secret[crypto_sign_SECRETKEYBYTES];
static struct pins pins = { .n = 1, .keys = { { .kid = "k" } } };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const unsigned char seed[crypto_sign_SEEDBYTES] = { 7 };

	(void)argc;
	(void)argv;
	return sodium_init() < 0 ||
	       crypto_sign_seed_keypair(pins.keys[0].x, secret, seed);
}

static void put_base64(struct buf *b, const void *data, size_t n)
{
	int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	size_t size = sodium_base64_ENCODED_LEN(n, variant);

	sodium_bin2base64(buf_reserve(b, size), size, data, n, variant);
	b->len += size - 1;
}

static void sign(const uint8_t *data, size_t n, struct buf *jws)
{
	_cleanup_(buf_fini) struct buf text = { 0 };
	unsigned char raw[crypto_sign_BYTES];

	buf_adds(&text, HEAD ".");
	put_base64(&text, data, n);
	crypto_sign_detached(raw, NULL, (unsigned char *)text.data, text.len,
			     secret);
	buf_printf(jws, "{\"payload\":\"%s\",\"signatures\":[{\"protected\":\""
		   HEAD "\",\"signature\":\"",
		   buf_str(&text) + strlen(HEAD "."));
	put_base64(jws, raw, sizeof(raw));
	buf_adds(jws, "\"}]}");
}

static void check_plan(const struct buf *payload)
{
	json_t *doc = json_loadb(payload->data, payload->len,
				 JSON_REJECT_DUPLICATES, NULL);
	struct plan p;
	struct err e = { 0 };

	if (plan_make(doc, "i", &p, &e) == 0) {
		assert(p.n > 0 && p.n <= PLAN_MAX);
		for (size_t i = 0; i < p.n; i++)
			assert(p.files[i].text[0] && strncmp(
				p.files[i].target->path, "/etc/", 5) == 0);
	} else {
		assert(e.msg[0]);
	}
	plan_offer(json_object_get(doc, "material"), &p, &e);
	json_decref(doc);
}

static void signed_document(const uint8_t *data, size_t n)
{
	_cleanup_(buf_fini) struct buf jws = { 0 }, payload = { 0 };
	_cleanup_(buf_fini) struct buf other = { 0 };
	struct err e;

	sign(data + 2, n - 2, &jws);
	assert(jws_open(&pins, jws.data, jws.len, &payload, &e) == 0);
	assert(payload.len == n - 2 &&
	       (n == 2 || memcmp(payload.data, data + 2, n - 2) == 0));
	check_plan(&payload);
	jws.data[(data[0] << 8 | data[1]) % jws.len] ^= 1 << (data[0] % 7);
	if (jws_open(&pins, jws.data, jws.len, &other, &e) == 0)
		assert(other.len == payload.len && (n == 2 ||
			memcmp(other.data, payload.data, other.len) == 0));
}

static void raw_answer(const uint8_t *data, size_t n)
{
	_cleanup_(buf_fini) struct buf payload = { 0 };
	const char *body = (const char *)data;
	size_t len = n;
	struct pins p;
	struct err e;
	int status;

	if (answer_parse(body, n, &status, &body, &len, &e) == 0)
		assert(status >= 0 && status < 1000 && len <= n);
	assert(jws_open(&pins, body, len, &payload, &e) < 0);
	if (pins_read(body, len, &p, &e) == 0)
		assert(p.n > 0 && p.n <= PINS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	raw_answer(data, size);
	if (size >= 2)
		signed_document(data, size);
	return 0;
}
