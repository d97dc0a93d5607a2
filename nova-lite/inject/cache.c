/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/cache.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define PAGES (CACHE_LINE / CACHE_PAGE)

struct cache_line {
	struct cache_line *next;
	uint64_t index;			/* of the disk's lines */
	uint16_t valid, dirty;		/* a bit for each page */
	char data[CACHE_LINE];
};

_Static_assert(PAGES == 16, "a bit for each page");

void cache_init(struct cache *c, struct disk *d)
{
	memset(c, 0, sizeof(*c));
	c->disk = d;
}

static void drop_all(struct cache *c)
{
	struct cache_line *l;
	size_t i;

	for (i = 0; i < CACHE_BUCKETS; i++) {
		while ((l = c->buckets[i]) != NULL) {
			c->buckets[i] = l->next;
			free(l);
		}
	}
	c->nlines = 0;
}

void cache_fini(struct cache *c)
{
	drop_all(c);
}

static size_t line_size(const struct cache *c, const struct cache_line *l)
{
	uint64_t left = c->disk->size - l->index * CACHE_LINE;

	return left < CACHE_LINE ? left : CACHE_LINE;
}

/* -- to the disk ---------------------------------------------------------- */

static int line_order(const void *a, const void *b)
{
	const struct cache_line *x = *(struct cache_line *const *)a;
	const struct cache_line *y = *(struct cache_line *const *)b;

	return (x->index > y->index) - (x->index < y->index);
}

static int write_pages(struct cache *c, struct cache_line *l, unsigned first,
		       unsigned end)
{
	size_t from = first * CACHE_PAGE, to = end * CACHE_PAGE;
	size_t size = line_size(c, l);

	return disk_write(c->disk, l->index * CACHE_LINE + from,
			  l->data + from, (to < size ? to : size) - from,
			  &c->err);
}

static int write_line(struct cache *c, struct cache_line *l)
{
	unsigned first, end;

	for (first = 0; first < PAGES; first = end + 1) {
		end = first;
		while (end < PAGES && (l->dirty & 1u << end))
			end++;
		if (end > first && write_pages(c, l, first, end) < 0)
			return -1;
	}
	l->dirty = 0;
	return 0;
}

static size_t dirty_lines(struct cache *c, struct cache_line **lines)
{
	struct cache_line *l;
	size_t i, n = 0;

	for (i = 0; i < CACHE_BUCKETS; i++) {
		for (l = c->buckets[i]; l; l = l->next) {
			if (l->dirty)
				lines[n++] = l;
		}
	}
	qsort(lines, n, sizeof(*lines), line_order);
	return n;
}

static int write_back(struct cache *c)
{
	_cleanup_(cleanup_free) struct cache_line **lines =
		xcalloc(c->nlines + 1, sizeof(*lines));
	size_t i, n = dirty_lines(c, lines);

	for (i = 0; i < n; i++) {
		if (write_line(c, lines[i]) < 0)
			return -1;
	}
	return disk_sync(c->disk, &c->err);
}

int cache_flush(struct cache *c)
{
	if (c->err.kind != ERR_NONE || write_back(c) < 0)
		return -1;
	return disk_flush(c->disk, &c->err);
}

/* -- lines ---------------------------------------------------------------- */

static struct cache_line *line_get(struct cache *c, uint64_t index)
{
	struct cache_line **bucket = &c->buckets[index % CACHE_BUCKETS];
	struct cache_line *l;

	for (l = *bucket; l; l = l->next) {
		if (l->index == index)
			return l;
	}
	if (c->nlines >= CACHE_LINES) {
		if (write_back(c) < 0)
			return NULL;
		drop_all(c);
	}
	l = xmalloc(sizeof(*l));
	l->index = index;
	l->valid = l->dirty = 0;
	l->next = *bucket;
	*bucket = l;
	c->nlines++;
	return l;
}

/* Reads the whole line for the sake of the pages that it lacks. */
static int line_load(struct cache *c, struct cache_line *l)
{
	_cleanup_(cleanup_free) char *got = NULL;
	char *to = l->data;
	unsigned i;

	if (l->valid)
		to = got = xmalloc(CACHE_LINE);
	if (disk_read(c->disk, l->index * CACHE_LINE, to, line_size(c, l),
		      &c->err) < 0)
		return -1;
	for (i = 0; got && i < PAGES; i++) {
		if (!(l->valid & 1u << i))
			memcpy(l->data + i * CACHE_PAGE, got + i * CACHE_PAGE,
			       CACHE_PAGE);
	}
	l->valid = UINT16_MAX;
	return 0;
}

static int line_read(struct cache *c, uint64_t at, void *data, size_t n)
{
	struct cache_line *l = line_get(c, at / CACHE_LINE);

	if (!l || (l->valid != UINT16_MAX && line_load(c, l) < 0))
		return -1;
	memcpy(data, l->data + at % CACHE_LINE, n);
	return 0;
}

/* n bytes within one page. */
static int page_write(struct cache *c, struct cache_line *l, size_t off,
		      const void *data, size_t n)
{
	unsigned bit = 1u << off / CACHE_PAGE;

	if (n < CACHE_PAGE && !(l->valid & bit) && line_load(c, l) < 0)
		return -1;
	if ((l->valid & bit) && memcmp(l->data + off, data, n) == 0)
		return 0;
	memcpy(l->data + off, data, n);
	l->valid |= bit;
	l->dirty |= bit;
	return 0;
}

static int line_write(struct cache *c, uint64_t at, const void *data, size_t n)
{
	struct cache_line *l = line_get(c, at / CACHE_LINE);
	size_t off = at % CACHE_LINE, part;

	if (!l)
		return -1;
	for (; n > 0; n -= part) {
		part = CACHE_PAGE - off % CACHE_PAGE;
		part = part < n ? part : n;
		if (page_write(c, l, off, data, part) < 0)
			return -1;
		off += part;
		data = (const char *)data + part;
	}
	return 0;
}

/* -- any bytes ------------------------------------------------------------ */

static int allowed(struct cache *c, uint64_t at, size_t n)
{
	if (c->err.kind != ERR_NONE)
		return -1;
	if (at > c->disk->size || n > c->disk->size - at)
		return -1;
	/* A file system may send its reader round in circles in memory. */
	if (usec_monotonic() >= c->disk->deadline)
		return err_set(&c->err, ERR_UNAVAILABLE,
			       "The injection took too long.");
	return 0;
}

int cache_read(struct cache *c, uint64_t at, void *data, size_t n)
{
	size_t part;

	if (allowed(c, at, n) < 0)
		return -1;
	for (; n > 0; n -= part) {
		part = CACHE_LINE - at % CACHE_LINE;
		part = part < n ? part : n;
		if (line_read(c, at, data, part) < 0)
			return -1;
		at += part;
		data = (char *)data + part;
	}
	return 0;
}

int cache_write(struct cache *c, uint64_t at, const void *data, size_t n)
{
	size_t part;

	if (allowed(c, at, n) < 0)
		return -1;
	for (; n > 0; n -= part) {
		part = CACHE_LINE - at % CACHE_LINE;
		part = part < n ? part : n;
		if (line_write(c, at, data, part) < 0)
			return -1;
		at += part;
		data = (const char *)data + part;
	}
	return 0;
}
