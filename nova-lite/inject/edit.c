/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/edit.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/walk.h"

/* An addition and where its path leads. */
struct plan {
	const struct inject_file *file;
	struct place place;
};

struct work {
	struct tree *tree;
	const struct inject_request *rq;
	struct plan *plans;		/* one for each of rq->adds */
	struct folders made;
	struct inject_report report;
};

/* -- removals ------------------------------------------------------------- */

static bool is_file(const struct place *p)
{
	return S_ISREG(p->node.mode) || S_ISLNK(p->node.mode);
}

static int remove_file(struct work *w, const char *path, struct err *e)
{
	struct walk walk = { .tree = w->tree };
	struct place p;

	if (walk_path(&walk, path, &p, e) < 0)
		return -1;
	if (!p.node.id)
		return 0;
	if (!is_file(&p))
		return tree_conflict(w->tree, "is not a file", e);
	if (w->tree->ops->remove(w->tree, &p, e) < 0)
		return -1;
	w->report.nremoved++;
	return 0;
}

/* Keeps in mind a folder that stands after this. */
static int remove_folder(struct work *w, const char *path, struct err *e)
{
	struct walk walk = { .tree = w->tree, .flags = WALK_NOFOLLOW };
	struct place p;
	bool removed;

	if (walk_path(&walk, path, &p, e) < 0)
		return -1;
	if (!p.node.id || !S_ISDIR(p.node.mode))
		return 0;
	if (w->tree->ops->remove_folder(w->tree, &p, &removed, e) < 0)
		return -1;
	if (!removed)
		folders_add(&w->made, path, strlen(path));
	return 0;
}

static int longest_first(const void *a, const void *b)
{
	size_t x = strlen(*(const char *const *)a);
	size_t y = strlen(*(const char *const *)b);

	return (x < y) - (x > y);
}

static int remove_all(struct work *w, struct err *e)
{
	const struct inject_request *rq = w->rq;
	_cleanup_(cleanup_free) const char **made =
		xcalloc(rq->nmade + 1, sizeof(*made));
	size_t i;

	for (i = 0; i < rq->nremoves; i++) {
		if (remove_file(w, rq->removes[i], e) < 0)
			return -1;
	}
	for (i = 0; i < rq->nmade; i++)
		made[i] = rq->made[i];
	qsort(made, rq->nmade, sizeof(*made), longest_first);
	for (i = 0; i < rq->nmade; i++) {
		if (remove_folder(w, made[i], e) < 0)
			return -1;
	}
	return 0;
}

/* -- what is to come ------------------------------------------------------ */

static int plan_add(struct work *w, struct plan *p, struct err *e)
{
	struct walk walk = { w->tree, WALK_MAKE, &w->made };

	if (walk_path(&walk, p->file->path, &p->place, e) < 0)
		return -1;
	if (p->place.node.id && !is_file(&p->place))
		return tree_conflict(w->tree, "is not a file", e);
	return 0;
}

static int plan_order(const void *a, const void *b)
{
	const struct plan *x = a, *y = b;

	if (x->place.dir != y->place.dir)
		return x->place.dir < y->place.dir ? -1 : 1;
	return strcmp(x->place.name, y->place.name);
}

/*
 * By folder, then name: two paths that links lead to one place are neighbours
 * now, and blocks are given out folder by folder.
 */
static int check_places(struct work *w, struct err *e)
{
	struct plan *p = w->plans;
	size_t i, n = w->rq->nadds;

	qsort(p, n, sizeof(*p), plan_order);
	for (i = 1; i < n; i++) {
		if (plan_order(&p[i - 1], &p[i]) == 0)
			return err_set(e, ERR_CONFLICT, "%.450s is the same "
				       "file as %.450s", p[i].file->path,
				       p[i - 1].file->path);
	}
	return 0;
}

/*
 * The most that all may take: contents, and in each folder the blocks that
 * new names fill (an entry: 8 bytes, the name, up to 3 of padding).
 */
static int check_space(struct work *w, struct err *e)
{
	struct tree *t = w->tree;
	struct tree_space space;
	uint64_t blocks = 0, names = 0, dir = 0;
	size_t i;

	if (t->ops->space(t, &space, e) < 0)
		return -1;
	for (i = 0; i < w->rq->nadds; i++) {
		const struct plan *p = &w->plans[i];

		if (p->place.dir != dir)
			blocks += 2;
		dir = p->place.dir;
		blocks += t->ops->file_blocks(t, p->file->size);
		if (!p->place.node.id)
			names += strlen(p->place.name) + 11;
		t->path = p->file->path;
		if (blocks + names / (space.block / 2) > space.blocks ||
		    i >= space.files)
			return tree_full(t, e);
	}
	return 0;
}

static int plan_all(struct work *w, struct err *e)
{
	size_t i;

	for (i = 0; i < w->rq->nadds; i++) {
		w->plans[i].file = &w->rq->adds[i];
		if (plan_add(w, &w->plans[i], e) < 0)
			return -1;
	}
	return check_places(w, e) < 0 ? -1 : check_space(w, e);
}

/* -- additions ------------------------------------------------------------ */

static int add_file(struct work *w, const struct plan *p, struct err *e)
{
	bool replaced = p->place.node.id != 0;

	w->tree->path = p->file->path;
	if (w->tree->ops->add(w->tree, &p->place, p->file, e) < 0)
		return -1;
	w->report.replaced[p->file - w->rq->adds] = replaced;
	w->report.nreplaced += replaced;
	w->report.nadded++;
	w->report.bytes += p->file->size;
	return 0;
}

static int add_all(struct work *w, struct err *e)
{
	size_t i;

	for (i = 0; i < w->rq->nadds; i++) {
		if (add_file(w, &w->plans[i], e) < 0)
			return -1;
	}
	return 0;
}

/* -- all of it ------------------------------------------------------------ */

/* The time since *t, which becomes now. */
static usec_t lap(usec_t *t)
{
	usec_t now = usec_monotonic(), took = now - *t;

	*t = now;
	return took;
}

static int edit_all(struct work *w, struct err *e)
{
	usec_t t = usec_monotonic();

	if (remove_all(w, e) < 0)
		return -1;
	w->report.remove = lap(&t);
	if (plan_all(w, e) < 0 || add_all(w, e) < 0)
		return -1;
	w->report.add = lap(&t);
	w->tree->path = "flush";
	if (w->tree->ops->flush(w->tree, e) < 0)
		return -1;
	w->report.flush = lap(&t);
	return 0;
}

int edit(struct tree *t, const struct inject_request *rq,
	 struct inject_report *report_r, struct err *e)
{
	struct work w = { .tree = t, .rq = rq };
	int rc;

	w.plans = xcalloc(rq->nadds + 1, sizeof(*w.plans));
	w.report.replaced = xcalloc(rq->nadds + 1, sizeof(bool));
	rc = edit_all(&w, e);
	w.report.made = w.made.at;
	w.report.nmade = w.made.n;
	free(w.plans);
	if (rc == 0)
		*report_r = w.report;
	else
		inject_report_fini(&w.report);
	return rc;
}
