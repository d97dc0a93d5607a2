/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a client gave with a server, into its disk. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "nova-lite/compute/made.h"
#include "nova-lite/compute/metrics.h"
#include "nova-lite/compute/rates.h"
#include "nova-lite/compute/system.h"

#define MADE "made"	/* the instance's file with the made image's id */

enum { TOLD_MAX = 900 };	/* bytes of a message that names files */

/* -- what the user is told ------------------------------------------------ */

/* At a failure the action goes on without its message. */
static void tell(struct job *j, struct buf *message)
{
	struct err ignored;

	sql_exec(j->conn, &SQL_action_note,
		 ARGS(j->subject, j->request_id, buf_str(message), false),
		 NULL, &ignored);
}

/* "; injected /a, /b, ..." */
static void put_path(struct buf *b, const char *verb, size_t i,
		     const char *path)
{
	if (i == 0)
		buf_printf(b, "; %s", verb);
	if (b->len < TOLD_MAX)
		buf_printf(b, "%s%s", i ? ", " : " ", path);
	else if (b->data[b->len - 1] != '.')
		buf_adds(b, " ...");
}

static void put_changes(struct buf *b, const struct candidate *c)
{
	for (size_t i = 0; i < c->nadds; i++)
		put_path(b, "injected", i, c->adds[i].path);
	for (size_t i = 0; i < c->nremoves; i++)
		put_path(b, "removed", i, c->removes[i]);
}

static void tell_made(struct job *j, const struct made *m)
{
	_cleanup_(buf_fini) struct buf b = { 0 };

	if (!m->built)
		buf_printf(&b, "Exact match: image %s; nothing was injected",
			   m->image_id);
	else if (m->from.match == MATCH_BASE)
		buf_adds(&b, "No candidate");
	else
		buf_printf(&b, "Nearest candidate: image %s",
			   m->from.image_id);
	if (m->built)
		put_changes(&b, &m->from);
	buf_addc(&b, '.');
	tell(j, &b);
}

static void tell_own(struct job *j, const struct wanted *w)
{
	_cleanup_(buf_fini) struct buf b = { 0 };

	buf_adds(&b, "A disk of its own");
	for (size_t i = 0; i < w->n; i++)
		put_path(&b, "injected", i, w->files[i].path);
	buf_addc(&b, '.');
	tell(j, &b);
}

/* -- a made image --------------------------------------------------------- */

/*
 * Whether the server's image is a base. One that was made of a base and files
 * is not made into another: its files would have to be known here.
 */
static bool is_base(const struct job *j)
{
	return !json_object_get(job_server(j)->image_props,
				"inject_base_image");
}

static int remember(struct job *j, const char *image_id, struct err *e)
{
	return instance_note(job_agent(j), j->subject, MADE, image_id, e);
}

const char *server_made_image(struct job *j)
{
	return instance_noted(job_agent(j), j->subject, MADE, &j->arena);
}

/* An image that has all of them, as the API found it: nobody is asked. */
static bool is_known(struct job *j, const struct wanted *w, struct made *m)
{
	const char *id = json_string_value(json_object_get(j->args,
							   "made_image"));
	struct image image;
	struct err ignored;

	if (!id || image_get(&job_agent(j)->images, id, &image, &ignored) < 0)
		return false;
	rate_note(j, "transfer", image.fetched, image.took);
	m->image_id = id;
	m->from.seconds_saved = rate_injection(j, w->n);
	return true;
}

/* Without the Image service's advice the server has its files all the same:
 * in its own disk. */
static bool advised(struct job *j, const struct wanted *w,
		    struct candidate *c, struct err *e)
{
	if (candidate_find(j, w, c, e) == 0)
		return true;
	if (e->kind != ERR_BAD_REQUEST)
		log_kv(LOG_WARN_, "no candidate", "server", j->subject, "req",
		       j->request_id, "error", err_name(e->kind), "detail",
		       e->detail, NULL);
	return false;
}

static int take_made(struct job *j, const struct wanted *w,
		     const struct made *m, struct err *e)
{
	tell_made(j, m);
	metrics_launch(m->built ? m->from.match : MATCH_EXACT, &m->from,
		       w->bytes);
	return remember(j, m->image_id, e);
}

int server_files(struct job *j, struct err *e)
{
	struct made made = { 0 };
	struct err why = { 0 };
	struct wanted w;

	if (wanted_read(j, &w, e) < 0)
		return -1;
	if (w.n && has_system(j))
		return err_set(e, ERR_BAD_REQUEST, "Files cannot be put into "
			       "a server that shares an OS image.");
	if (w.n == 0 || !is_base(j))
		return 0;
	if (is_known(j, &w, &made))
		return take_made(j, &w, &made, e);
	if (!advised(j, &w, &made.from, &why))
		return why.kind == ERR_BAD_REQUEST ?
		       wanted_fault(&w, &why, e) : 0;
	if (made_get(j, &w, &made, &why) < 0)
		return wanted_fault(&w, &why, e);
	return take_made(j, &w, &made, e);
}

/* -- the disk ------------------------------------------------------------- */

/*
 * A layer of its own takes the files and then the disk's place: whatever a
 * run that died has left of either, the outcome is the same.
 */
static int inject(struct job *j, const struct wanted *w, const char *path,
		  struct err *e)
{
	struct inject_options options = wanted_options(job_agent(j));
	struct inject_request rq = { .adds = w->files, .nadds = w->n };
	struct inject_report report;
	struct image base;
	struct inject_layer layers[] = {
		{ path, "qcow2" }, { base.path, base.format },
		{ base.base, base.base_format },
	};
	struct inject_disk disk = { layers, ARRAY_LEN(layers) };

	if (wanted_load(j, w, w->files, w->n, e) < 0)
		return -1;
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "%s", path);
	if (server_layer_make(j, path, &base, e) < 0)
		return -1;
	disk.nlayers = base.base[0] ? 3 : 2;
	if (inject_apply(&disk, &rq, &options, &report, e) < 0)
		return -1;
	inject_report_fini(&report);
	return 0;
}

int server_inject(struct job *j, const char *disk, struct err *e)
{
	char path[INSTANCE_PATH_MAX];
	struct err why = { 0 };
	struct wanted w;

	if (server_made_image(j))
		return 0;
	if (wanted_read(j, &w, e) < 0)
		return -1;
	if (w.n == 0)
		return 0;
	instance_path(job_agent(j), j->subject, "disk.files", path);
	if (inject(j, &w, path, &why) < 0)
		return wanted_fault(&w, &why, e);
	if (rename(path, disk) < 0)
		return err_errno(e, "%s", disk);
	tell_own(j, &w);
	return 0;
}
