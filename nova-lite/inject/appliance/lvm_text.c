/* SPDX-License-Identifier: Apache-2.0 */
/* The text about a volume group: sections in braces, `key = value`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "nova-lite/inject/appliance/lvm.h"

#define PATH_MAX_BYTES 512
#define SEGMENTS_MAX 10000

/* -- text to settings ----------------------------------------------------- */

/* One for each value: those of a list have the same path. */
struct setting {
	char *path;			/* "vg0/logical_volumes/root/id" */
	char *value;
};

struct text {
	const char *p, *end;
	char path[PATH_MAX_BYTES];
	struct setting *settings;
	size_t n, room;
	bool bad;
};

static void text_fini(struct text *t)
{
	while (t->n > 0) {
		free(t->settings[--t->n].path);
		free(t->settings[t->n].value);
	}
	free(t->settings);
}

static void skip(struct text *t)
{
	while (t->p < t->end && (strchr(" \t\r\n", *t->p) || !*t->p ||
				 *t->p == '#')) {
		if (*t->p++ == '#')
			while (t->p < t->end && *t->p != '\n')
				t->p++;
	}
}

static void take_string(struct text *t, struct buf *word)
{
	for (t->p++; t->p < t->end && *t->p != '"'; t->p++) {
		if (*t->p == '\\' && t->p + 1 < t->end)
			t->p++;
		buf_addc(word, *t->p);
	}
	t->bad |= t->p == t->end;
	t->p++;
}

/* '"' with the string or word in word, a character of "{}[]=,", 0: the end */
static char next(struct text *t, struct buf *word)
{
	skip(t);
	if (t->bad || t->p >= t->end)
		return 0;
	buf_reset(word);
	if (*t->p == '"') {
		take_string(t, word);
		return '"';
	}
	if (strchr("{}[]=,", *t->p))
		return *t->p++;
	while (t->p < t->end && *t->p && !strchr(" \t\r\n{}[]=,#\"", *t->p))
		buf_addc(word, *t->p++);
	return '"';
}

static void enter(struct text *t, const char *name)
{
	size_t n = strlen(t->path);

	if (n + strlen(name) + 2 > sizeof(t->path)) {
		t->bad = true;
		return;
	}
	snprintf(t->path + n, sizeof(t->path) - n, "%s%s", n ? "/" : "", name);
}

static void leave(struct text *t)
{
	char *slash = strrchr(t->path, '/');

	t->bad |= !t->path[0];
	*(slash ? slash : t->path) = '\0';
}

static void keep(struct text *t, const char *value)
{
	if (t->n == t->room) {
		t->room = t->room * 2 + 64;
		t->settings = xrealloc(t->settings, t->room *
				       sizeof(*t->settings));
	}
	t->settings[t->n++] = (struct setting){ xstrdup(t->path),
						xstrdup(value) };
}

static void take_value(struct text *t, struct buf *word)
{
	char c = next(t, word);

	if (c == '"') {
		keep(t, buf_str(word));
	} else if (c == '[') {
		while ((c = next(t, word)) == '"' || c == ',')
			if (c == '"')
				keep(t, buf_str(word));
		t->bad |= c != ']';
	} else {
		t->bad = true;
	}
	leave(t);
}

static int parse(struct text *t)
{
	_cleanup_(buf_fini) struct buf word = { 0 };
	char c;

	while ((c = next(t, &word)) != 0) {
		if (c == '}') {
			leave(t);
			continue;
		}
		if (c != '"')
			return -1;
		enter(t, buf_str(&word));
		c = next(t, &word);
		if (c == '=')
			take_value(t, &word);
		else if (c != '{')
			return -1;
	}
	return t->bad || t->path[0] ? -1 : 0;
}

/* -- settings to volumes -------------------------------------------------- */

/* The i'th value under a path; NULL: none. */
static const char *value(const struct text *t, size_t i, const char *path)
{
	size_t k;

	for (k = 0; k < t->n; k++)
		if (strcmp(t->settings[k].path, path) == 0 && i-- == 0)
			return t->settings[k].value;
	return NULL;
}

__attribute__((format(printf, 3, 4)))
static const char *find(const struct text *t, size_t i, const char *fmt, ...)
{
	char path[PATH_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return value(t, i, path);
}

/* Up to 2^48, so that sums and products of two fit; beyond: no number. */
static int number(const char *s, uint64_t *n_r)
{
	char *end;
	unsigned long long n;

	if (!s || *s < '0' || *s > '9')
		return -1;
	n = strtoull(s, &end, 10);
	if (*end || n >> 48)
		return -1;
	*n_r = n;
	return 0;
}

/* Without the dashes that a label does not have either. */
static int take_id(const char *s, char id_r[LVM_ID_SIZE])
{
	size_t n = 0;

	for (; s && *s && n < LVM_ID_SIZE; s++)
		if (*s != '-')
			id_r[n++] = *s;
	if (n != LVM_ID_SIZE - 1)
		return -1;
	id_r[n] = '\0';
	return 0;
}

struct group_text {
	const struct text *t;
	char name[LVM_NAME_SIZE];
	uint64_t extent;		/* sectors */
};

static int read_stripe(const struct group_text *g, const char *segment,
		       size_t i, struct lvm_stripe *s)
{
	const char *pv = find(g->t, 2 * i, "%s/stripes", segment);
	uint64_t extent, start;

	if (!pv || take_id(find(g->t, 0, "%s/physical_volumes/%s/id", g->name,
				pv), s->pv) < 0 ||
	    number(find(g->t, 0, "%s/physical_volumes/%s/pe_start", g->name,
			pv), &start) < 0 ||
	    number(find(g->t, 2 * i + 1, "%s/stripes", segment), &extent) < 0)
		return -1;
	if (__builtin_mul_overflow(extent, g->extent, &s->at) ||
	    __builtin_add_overflow(s->at, start, &s->at))
		return -1;
	return 0;
}

static int read_segment(const struct group_text *g, const char *path,
			struct lvm_segment *s)
{
	const char *type = find(g->t, 0, "%s/type", path);
	uint64_t start, count, stripes;
	size_t i;

	if (!type || strcmp(type, "striped") != 0 ||
	    number(find(g->t, 0, "%s/start_extent", path), &start) < 0 ||
	    number(find(g->t, 0, "%s/extent_count", path), &count) < 0 ||
	    number(find(g->t, 0, "%s/stripe_count", path), &stripes) < 0 ||
	    stripes < 1 || stripes > LVM_STRIPES)
		return -1;
	*s = (struct lvm_segment){ .nstripes = stripes };
	if (__builtin_mul_overflow(start, g->extent, &s->start) ||
	    __builtin_mul_overflow(count, g->extent, &s->size))
		return -1;
	if (stripes > 1 &&
	    number(find(g->t, 0, "%s/stripe_size", path), &s->chunk) < 0)
		return -1;
	for (i = 0; i < stripes; i++)
		if (read_stripe(g, path, i, &s->stripes[i]) < 0)
			return -1;
	return 0;
}

/* A volume is usable when all its segments are. */
static void read_volume(const struct group_text *g, const char *path,
			struct lvm_volume *v)
{
	char segment[PATH_MAX_BYTES + 16];
	uint64_t n, i;

	if (number(find(g->t, 0, "%s/segment_count", path), &n) < 0 ||
	    n < 1 || n > SEGMENTS_MAX)
		return;
	v->segments = xcalloc(n, sizeof(*v->segments));
	for (i = 0; i < n; i++) {
		snprintf(segment, sizeof(segment), "%s/segment%u", path,
			 (unsigned)i + 1);
		if (read_segment(g, segment, &v->segments[i]) < 0)
			return;
	}
	v->nsegments = n;
	v->usable = true;
}

static bool is_visible(const struct text *t, const char *path)
{
	const char *status;
	size_t i;

	for (i = 0; (status = find(t, i, "%s/status", path)) != NULL; i++)
		if (strcmp(status, "VISIBLE") == 0)
			return true;
	return false;
}

/* The name in a path "GROUP/logical_volumes/NAME/id"; -1: another path. */
static int volume_of(const struct group_text *g, const char *path,
		     char name_r[LVM_NAME_SIZE])
{
	size_t n = strlen(g->name);
	const char *name, *end;

	if (strncmp(path, g->name, n) != 0 ||
	    strncmp(path + n, "/logical_volumes/", 17) != 0)
		return -1;
	name = path + n + 17;
	end = strchr(name, '/');
	if (!end || strcmp(end, "/id") != 0 || end - name >= LVM_NAME_SIZE)
		return -1;
	snprintf(name_r, LVM_NAME_SIZE, "%.*s", (int)(end - name), name);
	return 0;
}

static void read_volumes(const struct group_text *g, struct lvm_group *out)
{
	char path[PATH_MAX_BYTES], name[LVM_NAME_SIZE];
	struct lvm_volume *v;
	size_t i;

	for (i = 0; i < g->t->n; i++) {
		if (volume_of(g, g->t->settings[i].path, name) < 0)
			continue;
		snprintf(path, sizeof(path), "%s/logical_volumes/%s", g->name,
			 name);
		if (!is_visible(g->t, path))
			continue;
		out->volumes = xrealloc(out->volumes, (out->nvolumes + 1) *
					sizeof(*out->volumes));
		v = &out->volumes[out->nvolumes++];
		*v = (struct lvm_volume){ 0 };
		strcpy(v->name, name);
		read_volume(g, path, v);
	}
}

/* The group is the section that has an extent_size. */
static int find_group(const struct text *t, struct group_text *g)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		const char *path = t->settings[i].path;
		const char *slash = strchr(path, '/');

		if (!slash || strcmp(slash, "/extent_size") != 0 ||
		    slash - path >= LVM_NAME_SIZE)
			continue;
		snprintf(g->name, sizeof(g->name), "%.*s",
			 (int)(slash - path), path);
		return number(t->settings[i].value, &g->extent);
	}
	return -1;
}

int lvm_group_parse(const char *text, size_t n, struct lvm_group *group_r)
{
	_cleanup_(text_fini) struct text t = { .p = text, .end = text + n };
	struct group_text g = { .t = &t };
	struct lvm_group out = { .volumes = NULL };

	if (parse(&t) < 0 || find_group(&t, &g) < 0 ||
	    take_id(find(&t, 0, "%s/id", g.name), out.id) < 0)
		return -1;
	read_volumes(&g, &out);
	*group_r = out;
	return 0;
}
