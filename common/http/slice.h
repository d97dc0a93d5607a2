/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_SLICE_H
#define LITE_HTTP_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Bytes borrowed from somebody's buffer, without a NUL behind them. */
struct slice {
	const char *p;
	size_t n;
};

static inline bool slice_is(struct slice s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* As slice_is, without regard to the case of ASCII letters. */
static inline bool slice_is_nocase(struct slice s, const char *text)
{
	return s.n == strlen(text) && strncasecmp(s.p, text, s.n) == 0;
}

/* Without the blanks (space, tab) at both ends. */
static inline struct slice slice_trim(struct slice s)
{
	while (s.n && (*s.p == ' ' || *s.p == '\t'))
		s.p++, s.n--;
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Takes what stands before the first c (or everything) off *s, and the c. */
static inline struct slice slice_cut(struct slice *s, char c)
{
	struct slice head = *s;
	const char *at = s->n ? memchr(s->p, c, s->n) : NULL;

	if (at)
		head.n = (size_t)(at - s->p);
	s->p += head.n + (at != NULL);
	s->n -= head.n + (at != NULL);
	return head;
}

#endif
