/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "nova-lite/compute/wanted.h"

static const char *text(const json_t *in, const char *key)
{
	return json_string_value(json_object_get(in, key));
}

static int64_t number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

/* The same time each time the step is run. */
static int read_file(struct job *j, const json_t *in, struct inject_file *f,
		     struct err *e)
{
	const char *mode = text(in, "mode");

	*f = (struct inject_file){
		.path = text(in, "path"),
		.fd = -1,
		.size = number(in, "size"),
		.mode = mode ? strtoul(mode, NULL, 8) : 0644,
		.uid = number(in, "uid"),
		.gid = number(in, "gid"),
		.mtime = row_int(&job_server(j)->row, server__created),
	};
	if (!f->path || !text(in, "sha256"))
		return err_internal(e, "a file without a path or digest");
	f->path_len = strlen(f->path);
	return 0;
}

static int check(const struct wanted *w, struct err *e)
{
	/* Quotas are the API's business, and were kept when it was asked. */
	static const struct inject_limits limits = {
		.field = "files", .files = -1, .content_bytes = -1,
		.path_bytes = -1
	};
	struct inject_request rq = { .adds = w->files, .nadds = w->n };

	return inject_check(&rq, &limits, e);
}

static int read_files(struct job *j, struct wanted *w, struct err *e)
{
	for (size_t i = 0; i < w->n; i++) {
		if (read_file(j, json_array_get(w->list, i), &w->files[i],
			      e) < 0)
			return -1;
		w->bytes += w->files[i].size;
	}
	return check(w, e);
}

/* -- contents ------------------------------------------------------------ */

static void mark(struct wanted *w, const char *sha256)
{
	for (size_t i = 0; i < w->n; i++)
		w->have[i] |= strcmp(wanted_sha256(w, i), sha256) == 0;
}

static int mark_contents(struct job *j, struct wanted *w, struct err *e)
{
	struct rows rows = { 0 };

	if (sql_exec(j->conn, &SQL_contents_list, ARGS(j->request_id), &rows,
		     e) < 0)
		return -1;
	for (int i = 0; i < rows.n; i++) {
		struct row row = rows_at(&rows, i);

		mark(w, row_text(&row, 0));
	}
	rows_fini(&rows);
	return 0;
}

static int lacks(const struct inject_file *f, struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST, "No image at hand has the contents "
		       "of %.900s.", f->path);
}

static int take(struct job *j, const struct row *row, struct inject_file *f,
		struct err *e)
{
	void *data = arena_alloc(&j->arena, f->size + 1);

	if (hex_decode(data, f->size, row_text(row, 0), row_len(row, 0)) < 0)
		return err_internal(e, "contents of %.200s: not of its size",
				    f->path);
	f->data = data;
	return 0;
}

static int load(struct job *j, const char *sha256, struct inject_file *f,
		struct err *e)
{
	struct rows rows = { 0 };
	int r;

	if (sql_exec(j->conn, &SQL_contents_show, ARGS(j->request_id, sha256),
		     &rows, e) < 0)
		return -1;
	if (rows.n == 0) {
		r = lacks(f, e);
	} else {
		struct row row = rows_at(&rows, 0);

		r = take(j, &row, f, e);
	}
	rows_fini(&rows);
	return r;
}

/* -- the set -------------------------------------------------------------- */

int wanted_read(struct job *j, struct wanted *w_r, struct err *e)
{
	struct wanted w = { .list = json_object_get(j->args, "files") };

	w.n = json_array_size(w.list);
	w.files = arena_zalloc(&j->arena, (w.n + 1) * sizeof(*w.files));
	w.have = arena_zalloc(&j->arena, w.n + 1);
	if (w.n > 0 && (read_files(j, &w, e) < 0 ||
			mark_contents(j, &w, e) < 0))
		return -1;
	*w_r = w;
	return 0;
}

const char *wanted_sha256(const struct wanted *w, size_t i)
{
	return text(json_array_get(w->list, i), "sha256");
}

int wanted_has(const struct wanted *w, const struct inject_file *files,
	       size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!w->have[wanted_find(w, files[i].path) - w->files])
			return lacks(&files[i], e);
	return 0;
}

int wanted_load(struct job *j, const struct wanted *w,
		struct inject_file *files, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = wanted_find(w, files[i].path) - w->files;

		if (load(j, wanted_sha256(w, k), &files[i], e) < 0)
			return -1;
	}
	return 0;
}

const struct inject_file *wanted_find(const struct wanted *w,
				      const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->files[i].path, path) == 0)
			return &w->files[i];
	return NULL;
}

struct inject_options wanted_options(const struct agent *a)
{
	return (struct inject_options){ .program = a->inject,
		.appliance = a->inject_appliance, .kvm = a->kvm };
}

void wanted_write(struct jw *w, const struct wanted *wanted)
{
	j_arr(w, "files");
	for (size_t i = 0; i < wanted->n; i++) {
		const struct inject_file *f = &wanted->files[i];

		j_obj(w, NULL);
		j_str(w, "path", f->path);
		j_str(w, "sha256", wanted_sha256(wanted, i));
		j_int(w, "size", f->size);
		j_strf(w, "mode", "%04o", f->mode);
		j_int(w, "uid", f->uid);
		j_int(w, "gid", f->gid);
		j_end(w);
	}
	j_end(w);
}

int wanted_fault(const struct wanted *w, const struct err *why,
		 struct err *e)
{
	_cleanup_(buf_fini) struct buf paths = { 0 };

	if (why->kind != ERR_CONFLICT)
		for (size_t i = 0; i < w->n; i++)
			buf_printf(&paths, "%s%s", i ? ", " : " of ",
				   w->files[i].path);
	err_set(e, why->kind, "File injection%.500s failed: %.450s",
		buf_str(&paths), why->msg);
	return err_detail(e, "%s", why->detail);
}
