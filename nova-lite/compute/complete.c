/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/complete.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nova-lite/compute/proc.h"
#include "nova-lite/compute/rates.h"

/* A path whose file is of no use when the scope ends; none is fine. */
static void cleanup_unlink(char **path)
{
	unlink(*path);
	free(*path);
}

/* -- the image ----------------------------------------------------------- */

/* A copy that may be written: of a made image, else an empty layer. */
static int copy_source(const struct image *src, const char *temp,
		       struct err *e)
{
	const char *copy[] = { "cp", "--reflink=auto",
			       "--no-preserve=mode", src->path, temp, NULL };

	if (unlink(temp) < 0 && errno != ENOENT)
		return err_errno(e, "%s", temp);
	if (!src->base[0])
		return instance_layer_make(temp, src, src->virtual_size, e);
	return proc_run(copy, e);
}

static int edit(struct job *j, const struct candidate *from,
		const char *temp, const struct image *base,
		struct inject_report *report_r, struct err *e)
{
	struct inject_options options = wanted_options(job_agent(j));
	struct inject_layer layers[] = {
		{ temp, "qcow2" }, { base->path, base->format } };
	struct inject_disk disk = { layers, ARRAY_LEN(layers) };
	struct inject_request rq = {
		.adds = from->adds, .nadds = from->nadds,
		.removes = from->removes, .nremoves = from->nremoves,
		.made = from->made, .nmade = from->nmade,
	};

	return inject_apply(&disk, &rq, &options, report_r, e);
}

/* Only what differs from the base, and that compressed. */
static int pack(const char *temp, const char *out, const struct image *base,
		struct err *e)
{
	const char *argv[] = { "qemu-img", "convert", "-q", "-f", "qcow2",
			       "-O", "qcow2", "-B", base->path, "-F",
			       base->format, "-c", "-o",
			       "compression_type=zstd", temp, out, NULL };

	return proc_run(argv, e);
}

static void note_rates(struct job *j, const struct inject_report *r)
{
	rate_note(j, "injection", r->nadded, r->add + r->flush);
	rate_note(j, "removal", r->nremoved, r->remove);
}

static int edit_copy(struct job *j, const struct candidate *from,
		     const struct image *base, const char *temp,
		     struct inject_report *report_r, struct err *e)
{
	struct image src;

	if (image_get(&job_agent(j)->images, from->image_id, &src, e) < 0)
		return -1;
	rate_note(j, "transfer", src.fetched, src.took);
	if (copy_source(&src, temp, e) < 0 ||
	    edit(j, from, temp, base, report_r, e) < 0)
		return -1;
	note_rates(j, report_r);
	return 0;
}

static int make(struct job *j, const struct candidate *from,
		const char *image_id, struct inject_report *report_r,
		struct err *e)
{
	const char *base_id = row_text(&job_server(j)->row, server__image_id);
	struct image_cache *cache = &job_agent(j)->images;
	_cleanup_(cleanup_unlink) char *temp =
		xasprintf("%s/%s.edit.part", cache->dir, image_id);
	_cleanup_(cleanup_unlink) char *packed =
		xasprintf("%s/%s.part", cache->dir, image_id);
	struct inject_report report;
	struct image base;

	if (image_get(cache, base_id, &base, e) < 0 ||
	    edit_copy(j, from, &base, temp, &report, e) < 0)
		return -1;
	if (pack(temp, packed, &base, e) < 0 ||
	    image_take_delta(cache, image_id, packed, &base, e) < 0) {
		inject_report_fini(&report);
		return -1;
	}
	*report_r = report;
	return 0;
}

/* -- the job that stores it ---------------------------------------------- */

static bool was_replaced(const struct candidate *from,
			 const struct inject_report *r, const char *path)
{
	for (size_t i = 0; i < from->nreplaced; i++)
		if (strcmp(from->replaced[i], path) == 0)
			return true;
	for (size_t i = 0; i < from->nadds; i++)
		if (strcmp(from->adds[i].path, path) == 0)
			return r->replaced[i];
	return false;
}

static void put_history(struct jw *w, const struct wanted *want,
			const struct candidate *from,
			const struct inject_report *r)
{
	j_arr(w, "made");
	for (size_t i = 0; i < r->nmade; i++)
		j_str(w, NULL, r->made[i]);
	j_end(w);
	j_arr(w, "replaced");
	for (size_t i = 0; i < want->n; i++)
		if (was_replaced(from, r, want->files[i].path))
			j_str(w, NULL, want->files[i].path);
	j_end(w);
}

static int publish(struct job *j, const char *image_id, struct buf *args,
		   struct err *e)
{
	const char *host = job_agent(j)->host;
	struct rows rows = { 0 };
	struct err ignored;

	if (sql_exec(j->conn, &SQL_completion_made,
		     ARGS(image_id, buf_str(args), j->request_id), &rows,
		     e) < 0)
		return -1;
	rows_fini(&rows);
	/* unheard it waits for the next look */
	sql_notify(j->conn, JOB_CHANNEL, host, &ignored);
	return 0;
}

static void put_args(struct buf *out, struct job *j,
		     const struct wanted *want, const struct candidate *from,
		     const struct inject_report *r)
{
	const struct row *row = &job_server(j)->row;
	struct jw w;

	jw_init(&w, out);
	j_obj(&w, NULL);
	j_str(&w, "base_image", row_text(row, server__image_id));
	j_str(&w, "project_id", row_text(row, server__project_id));
	j_str(&w, "digest", from->digest);
	wanted_write(&w, want);
	put_history(&w, want, from, r);
	j_end(&w);
}

/* -- both ---------------------------------------------------------------- */

int complete(struct job *j, const struct wanted *w,
	     const struct candidate *from, const char *image_id,
	     struct err *e)
{
	_cleanup_(buf_fini) struct buf args = { 0 };
	struct inject_report report;

	if (wanted_load(j, w, from->adds, from->nadds, e) < 0 ||
	    make(j, from, image_id, &report, e) < 0)
		return -1;
	put_args(&args, j, w, from, &report);
	inject_report_fini(&report);
	return publish(j, image_id, &args, e);
}
