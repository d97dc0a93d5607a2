/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/text.h"

#include <ctype.h>
#include <string.h>

#include "common/base/mem.h"

int64_t text_chars(const char *s)
{
	int64_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

bool text_is_uuid(const char *s)
{
	size_t n = strlen(s);

	if (n != 32 && n != 36)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool dash = n == 36 && (i == 8 || i == 13 || i == 18 ||
					i == 23);

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return true;
}

static uint32_t next_char(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	int len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	uint32_t c = len == 1 ? *p : *p & (0xffU >> (len + 1));

	for (int i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	*s += len;
	return c;
}

/* Unicode's categories C* and Z* but for the space itself. */
static bool is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad },
		{ 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f }, { 0x1680, 0x1680 }, { 0x180e, 0x180e },
		{ 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
		{ 0x3000, 0x3000 }, { 0xd800, 0xf8ff }, { 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe00ff }, { 0xe01f0, 0x10ffff },
	};

	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	return true;
}

bool text_is_name(const char *s)
{
	size_t n = strlen(s);

	/* The other white space is not printable in the first place. */
	if (!n || *s == ' ' || s[n - 1] == ' ')
		return false;
	while (*s)
		if (!is_printable(next_char(&s)))
			return false;
	return true;
}

bool text_is_decimal(const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (!n || !s[n])
		return n;
	if (s[n] != '.')
		return false;
	s += n + 1;
	n = strspn(s, "0123456789");
	return n && !s[n];
}
