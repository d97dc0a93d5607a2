/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/parse.h"

#include <assert.h>

/* What a byte may be part of. */
enum {
	C_TOKEN = 1 << 0,	/* tchar of RFC 9110, 5.6.2 */
	C_TARGET = 1 << 1,	/* visible ASCII but no fragment */
	C_VALUE = 1 << 2,	/* field value: visible, blank, or 8 bit */
	C_HOST = 1 << 3,	/* uri-host and port, byte by byte */
};

#define T (C_TOKEN | C_TARGET | C_VALUE)
#define H (C_TOKEN | C_TARGET | C_VALUE | C_HOST)
#define V (C_TARGET | C_VALUE)
#define A (C_TARGET | C_VALUE | C_HOST)
#define B (C_VALUE)

static const uint8_t classes[256] = {
	['\t'] = B, [' '] = B, ['!'] = T, ['"'] = V, ['#'] = T & ~C_TARGET,
	['$'] = T, ['%'] = H, ['&'] = T, ['\''] = T, ['('] = V, [')'] = V,
	['*'] = T, ['+'] = T, [','] = V, ['-'] = H, ['.'] = H, ['/'] = V,
	['0' ... '9'] = H, [':'] = A, [';'] = V, ['<'] = V, ['='] = V,
	['>'] = V, ['?'] = V, ['@'] = V, ['A' ... 'Z'] = H, ['['] = A,
	['\\'] = V, [']'] = A, ['^'] = T, ['_'] = H, ['`'] = T,
	['a' ... 'z'] = H, ['{'] = V, ['|'] = T, ['}'] = V, ['~'] = H,
	[0x80 ... 0xff] = B,
};

#undef T
#undef H
#undef V
#undef A
#undef B

static bool is(char c, unsigned class)
{
	return classes[(unsigned char)c] & class;
}

static bool all(struct slice s, unsigned class)
{
	unsigned ok = class;

	for (size_t i = 0; i < s.n; i++)
		ok &= classes[(unsigned char)s.p[i]];
	return ok;
}

/*
 * Finds the end of the head. The checks are ordered by position, never by
 * what happens to have arrived, so pieces and whole give the same result.
 */
static int head_end(const char *buf, size_t len, size_t *seen)
{
	/* *seen is where the first line that is not known to be whole starts */
	while (*seen < len) {
		size_t max = *seen <= 2 ? HTTP_LINE_MAX : HTTP_HEAD_MAX;
		size_t n = len < max ? len : max;
		const char *line = buf + *seen;
		const char *lf = memchr(line, '\n', n - *seen);

		if (*seen == 0 && !is(*line, C_TOKEN) && *line != '\r')
			return -400;
		if (!lf && len < max)
			return 0;
		if (!lf)
			return *seen <= 2 ? -414 : -431;
		if (lf == line || lf[-1] != '\r')
			return -400;
		/* one empty line before a request is let through (2.2) */
		if (lf == line + 1 && *seen > 0)
			return *seen > 2 ? (int)(lf + 1 - buf) : -400;
		*seen = (size_t)(lf + 1 - buf);
	}
	return 0;
}

static int version_parse(struct slice s, int *minor_r)
{
	if (s.n != 8 || memcmp(s.p, "HTTP/", 5) != 0 || s.p[6] != '.' ||
	    s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
		return -400;
	if (s.p[5] != '1')
		return -505;
	*minor_r = s.p[7] != '0';
	return 0;
}

static int request_line_parse(struct slice line, struct http_head *h)
{
	h->method = slice_cut(&line, ' ');
	h->target = slice_cut(&line, ' ');
	if (!h->method.n || !all(h->method, C_TOKEN))
		return -400;
	if (!h->target.n || !all(h->target, C_TARGET))
		return -400;
	return version_parse(line, &h->minor);
}

static int content_length_parse(struct slice value, struct http_head *h)
{
	int64_t n = 0;

	if (h->content_length >= 0 || !value.n)
		return -400;
	for (size_t i = 0; i < value.n; i++) {
		int digit = value.p[i] - '0';

		if (digit < 0 || digit > 9 || n > (INT64_MAX - digit) / 10)
			return -400;
		n = n * 10 + digit;
	}
	h->content_length = n;
	return 0;
}

static int transfer_encoding_parse(struct slice value, struct http_head *h)
{
	if (h->chunked || h->minor == 0)
		return -400;
	if (!slice_is_nocase(value, "chunked"))
		return -501;
	h->chunked = true;
	return 0;
}

static int host_parse(struct slice value, struct http_head *h)
{
	if (h->host.p || !value.n || !all(value, C_HOST))
		return -400;
	h->host = value;
	return 0;
}

static int connection_parse(struct slice value, struct http_head *h)
{
	struct slice option;

	while (http_list_next(&value, &option)) {
		if (slice_is_nocase(option, "close"))
			h->keep_alive = false;
		else if (h->minor == 0 &&
			 slice_is_nocase(option, "keep-alive"))
			h->keep_alive = true;
	}
	return 0;
}

static int expect_parse(struct slice value, struct http_head *h)
{
	if (h->minor == 0)
		return 0;
	if (!slice_is_nocase(value, "100-continue"))
		return -417;
	h->expect_continue = true;
	return 0;
}

/* The fields that frame the message or steer the connection. */
static const struct {
	const char *name;
	int (*parse)(struct slice value, struct http_head *h);
} framing[] = {
	{ "Host", host_parse },
	{ "Connection", connection_parse },
	{ "Content-Length", content_length_parse },
	{ "Transfer-Encoding", transfer_encoding_parse },
	{ "Expect", expect_parse },
};

static int field_parse(struct slice line, struct http_head *h)
{
	struct http_field *f = &h->fields[h->nfields];
	const char *colon = memchr(line.p, ':', line.n);

	/* a blank before the colon or at the start is no token: 400 */
	if (!colon || h->nfields == HTTP_FIELDS_MAX)
		return colon ? -431 : -400;
	f->name = (struct slice){ line.p, (size_t)(colon - line.p) };
	f->value = (struct slice){ colon + 1, line.n - f->name.n - 1 };
	if (!f->name.n || !all(f->name, C_TOKEN) || !all(f->value, C_VALUE))
		return -400;
	f->value = slice_trim(f->value);
	h->nfields++;
	for (size_t i = 0; i < sizeof(framing) / sizeof(framing[0]); i++)
		if (slice_is_nocase(f->name, framing[i].name))
			return framing[i].parse(f->value, h);
	return 0;
}

/* The next line of a head whose lines are known to end in CR LF. */
static struct slice line_next(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');

	line.n--;
	return line;
}

int http_head_parse(const char *buf, size_t len, size_t *seen,
		    struct http_head *head_r)
{
	int size = head_end(buf, len, seen);
	struct slice rest = { buf, size > 0 ? (size_t)size : 0 };
	struct http_head *h = head_r;
	struct slice line;
	int rc;

	if (size <= 0)
		return size;
	h->host = (struct slice){ NULL, 0 };
	h->content_length = -1;
	h->chunked = h->expect_continue = false;
	h->nfields = 0;
	line = line_next(&rest);
	if (!line.n)
		line = line_next(&rest);
	rc = request_line_parse(line, h);
	h->keep_alive = rc == 0 && h->minor == 1;
	while (rc == 0 && (line = line_next(&rest)).n)
		rc = field_parse(line, h);
	if (rc < 0)
		return rc;
	if (h->chunked && h->content_length >= 0)
		return -400;
	if (!h->host.p && h->minor == 1)
		return -400;
	return size;
}

bool http_list_next(struct slice *list, struct slice *element_r)
{
	while (list->n) {
		struct slice s = slice_trim(slice_cut(list, ','));

		if (s.n) {
			*element_r = s;
			return true;
		}
	}
	return false;
}
