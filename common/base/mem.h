/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_MEM_H
#define LITE_MEM_H

#include <stddef.h>

/*
 * Memory has three lifetimes: process (new/free), request (arena) and scope
 * (cleanup attribute). Running out of memory aborts, so nothing here fails.
 */

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A bump allocator: everything in it lives until arena_reset or arena_fini. */
struct arena {
	struct arena_block *head;
	char *p, *end;
	struct arena_owned *owned;
};

void arena_init(struct arena *a);
/* Runs the owned finalisers and keeps the first block for the next request. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);

void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The strings up to NULL, one behind the other; cheaper than arena_printf. */
char *arena_join(struct arena *a, const char *s, ...)
	__attribute__((sentinel));
/* Takes obj: fini(obj) runs when the arena is reset, last taken first. */
void arena_own(struct arena *a, void *obj, void (*fini)(void *obj));

/* Scope: `_cleanup_(fd_close) int fd = -1;` */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
void cleanup_free(void *p);	/* of a pointer variable from malloc */
void cleanup_close(int *fd);	/* closes when >= 0 */

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

#endif
