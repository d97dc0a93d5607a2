/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/crypto/base64.h"
#include "nova-lite/compute/wanted.h"

static const char *text(const json_t *in, const char *key)
{
	return json_string_value(json_object_get(in, key));
}

static int64_t number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

static int read_contents(struct job *j, const char *base64,
			 struct inject_file *f, struct err *e)
{
	size_t len = strlen(base64);
	void *data = arena_alloc(&j->arena, BASE64_DATA_SIZE(len));
	ssize_t size = base64_decode(BASE64_STD, data, base64, len);

	if (size < 0)
		return err_set(e, ERR_BAD_REQUEST, "%.900s is not base64",
			       f->path);
	f->data = data;
	f->size = size;
	return 0;
}

/* The same time each time the step is run. */
static int read_file(struct job *j, const json_t *in, struct inject_file *f,
		     struct err *e)
{
	const char *contents = text(in, "contents"), *mode = text(in, "mode");

	*f = (struct inject_file){
		.path = text(in, "path"),
		.fd = -1,
		.size = number(in, "size"),
		.mode = mode ? strtoul(mode, NULL, 8) : 0644,
		.uid = number(in, "uid"),
		.gid = number(in, "gid"),
		.mtime = row_int(&job_server(j)->row, server__created),
	};
	if (!f->path)
		return err_internal(e, "a file without a path");
	f->path_len = strlen(f->path);
	return contents ? read_contents(j, contents, f, e) : 0;
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

int wanted_read(struct job *j, struct wanted *w_r, struct err *e)
{
	struct wanted w = { .list = json_object_get(j->args, "files") };

	w.n = json_array_size(w.list);
	w.files = arena_zalloc(&j->arena, (w.n + 1) * sizeof(*w.files));
	for (size_t i = 0; i < w.n; i++) {
		if (read_file(j, json_array_get(w.list, i), &w.files[i],
			      e) < 0)
			return -1;
		w.bytes += w.files[i].size;
	}
	*w_r = w;
	return check(&w, e);
}

const struct inject_file *wanted_find(const struct wanted *w,
				      const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->files[i].path, path) == 0)
			return &w->files[i];
	return NULL;
}

int wanted_lacks(const struct inject_file *f, struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST, "No image at hand has the contents "
		       "of %.900s.", f->path);
}

int wanted_has_contents(const struct wanted *w, struct err *e)
{
	for (size_t i = 0; i < w->n; i++)
		if (!w->files[i].data)
			return wanted_lacks(&w->files[i], e);
	return 0;
}

void wanted_write(struct jw *w, const struct wanted *wanted)
{
	j_arr(w, "files");
	for (size_t i = 0; i < wanted->n; i++) {
		const struct inject_file *f = &wanted->files[i];

		j_obj(w, NULL);
		j_str(w, "path", f->path);
		j_str(w, "sha256", text(json_array_get(wanted->list, i),
					"sha256"));
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
