/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_BUF_H
#define LITE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A growing byte buffer. A zeroed struct is an empty buffer. */
struct buf {
	char *data;
	size_t len, cap;
};

void buf_fini(struct buf *b);
/* Forgets the contents and keeps the memory. */
void buf_reset(struct buf *b);
void buf_grow(struct buf *b, size_t n);	/* for buf_reserve */

/*
 * Makes room for n more bytes and returns where they go; len is untouched.
 * Replies and log lines are made of short pieces, a hundred a request: the
 * case that there is room is the caller's code, and so is strlen of a literal.
 */
static inline char *buf_reserve(struct buf *b, size_t n)
{
	if (n > b->cap - b->len || !b->data)
		buf_grow(b, n);
	return b->data + b->len;
}

static inline void buf_add(struct buf *b, const void *data, size_t n)
{
	if (!n)
		return;
	memcpy(buf_reserve(b, n), data, n);
	b->len += n;
}

static inline void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void buf_addc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

void buf_addu(struct buf *b, uint64_t n);	/* decimal */
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* The contents as a C string (a NUL is added behind len), never NULL. */
const char *buf_str(struct buf *b);

#endif
