/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/target.h"

static bool has_prefix_nocase(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp(s.p, prefix, n) == 0;
}

/* Takes "http://authority" off an absolute target. */
static int authority_cut(struct slice *target, struct slice *authority_r)
{
	size_t scheme, n = 0;

	if (has_prefix_nocase(*target, "http://"))
		scheme = strlen("http://");
	else if (has_prefix_nocase(*target, "https://"))
		scheme = strlen("https://");
	else
		return -1;
	target->p += scheme;
	target->n -= scheme;
	while (n < target->n && target->p[n] != '/' && target->p[n] != '?')
		n++;
	/* user information has no place in a request (RFC 9110, 4.2.4) */
	if (!n || memchr(target->p, '@', n))
		return -1;
	*authority_r = (struct slice){ target->p, n };
	target->p += n;
	target->n -= n;
	return 0;
}

int http_target_split(struct slice target, struct http_target *target_r)
{
	struct slice authority = { NULL, 0 };
	struct slice path;

	if (slice_is(target, "*")) {
		*target_r = (struct http_target){ .path = target };
		return 0;
	}
	if (target.n && target.p[0] != '/' &&
	    authority_cut(&target, &authority) < 0)
		return -1;
	path = slice_cut(&target, '?');
	if (!path.n)
		path = (struct slice){ "/", authority.n ? 1 : 0 };
	if (!path.n)
		return -1;
	*target_r = (struct http_target){ path, target, authority };
	return 0;
}

bool http_segment_next(struct slice *path, struct slice *segment_r)
{
	if (!path->n || path->p[0] != '/')
		return false;
	path->p++;
	path->n--;
	*segment_r = *path;
	if (path->n) {
		const char *slash = memchr(path->p, '/', path->n);

		if (slash)
			segment_r->n = (size_t)(slash - path->p);
	}
	path->p += segment_r->n;
	path->n -= segment_r->n;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that a %XX at the start of s stands for, or -1. */
static int escape_value(struct slice s)
{
	int hi, lo;

	if (s.n < 3 || s.p[0] != '%')
		return -1;
	hi = hex_digit(s.p[1]);
	lo = hex_digit(s.p[2]);
	return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
}

static int decode(struct slice in, char *out, bool query)
{
	char *start = out;

	for (; in.n; in.p++, in.n--) {
		int c = escape_value(in);

		if (c == 0 || (c < 0 && *in.p == '%' && !query))
			return -1;
		if (c > 0) {
			*out++ = (char)c;
			in.p += 2;
			in.n -= 2;
		} else {
			*out++ = query && *in.p == '+' ? ' ' : *in.p;
		}
	}
	return (int)(out - start);
}

int http_path_decode(struct slice in, char *out)
{
	return decode(in, out, false);
}

int http_query_decode(struct slice in, char *out)
{
	return decode(in, out, true);
}

bool http_pair_next(struct slice *query, struct slice *key_r,
		     struct slice *value_r)
{
	while (query->n) {
		struct slice pair = slice_cut(query, '&');

		if (pair.n) {
			*key_r = slice_cut(&pair, '=');
			*value_r = pair;
			return true;
		}
	}
	return false;
}
