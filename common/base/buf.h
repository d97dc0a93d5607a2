/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_BUF_H
#define LITE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/* A growing byte buffer. A zeroed struct is an empty buffer. */
struct buf {
	char *data;
	size_t len, cap;
};

void buf_fini(struct buf *b);
/* Forgets the contents and keeps the memory. */
void buf_reset(struct buf *b);
/* Makes room for n more bytes and returns where they go; len is untouched. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* The contents as a C string (a NUL is added behind len), never NULL. */
const char *buf_str(struct buf *b);

#endif
