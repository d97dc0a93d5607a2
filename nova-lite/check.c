/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_base64(unsigned char c)
{
	return (isalnum(c) && c < 0x80) || c == '+' || c == '/';
}

bool check_base64(const char *s)
{
	int group = 0, pads = 0;

	for (; *s; s++) {
		if (*s == '=') {
			if (group >= 2 && group + ++pads >= 4)
				return true;
			continue;
		}
		if (!is_base64((unsigned char)*s))
			continue;
		pads = 0;
		group = (group + 1) % 4;
	}
	return group == 0;
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
