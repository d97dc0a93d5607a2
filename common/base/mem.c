/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void *xmalloc(size_t n)
{
	return must(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
	return must(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return must(strdup(s));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? must(NULL) : s;
}

/* -- arena --------------------------------------------------------------- */

#define ARENA_BLOCK 4096
#define ARENA_ALIGN _Alignof(max_align_t)

/* Newest first; the last one of the list is the first that was made. */
struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

struct arena_owned {
	struct arena_owned *next;
	void *obj;
	void (*fini)(void *obj);
};

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

static void run_owned(struct arena *a)
{
	struct arena_owned *o;

	/* A finaliser may itself use the arena, hence no saved next. */
	while ((o = a->owned)) {
		a->owned = o->next;
		o->fini(o->obj);
	}
}

void arena_reset(struct arena *a)
{
	struct arena_block *b;

	run_owned(a);
	while ((b = a->head) && b->next) {
		a->head = b->next;
		free(b);
	}
	if (b) {
		a->p = b->data;
		a->end = b->data + b->size;
	}
}

void arena_fini(struct arena *a)
{
	arena_reset(a);
	free(a->head);
	arena_init(a);
}

static void *arena_grow(struct arena *a, size_t n)
{
	size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
	struct arena_block *b = xmalloc(sizeof(*b) + size);

	b->size = size;
	if (n > ARENA_BLOCK / 2 && a->head) {
		/* A big one goes behind the current, which stays in use. */
		b->next = a->head->next;
		a->head->next = b;
		return b->data;
	}
	b->next = a->head;
	a->head = b;
	a->p = b->data + n;
	a->end = b->data + size;
	return b->data;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX / 2)
		abort();
	n = (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (!a->p || n > (size_t)(a->end - a->p))
		return arena_grow(a, n);
	p = a->p;
	a->p += n;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p;

	n = strnlen(s, n);
	p = arena_alloc(a, n + 1);
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc(a, n), s, n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

char *arena_join(struct arena *a, const char *first, ...)
{
	size_t len = strlen(first);
	const char *s;
	char *out, *p;
	va_list ap;

	va_start(ap, first);
	while ((s = va_arg(ap, const char *)))
		len += strlen(s);
	va_end(ap);
	out = arena_alloc(a, len + 1);
	p = stpcpy(out, first);
	va_start(ap, first);
	while ((s = va_arg(ap, const char *)))
		p = stpcpy(p, s);
	va_end(ap);
	return out;
}

void arena_own(struct arena *a, void *obj, void (*fini)(void *obj))
{
	struct arena_owned *o = arena_alloc(a, sizeof(*o));

	o->obj = obj;
	o->fini = fini;
	o->next = a->owned;
	a->owned = o;
}

/* -- scope --------------------------------------------------------------- */

void cleanup_free(void *p)
{
	free(*(void **)p);
}

void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
