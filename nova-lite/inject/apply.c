/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/mem.h"
#include "nova-lite/inject/daemon.h"
#include "nova-lite/inject/edit.h"
#include "nova-lite/inject/ext.h"
#include "nova-lite/inject/inject.h"
#include "nova-lite/inject/machine.h"
#include "nova-lite/inject/remote.h"

#define FAREWELL (2 * USEC_PER_SEC)	/* for a daemon that failed us */

/* A call of inject_apply, whole. */
struct work {
	const struct inject_disk *disk;
	const struct inject_request *rq;
	const struct inject_options *options;
	usec_t deadline;
	bool for_a_kernel;		/* where libext2fs does not do */
};

static int edit_disk(struct work *w, struct disk *d,
		     struct inject_report *report_r, struct err *e)
{
	_cleanup_(cleanup_free) struct cache *c = xmalloc(sizeof(*c));
	struct ext_tree tree;
	struct root root;
	int rc;

	cache_init(c, d);
	rc = root_open(c, w->options->root, &root, e);
	if (rc == 0) {
		ext_tree_init(&tree, &root);
		rc = edit(&tree.tree, w->rq, report_r, e);
		ext_tree_fini(&tree);
		root_close(&root);
	}
	w->for_a_kernel = root.for_a_kernel;
	cache_fini(c);
	return rc;
}

static int connect_and_edit(struct work *w, int socket,
			    struct inject_report *report_r, struct err *e)
{
	struct disk d;
	int rc;

	if (disk_open(&d, socket, w->deadline, e) < 0)
		return -1;
	rc = edit_disk(w, &d, report_r, e);
	disk_close(&d);
	return rc;
}

static int serve_and_edit(struct work *w, struct inject_report *report_r,
			  struct err *e)
{
	const char *temp = w->options->temp_dir ? w->options->temp_dir :
		"/tmp";
	struct child d;
	struct err last;
	int socket;

	if (daemon_start(&d, w->disk, temp, &socket, e) < 0)
		return -1;
	if (connect_and_edit(w, socket, report_r, e) < 0) {
		if (daemon_stop(&d, usec_monotonic() + FAREWELL, &last) < 0)
			err_detail(e, "%s", last.detail);
		return -1;
	}
	if (daemon_stop(&d, w->deadline, e) < 0) {
		inject_report_fini(report_r);
		return -1;
	}
	return 0;
}

/* libext2fs first: where that does not do, it has changed nothing. */
static int edit_somehow(struct work *w, struct inject_report *report_r,
			struct err *e)
{
	if (serve_and_edit(w, report_r, e) == 0)
		return 0;
	if (e->kind != ERR_NOT_IMPLEMENTED || !w->for_a_kernel ||
	    !machine_is_there(w->options->appliance))
		return -1;
	return machine_apply(w->disk, w->rq, w->options, w->deadline,
			     report_r, e);
}

static int apply_here(struct work *w, struct inject_report *report_r,
		      struct err *e)
{
	usec_t began = usec_monotonic();
	struct inject_report r;

	if (edit_somehow(w, &r, e) < 0)
		return -1;
	r.serve = usec_monotonic() - began - r.remove - r.add - r.flush;
	*report_r = r;
	return 0;
}

int inject_apply(const struct inject_disk *disk,
		 const struct inject_request *rq,
		 const struct inject_options *options,
		 struct inject_report *report_r, struct err *e)
{
	struct work w = { .disk = disk, .rq = rq, .options = options };

	w.deadline = usec_monotonic() + 1000 * (usec_t)
		(options->deadline_ms ? options->deadline_ms :
		 INJECT_DEADLINE_MS);

	if (options->program)
		return remote_apply(disk, rq, options, report_r, e);
	return apply_here(&w, report_r, e);
}
