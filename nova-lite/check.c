/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The six bits of each character, or -1. */
static void base64_table(signed char bits_r[256])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	memset(bits_r, -1, 256);
	for (int i = 0; i < 64; i++)
		bits_r[(unsigned char)digits[i]] = i;
}

ssize_t loose_base64(void *out, const char *s)
{
	signed char bits_of[256];
	int group = 0, pads = 0, bits;
	unsigned int held = 0;
	unsigned char *p = out;
	size_t n = 0;

	base64_table(bits_of);
	for (; *s; s++) {
		if (*s == '=' && group >= 2 && group + ++pads >= 4)
			return n;
		bits = bits_of[(unsigned char)*s];
		if (bits < 0)
			continue;
		held = held << 6 | bits;
		if (group > 0) {
			if (p)
				p[n] = held >> (6 - 2 * group);
			n++;
		}
		pads = 0;
		group = (group + 1) % 4;
	}
	return group == 0 ? (ssize_t)n : -1;
}

bool check_base64(const char *s)
{
	return loose_base64(NULL, s) >= 0;
}

bool check_ipv4(const char *s)
{
	int part;

	for (part = 0; part < 4; part++) {
		size_t n = strspn(s, "0123456789");

		if (n == 0 || n > 3 || (n > 1 && *s == '0') || atoi(s) > 255)
			return false;
		s += n;
		if (part < 3 && *s++ != '.')
			return false;
	}
	return *s == '\0';
}

bool check_hostname_form(const char *s)
{
	size_t n = strlen(s), i;

	if (n < 2 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (i = 0; i < n; i++)
		if (s[i] != '-' && !(isalnum((unsigned char)s[i]) &&
				     (unsigned char)s[i] < 0x80))
			return false;
	return true;
}

bool hostname_of(const char *name, char *out)
{
	size_t n = 0;

	for (; *name && n < HOSTNAME_SIZE - 1; name++) {
		unsigned char c = (unsigned char)*name;

		if (c < 0x80 && isalnum(c))
			out[n++] = (char)tolower(c);
		else if (strchr(" ._-", c) && n > 0)
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
	return n > 0;
}

bool check_tag_form(const char *s)
{
	return *s && !strpbrk(s, ",/");
}
