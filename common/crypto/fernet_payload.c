/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layouts of Keystone's token payloads, by version number:
 *	0 [v, user, methods, expires, audit]
 *	1 [v, user, methods, domain, expires, audit]
 *	2 [v, user, methods, project, expires, audit]
 *	3 [v, user, methods, project, expires, audit, trust]
 *	8 [v, user, methods, "all", expires, audit]
 *	9 [v, user, methods, project, expires, audit, app_cred]
 * Users, projects and application credentials are pairs (true, 16 bytes) for
 * 32 hex digits and (false, text) for any other id. A domain is the bare
 * bytes or text, a trust always 16 bytes, expires a float of seconds.
 */
#include "common/crypto/fernet.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "common/crypto/msgpack.h"

#define UUID_BYTES	16
#define TIME_END	253402300800.0	/* the year 10000 */

/* How a member is written; the zero value means that it is absent. */
enum id_form { ID_NONE, ID_PAIR, ID_BARE, ID_TEXT };

struct layout {
	unsigned int count;	/* of the array, with the version */
	enum id_form scope, via;
};

static const struct layout layouts[] = {
	[TOKEN_UNSCOPED] = { .count = 5 },
	[TOKEN_DOMAIN] = { .count = 6, .scope = ID_BARE },
	[TOKEN_PROJECT] = { .count = 6, .scope = ID_PAIR },
	[TOKEN_TRUST] = { .count = 7, .scope = ID_PAIR, .via = ID_BARE },
	[TOKEN_SYSTEM] = { .count = 6, .scope = ID_TEXT },
	[TOKEN_APP_CRED] = { .count = 7, .scope = ID_PAIR, .via = ID_PAIR },
};

static void put_id(struct msgpack_out *out, enum id_form form, const char *id)
{
	uint8_t uuid[UUID_BYTES];
	bool is_uuid;

	if (form == ID_NONE)
		return;
	is_uuid = form != ID_TEXT &&
		  hex_decode(uuid, sizeof(uuid), id, strlen(id)) == 0;
	if (form == ID_PAIR) {
		msgpack_put_array(out, 2);
		msgpack_put_bool(out, is_uuid);
	}
	if (is_uuid)
		msgpack_put_bin(out, uuid, sizeof(uuid));
	else
		msgpack_put_str(out, id);
}

static void put_audit(struct msgpack_out *out, const struct token_payload *p)
{
	uint8_t id[BASE64_DATA_SIZE(TOKEN_AUDIT_SIZE)];

	assert(p->audit_count <= TOKEN_AUDIT_MAX);
	msgpack_put_array(out, p->audit_count);
	for (uint32_t i = 0; i < p->audit_count; i++) {
		ssize_t len = base64_decode(BASE64_URL, id, p->audit_id[i],
					    strlen(p->audit_id[i]));

		assert(len == UUID_BYTES);
		msgpack_put_bin(out, id, (size_t)len);
	}
}

size_t token_payload_pack(const struct token_payload *p,
			  uint8_t out_r[TOKEN_PAYLOAD_SIZE])
{
	const struct layout *l = &layouts[p->kind];
	struct msgpack_out out = { out_r, out_r + TOKEN_PAYLOAD_SIZE };

	assert(l->count > 0);
	msgpack_put_array(&out, l->count);
	msgpack_put_uint(&out, p->kind);
	put_id(&out, ID_PAIR, p->user_id);
	msgpack_put_uint(&out, p->methods);
	put_id(&out, l->scope, p->scope_id);
	msgpack_put_double(&out, (double)p->expires_at / 1e6);
	put_audit(&out, p);
	put_id(&out, l->via, p->via_id);
	return (size_t)(out.p - out_r);
}

/* An id's text: printable ASCII that fits. */
static int copy_text(char out[TOKEN_ID_SIZE], const uint8_t *text, size_t len)
{
	if (len == 0 || len >= TOKEN_ID_SIZE)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return -1;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

static int get_id(struct msgpack_in *in, enum id_form form,
		  char out[TOKEN_ID_SIZE])
{
	const uint8_t *data;
	bool is_uuid;
	uint32_t n;
	size_t len;

	if (form == ID_NONE)
		return 0;
	if (form == ID_PAIR && (msgpack_get_array(in, &n) < 0 || n != 2 ||
				msgpack_get_bool(in, &is_uuid) < 0))
		return -1;
	if (msgpack_get_bytes(in, &data, &len) < 0)
		return -1;
	if (form != ID_PAIR)
		is_uuid = form == ID_BARE && len == UUID_BYTES;
	if (!is_uuid)
		return copy_text(out, data, len);
	if (len != UUID_BYTES)
		return -1;
	hex_encode(out, data, len);
	return 0;
}

/* As Python rounds: the fraction alone, to the nearest even. */
static int get_expiry(struct msgpack_in *in, usec_t *t_r)
{
	double t, seconds, fraction;

	if (msgpack_get_double(in, &t) < 0 || !(t >= 0 && t < TIME_END))
		return -1;
	fraction = modf(t, &seconds);
	*t_r = (usec_t)seconds * USEC_PER_SEC + llrint(fraction * 1e6);
	return 0;
}

static int get_audit(struct msgpack_in *in, struct token_payload *p)
{
	char text[BASE64_TEXT_SIZE(UUID_BYTES)];
	const uint8_t *id;
	size_t len;

	if (msgpack_get_array(in, &p->audit_count) < 0 ||
	    p->audit_count > TOKEN_AUDIT_MAX)
		return -1;
	for (uint32_t i = 0; i < p->audit_count; i++) {
		if (msgpack_get_bytes(in, &id, &len) < 0 || len != UUID_BYTES)
			return -1;
		base64_encode(BASE64_URL, text, id, len);
		memcpy(p->audit_id[i], text, TOKEN_AUDIT_SIZE);
	}
	return 0;
}

int token_payload_unpack(const uint8_t *data, size_t len,
			 struct token_payload *p_r)
{
	struct msgpack_in in = { data, data + len };
	struct token_payload p = { 0 };
	const struct layout *l;
	uint64_t kind, methods;
	uint32_t count;

	if (msgpack_get_array(&in, &count) < 0 ||
	    msgpack_get_uint(&in, &kind) < 0 ||
	    kind >= sizeof(layouts) / sizeof(layouts[0]))
		return -1;
	l = &layouts[kind];
	if (l->count == 0 || l->count != count ||
	    get_id(&in, ID_PAIR, p.user_id) < 0 ||
	    msgpack_get_uint(&in, &methods) < 0 || methods > 0xffff ||
	    get_id(&in, l->scope, p.scope_id) < 0 ||
	    get_expiry(&in, &p.expires_at) < 0 || get_audit(&in, &p) < 0 ||
	    get_id(&in, l->via, p.via_id) < 0 || in.p != in.end)
		return -1;
	p.kind = (enum token_kind)kind;
	p.methods = (unsigned int)methods;
	*p_r = p;
	return 0;
}
