/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/crypto/digest.h"
#include "nova-lite/metadata/wire.h"

static bool is_uuid(const char *s)
{
	return strlen(s) == 36 && s[8] == '-' && s[13] == '-' &&
	       strspn(s, "0123456789abcdef-") == 36;
}

static bool is_signed(const char *id, const char *given)
{
	unsigned char mac[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	const char *secret = metadata_conf.secret;

	hmac_sha256(secret, strlen(secret), id, strlen(id), mac);
	hex_encode(hex, mac, sizeof(mac));
	return strlen(given) == strlen(hex) &&
	       mem_equal_ct(given, hex, strlen(hex));
}

static int proxied(struct req *rq, struct who *who_r)
{
	const char *id = req_header(rq, "X-Instance-ID");
	const char *project = req_header(rq, "X-Tenant-ID");
	const char *mac = req_header(rq, "X-Instance-ID-Signature");

	if (!id)
		return fail(rq, ERR_BAD_REQUEST, "X-Instance-ID header is "
			    "missing from request.");
	if (!project)
		return fail(rq, ERR_BAD_REQUEST, "X-Tenant-ID header is "
			    "missing from request.");
	if (!mac || !is_signed(id, mac))
		return fail(rq, ERR_FORBIDDEN, "Invalid proxy request "
			    "signature.");
	if (!is_uuid(id))
		return fail(rq, ERR_NOT_FOUND, NULL);
	*who_r = (struct who){ .server_id = id, .project_id = project };
	return 0;
}

int who_asks(struct req *rq, struct who *who_r)
{
	const char *peer = rq->http->peer;

	if (is_uuid(peer)) {
		*who_r = (struct who){ .server_id = peer };
		return 0;
	}
	if (metadata_conf.secret)
		return proxied(rq, who_r);
	if (!metadata_conf.bridge || strcmp(peer, "unix") == 0)
		return fail(rq, ERR_NOT_FOUND, NULL);
	*who_r = (struct who){ .address = peer,
			       .bridge = metadata_conf.bridge };
	return 0;
}
