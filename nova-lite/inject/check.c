/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/inject.h"

/* A path and how messages name it. */
struct item {
	const char *path;
	const char *list, *member;	/* "personality", ".path" */
	size_t index;			/* in that list */
	size_t order;			/* among all */
};

static int bad(const struct item *it, const char *what, struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST, "%s[%zu]%s %s", it->list,
		       it->index, it->member, what);
}

static int too_large(const struct item *it, const char *member, int64_t max,
		     struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "%s[%zu]%s has more than the %" PRId64
		       " bytes allowed", it->list, it->index, member, max);
}

static int check_component(const struct item *it, const char *name, size_t n,
			   struct err *e)
{
	if (n == 0)
		return bad(it, "has an empty component", e);
	if (n > INJECT_NAME_MAX)
		return bad(it, "has a name of more than 255 bytes", e);
	if (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.')))
		return bad(it, "may not contain . or ..", e);
	return 0;
}

static int check_path(const struct item *it, struct err *e)
{
	const char *name = it->path, *end;

	if (name[0] != '/')
		return bad(it, "must be absolute", e);
	if (strlen(name) > INJECT_PATH_MAX)
		return bad(it, "has more than 4095 bytes", e);
	do {
		name++;
		end = strchrnul(name, '/');
		if (check_component(it, name, end - name, e) < 0)
			return -1;
		name = end;
	} while (*name);
	return 0;
}

static int check_add(const struct item *it, const struct inject_file *f,
		     const struct inject_limits *l, struct err *e)
{
	if (!f->path)
		return bad(it, "is missing", e);
	if (strlen(f->path) != f->path_len)
		return bad(it, "contains a NUL", e);
	if (check_path(it, e) < 0)
		return -1;
	if (l->path_bytes >= 0 && f->path_len > (uint64_t)l->path_bytes)
		return too_large(it, ".path", l->path_bytes, e);
	if (l->content_bytes >= 0 && f->size > (uint64_t)l->content_bytes)
		return too_large(it, ".contents", l->content_bytes, e);
	if (f->mode & ~07777u)
		return err_set(e, ERR_BAD_REQUEST, "%s[%zu].mode is not a "
			       "set of permissions", it->list, it->index);
	return 0;
}

/* As strcmp, '/' being less than all else: folders before what they hold. */
static int path_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == '/' || *b == '/')
		return *a == *b ? 0 : *a == '/' ? (*b ? -1 : 1) : *a ? 1 : -1;
	return (unsigned char)*a - (unsigned char)*b;
}

static int item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = path_order(x->path, y->path);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

static int check_pair(const struct item *a, const struct item *b,
		      struct err *e)
{
	if (strcmp(a->path, b->path) == 0)
		return err_set(e, ERR_BAD_REQUEST,
			       "%s[%zu]%s is the same as %s[%zu]%s", b->list,
			       b->index, b->member, a->list, a->index,
			       a->member);
	if (is_below(b->path, a->path))
		return err_set(e, ERR_BAD_REQUEST, "%s[%zu]%s is below %s[%zu]"
			       "%s, which is a file", b->list, b->index,
			       b->member, a->list, a->index, a->member);
	return 0;
}

/* Sorts the paths; what conflicts with something does so with a neighbour. */
static int check_set(struct item *items, size_t n, struct err *e)
{
	qsort(items, n, sizeof(*items), item_order);
	for (size_t i = 1; i < n; i++) {
		if (check_pair(&items[i - 1], &items[i], e) < 0)
			return -1;
	}
	return 0;
}

static struct item add_item(const struct inject_limits *l, const char *path,
			    size_t i)
{
	if (l->rest && i >= l->lead)
		return (struct item){ path, l->rest, ".path", i - l->lead,
				      i };
	return (struct item){ path, l->field, ".path", i, i };
}

static int check_adds(const struct inject_request *rq,
		      const struct inject_limits *l, struct item *items,
		      struct err *e)
{
	size_t i;

	if (l->files >= 0 && rq->nadds > (uint64_t)l->files)
		return err_set(e, ERR_TOO_LARGE, "%s has more than the %" PRId64
			       " files allowed", l->field, l->files);
	for (i = 0; i < rq->nadds; i++) {
		items[i] = add_item(l, rq->adds[i].path, i);
		if (check_add(&items[i], &rq->adds[i], l, e) < 0)
			return -1;
	}
	return check_set(items, rq->nadds, e);
}

static int check_paths(const char *const *paths, size_t n, const char *list,
		       struct item *items, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		items[i] = (struct item){ paths[i], list, "", i, i };
		if (check_path(&items[i], e) < 0)
			return -1;
	}
	return 0;
}

/* No path is both added and removed; both lists are sorted. */
static int check_disjoint(const struct item *adds, size_t nadds,
			  const struct item *removes, size_t nremoves,
			  struct err *e)
{
	size_t i = 0, k = 0;
	int order;

	while (i < nadds && k < nremoves) {
		order = path_order(adds[i].path, removes[k].path);
		if (order == 0)
			return check_pair(&adds[i], &removes[k], e);
		i += order < 0;
		k += order > 0;
	}
	return 0;
}

int inject_check(const struct inject_request *rq,
		 const struct inject_limits *limits, struct err *e)
{
	size_t n = rq->nadds + rq->nremoves + rq->nmade + 1;
	_cleanup_(cleanup_free) struct item *items =
		xcalloc(n, sizeof(*items));
	struct item *removes = items + rq->nadds;

	if (check_adds(rq, limits, items, e) < 0)
		return -1;
	if (check_paths(rq->removes, rq->nremoves, "removes", removes, e) < 0 ||
	    check_set(removes, rq->nremoves, e) < 0)
		return -1;
	if (check_disjoint(items, rq->nadds, removes, rq->nremoves, e) < 0)
		return -1;
	return check_paths(rq->made, rq->nmade, "made",
			   removes + rq->nremoves, e);
}
