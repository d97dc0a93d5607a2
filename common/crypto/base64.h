/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_BASE64_H
#define LITE_BASE64_H

/*
 * Base64 (RFC 4648). Decoding is strict: no white space, no foreign
 * characters, no bits left over in the last character, so that one text only
 * stands for given bytes.
 */
#include <stddef.h>
#include <sys/types.h>

enum base64_form {
	BASE64_STD,	/* section 4; padding required */
	BASE64_URL,	/* section 5; written bare, read with or without '=' */
};

/* Room for the text of `n` bytes, padded, with its NUL. */
#define BASE64_TEXT_SIZE(n)	(((n) + 2) / 3 * 4 + 1)
/* Room for the bytes of `n` characters. */
#define BASE64_DATA_SIZE(n)	((n) / 4 * 3 + 3)

/*
 * Writes the text of `data` and a NUL to `out`, which has room for
 * BASE64_TEXT_SIZE(len). Returns the length of the text.
 */
size_t base64_encode(enum base64_form form, char *out, const void *data,
		     size_t len);

/*
 * Reads `len` characters into `out`, which has room for
 * BASE64_DATA_SIZE(len) and may be `text` itself. Returns the number of
 * bytes, or -1 when the text is not base64 (`out` is then unspecified).
 */
ssize_t base64_decode(enum base64_form form, void *out, const char *text,
		      size_t len);

#endif
