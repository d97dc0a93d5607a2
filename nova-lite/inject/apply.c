/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/content.h"
#include "nova-lite/inject/daemon.h"
#include "nova-lite/inject/entry.h"
#include "nova-lite/inject/inject.h"
#include "nova-lite/inject/remote.h"
#include "nova-lite/inject/walk.h"

#define FAREWELL (2 * USEC_PER_SEC)	/* for a daemon that failed us */

/* An addition and where its path leads. */
struct plan {
	const struct inject_file *file;
	struct place place;
};

struct work {
	struct root root;
	const struct inject_request *rq;
	struct plan *plans;		/* one for each of rq->adds */
	struct folders made;
	struct inject_report report;
};

void inject_report_fini(struct inject_report *r)
{
	struct folders made = { r->made, r->nmade };

	folders_fini(&made);
	free(r->replaced);
	memset(r, 0, sizeof(*r));
}

/* -- removals ------------------------------------------------------------- */

static bool is_file(const struct place *p)
{
	return LINUX_S_ISREG(p->mode) || LINUX_S_ISLNK(p->mode);
}

static int remove_file(struct work *w, const char *path, struct err *e)
{
	struct walk walk = { .root = &w->root };
	struct place p;
	errcode_t rc;

	if (walk_path(&walk, path, &p, e) < 0)
		return -1;
	if (!p.ino)
		return 0;
	if (!is_file(&p))
		return err_set(e, ERR_CONFLICT, "%.900s is not a file", path);
	rc = entry_remove(w->root.fs, p.dir, p.name, p.ino);
	if (rc)
		return root_failed(&w->root, path, rc, e);
	w->report.nremoved++;
	return 0;
}

/* Keeps in mind a folder that stands after this. */
static int remove_folder(struct work *w, const char *path, struct err *e)
{
	struct walk walk = { .root = &w->root, .flags = WALK_NOFOLLOW };
	struct place p;
	bool removed;
	errcode_t rc;

	if (walk_path(&walk, path, &p, e) < 0)
		return -1;
	if (!p.ino || !LINUX_S_ISDIR(p.mode))
		return 0;
	rc = entry_rmdir(w->root.fs, p.dir, p.name, p.ino, &removed);
	if (rc)
		return root_failed(&w->root, path, rc, e);
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
	struct walk walk = { &w->root, WALK_MAKE, &w->made };

	if (walk_path(&walk, p->file->path, &p->place, e) < 0)
		return -1;
	if (p->place.ino && !is_file(&p->place))
		return err_set(e, ERR_CONFLICT, "%.900s is not a file",
			       p->file->path);
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
	ext2_filsys fs = w->root.fs;
	uint64_t blocks = 0, names = 0;
	ext2_ino_t dir = 0;
	size_t i;

	for (i = 0; i < w->rq->nadds; i++) {
		const struct plan *p = &w->plans[i];

		if (p->place.dir != dir)
			blocks += 2;
		dir = p->place.dir;
		blocks += content_blocks(fs, p->file->size);
		if (!p->place.ino)
			names += strlen(p->place.name) + 11;
		if (blocks + names / (fs->blocksize / 2) >
		    ext2fs_free_blocks_count(fs->super) ||
		    i >= fs->super->s_free_inodes_count)
			return err_set(e, ERR_CONFLICT, "%.900s does not fit "
				       "into the file system", p->file->path);
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
	const struct place *at = &p->place;
	ext2_filsys fs = w->root.fs;
	ext2_ino_t ino;
	errcode_t rc;

	if (content_write(&w->root, at->dir, p->file, &ino, e) < 0)
		return -1;
	rc = at->ino ? entry_replace(fs, at->dir, at->name, at->ino, ino) :
		entry_add(fs, at->dir, at->name, ino);
	if (rc)
		return root_failed(&w->root, p->file->path, rc, e);
	w->report.replaced[p->file - w->rq->adds] = at->ino != 0;
	w->report.nreplaced += at->ino != 0;
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

static int flush(struct work *w, struct err *e)
{
	errcode_t rc = ext2fs_flush(w->root.fs);

	if (rc || cache_flush(w->root.volume.cache) < 0)
		return root_failed(&w->root, "flush", rc, e);
	return 0;
}

static int edit(struct work *w, struct err *e)
{
	usec_t t = usec_monotonic();

	if (remove_all(w, e) < 0)
		return -1;
	w->report.remove = lap(&t);
	if (plan_all(w, e) < 0 || add_all(w, e) < 0)
		return -1;
	w->report.add = lap(&t);
	if (flush(w, e) < 0)
		return -1;
	w->report.flush = lap(&t);
	return 0;
}

static int edit_disk(struct work *w, struct disk *d, const char *name,
		     struct err *e)
{
	_cleanup_(cleanup_free) struct cache *c = xmalloc(sizeof(*c));
	int rc;

	cache_init(c, d);
	rc = root_open(c, name, &w->root, e);
	if (rc == 0) {
		rc = edit(w, e);
		root_close(&w->root);
	}
	cache_fini(c);
	return rc;
}

static int connect_and_edit(struct work *w, int socket, usec_t deadline,
			    const char *name, struct err *e)
{
	struct disk d;
	int rc;

	if (disk_open(&d, socket, deadline, e) < 0)
		return -1;
	rc = edit_disk(w, &d, name, e);
	disk_close(&d);
	return rc;
}

static int serve_and_edit(struct work *w, const struct inject_disk *disk,
			  const struct inject_options *o, struct err *e)
{
	const char *temp = o->temp_dir ? o->temp_dir : "/tmp";
	usec_t deadline = usec_monotonic() + 1000 *
		(usec_t)(o->deadline_ms ? o->deadline_ms : INJECT_DEADLINE_MS);
	struct child d;
	struct err last;
	int socket;

	if (daemon_start(&d, disk, temp, &socket, e) < 0)
		return -1;
	if (connect_and_edit(w, socket, deadline, o->root, e) == 0)
		return daemon_stop(&d, deadline, e);
	if (daemon_stop(&d, usec_monotonic() + FAREWELL, &last) < 0)
		err_detail(e, "%s", last.detail);
	return -1;
}

static int apply_here(const struct inject_disk *disk,
		      const struct inject_request *rq,
		      const struct inject_options *options,
		      struct inject_report *report_r, struct err *e)
{
	struct work w = { .rq = rq };
	usec_t t = usec_monotonic();
	int rc;

	w.plans = xcalloc(rq->nadds + 1, sizeof(*w.plans));
	w.report.replaced = xcalloc(rq->nadds + 1, sizeof(bool));
	rc = serve_and_edit(&w, disk, options, e);
	w.report.made = w.made.at;
	w.report.nmade = w.made.n;
	w.report.serve = lap(&t) - w.report.remove - w.report.add -
		w.report.flush;
	free(w.plans);
	if (rc == 0)
		*report_r = w.report;
	else
		inject_report_fini(&w.report);
	return rc;
}

int inject_apply(const struct inject_disk *disk,
		 const struct inject_request *rq,
		 const struct inject_options *options,
		 struct inject_report *report_r, struct err *e)
{
	if (options->program)
		return remote_apply(disk, rq, options, report_r, e);
	return apply_here(disk, rq, options, report_r, e);
}
