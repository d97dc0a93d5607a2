/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/base64.h"

#include <stdint.h>

static const char alphabet[][65] = {
	[BASE64_STD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		       "0123456789+/",
	[BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		       "0123456789-_",
};

size_t base64_encode(enum base64_form form, char *out, const void *data,
		     size_t len)
{
	const char *abc = alphabet[form];
	const uint8_t *p = data;
	char *o = out;

	for (; len >= 3; len -= 3, p += 3) {
		*o++ = abc[p[0] >> 2];
		*o++ = abc[(p[0] & 3) << 4 | p[1] >> 4];
		*o++ = abc[(p[1] & 15) << 2 | p[2] >> 6];
		*o++ = abc[p[2] & 63];
	}
	if (len > 0) {
		*o++ = abc[p[0] >> 2];
		*o++ = abc[(p[0] & 3) << 4 | (len == 2 ? p[1] >> 4 : 0)];
		if (len == 2)
			*o++ = abc[(p[1] & 15) << 2];
		while (form == BASE64_STD && (o - out) % 4 != 0)
			*o++ = '=';
	}
	*o = '\0';
	return (size_t)(o - out);
}

static int value_of(enum base64_form form, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[form][62])
		return 62;
	if (c == alphabet[form][63])
		return 63;
	return -1;
}

/* The number of characters before the padding, or -1 when that is wrong. */
static ssize_t text_len(enum base64_form form, const char *text, size_t len)
{
	size_t bare = len;

	while (bare > 0 && len - bare < 2 && text[bare - 1] == '=')
		bare--;
	if (bare % 4 == 1)
		return -1;
	if (bare == len)
		return form == BASE64_STD && len % 4 != 0 ? -1 : (ssize_t)len;
	return len % 4 != 0 ? -1 : (ssize_t)bare;
}

ssize_t base64_decode(enum base64_form form, void *out, const char *text,
		      size_t len)
{
	ssize_t n = text_len(form, text, len);
	uint8_t *o = out;
	uint32_t acc = 0;
	unsigned int bits = 0;

	if (n < 0)
		return -1;
	for (ssize_t i = 0; i < n; i++) {
		int v = value_of(form, text[i]);

		if (v < 0)
			return -1;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*o++ = (uint8_t)(acc >> bits);
			acc &= (1u << bits) - 1;
		}
	}
	return acc != 0 ? -1 : o - (uint8_t *)out;
}
