/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/out.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define DEPTH_MAX 32
#define NUM_MAX 32

void jw_init(struct jw *w, struct buf *out)
{
	*w = (struct jw){ .out = out };
}

/* -- strings ------------------------------------------------------------- */

#define ONES 0x0101010101010101ULL
#define HIGH 0x8080808080808080ULL

/* Any byte of v that is_plain refuses? May say so of its neighbours too. */
static inline bool any_special(uint64_t v)
{
	uint64_t quote = v ^ (ONES * '"');
	uint64_t slash = v ^ (ONES * '\\');

	return ((v - ONES * 0x20) | (quote - ONES) | (slash - ONES) | v) &
	       HIGH;
}

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 if it is not. */
static size_t utf8_len(const unsigned char *s, size_t n)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t len;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;		/* overlong */
	else if (s[0] == 0xed)
		hi = 0x9f;		/* surrogates */
	else if (s[0] == 0xf0)
		lo = 0x90;		/* overlong */
	else if (s[0] == 0xf4)
		hi = 0x8f;		/* beyond U+10FFFF */
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* One character that cannot be copied blindly; returns the bytes taken. */
static size_t put_special(struct buf *b, const char *s, size_t n)
{
	static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	unsigned char c = (unsigned char)*s;
	size_t len;

	if (c >= 0x80) {
		len = utf8_len((const unsigned char *)s, n);
		buf_add(b, len ? s : "\xef\xbf\xbd", len ? len : 3);
		return len ? len : 1;
	}
	for (const char *p = names; *p; p += 2) {
		if (*p == *s) {
			buf_addc(b, '\\');
			buf_addc(b, p[1]);
			return 1;
		}
	}
	buf_printf(b, "\\u%04x", c);
	return 1;
}

static void put_string(struct buf *b, const char *s, size_t n)
{
	char *p = buf_reserve(b, n + 2 + sizeof(uint64_t));
	const char *end = s + n;
	uint64_t v;

	*p++ = '"';
	for (;;) {
		while (end - s >= (ptrdiff_t)sizeof(v)) {
			memcpy(&v, s, sizeof(v));
			if (any_special(v))
				break;
			memcpy(p, &v, sizeof(v));
			s += sizeof(v);
			p += sizeof(v);
		}
		while (s < end && is_plain((unsigned char)*s))
			*p++ = *s++;
		b->len = (size_t)(p - b->data);
		if (s == end)
			break;
		s += put_special(b, s, (size_t)(end - s));
		p = buf_reserve(b, (size_t)(end - s) + 2 + sizeof(v));
	}
	*p = '"';
	b->len++;
}

/* -- structure ----------------------------------------------------------- */

static void start(struct jw *w, const char *key)
{
	uint32_t bit;

	if (!w->depth) {
		assert(!key);
		return;
	}
	bit = 1U << (w->depth - 1);
	assert(!key == !!(w->is_arr & bit));
	if (w->has_item & bit)
		buf_addc(w->out, ',');
	w->has_item |= bit;
	if (key) {
		put_string(w->out, key, strlen(key));
		buf_addc(w->out, ':');
	}
}

static void open(struct jw *w, const char *key, char c, bool arr)
{
	uint32_t bit;

	start(w, key);
	assert(w->depth < DEPTH_MAX);
	buf_addc(w->out, c);
	bit = 1U << w->depth++;
	w->has_item &= ~bit;
	if (arr)
		w->is_arr |= bit;
	else
		w->is_arr &= ~bit;
}

void j_obj(struct jw *w, const char *key)
{
	open(w, key, '{', false);
}

void j_arr(struct jw *w, const char *key)
{
	open(w, key, '[', true);
}

void j_end(struct jw *w)
{
	assert(w->depth > 0);
	w->depth--;
	buf_addc(w->out, w->is_arr & (1U << w->depth) ? ']' : '}');
}

/* -- values -------------------------------------------------------------- */

void j_strn(struct jw *w, const char *key, const char *s, size_t n)
{
	if (!s) {
		j_null(w, key);
		return;
	}
	start(w, key);
	put_string(w->out, s, n);
}

void j_str(struct jw *w, const char *key, const char *s)
{
	j_strn(w, key, s, s ? strlen(s) : 0);
}

void j_strf(struct jw *w, const char *key, const char *fmt, ...)
{
	_cleanup_(cleanup_free) char *big = NULL;
	char small[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	if ((size_t)n >= sizeof(small)) {
		big = xmalloc((size_t)n + 1);
		va_start(ap, fmt);
		vsnprintf(big, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	j_strn(w, key, big ? big : small, (size_t)n);
}

void j_int(struct jw *w, const char *key, int64_t v)
{
	start(w, key);
	if (v < 0)
		buf_addc(w->out, '-');
	buf_addu(w->out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* The shortest text that reads back as v; JSON has no infinities. */
void j_double(struct jw *w, const char *key, double v)
{
	char s[NUM_MAX];

	if (!isfinite(v)) {
		j_null(w, key);
		return;
	}
	for (int prec = 15; prec <= 17; prec++) {
		snprintf(s, sizeof(s), "%.*g", prec, v);
		if (strtod(s, NULL) == v)
			break;
	}
	if (!strpbrk(s, ".e"))
		strcat(s, ".0");
	start(w, key);
	buf_adds(w->out, s);
}

void j_bool(struct jw *w, const char *key, bool v)
{
	start(w, key);
	buf_add(w->out, v ? "true" : "false", v ? 4 : 5);
}

void j_null(struct jw *w, const char *key)
{
	start(w, key);
	buf_add(w->out, "null", 4);
}

void j_time(struct jw *w, const char *key, usec_t t, enum time_form form)
{
	char s[TIME_MAX];
	int n = time_format(t, form, s);

	j_strn(w, key, s, (size_t)n);
}

void j_raw(struct jw *w, const char *key, const char *json, size_t n)
{
	start(w, key);
	buf_add(w->out, json, n);
}

void j_splice(struct jw *w, const char *json_object, size_t n)
{
	const char *s = json_object, *end = s + n;
	uint32_t bit;

	assert(w->depth > 0);
	bit = 1U << (w->depth - 1);
	assert(!(w->is_arr & bit));
	while (s < end && isspace((unsigned char)*s))
		s++;
	while (s < end && isspace((unsigned char)end[-1]))
		end--;
	assert(end - s >= 2 && *s == '{' && end[-1] == '}');
	s++;
	end--;
	while (s < end && isspace((unsigned char)*s))
		s++;
	if (s == end)
		return;
	if (w->has_item & bit)
		buf_addc(w->out, ',');
	w->has_item |= bit;
	buf_add(w->out, s, (size_t)(end - s));
}
