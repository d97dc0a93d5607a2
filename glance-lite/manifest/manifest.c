/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "gen/glance_sql.h"
#include "glance-lite/api/image.h"
#include "glance-lite/glance.h"
#include "glance-lite/manifest/body.h"
#include "glance-lite/routes.h"

/* The files of an image on top of its base. */

/* Opens the document of a manifest and its array of files. */
static void open_manifest(struct jw *w, const char *image_id,
			  const char *base, const struct set *set)
{
	j_obj(w, NULL);
	j_str(w, "image_id", image_id);
	j_str(w, "base_image", base);
	j_str(w, "digest", set->digest);
	j_int(w, "file_count", (int64_t)set->n);
	j_int(w, "size", set->size);
	j_str(w, "schema", "/v2/schemas/manifest");
	j_arr(w, "files");
}

static void close_manifest(struct jw *w)
{
	j_end(w);
	j_end(w);
}

/* -- show ----------------------------------------------------------------- */

static int manifest_show_bind(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);

	if (!id)
		return -1;
	req_args(rq, IMAGE_ASKED(rq, id));
	return 0;
}

static void file_view(struct jw *w, const struct row *row)
{
	struct set_file f = {
		.path = row_text(row, manifest__path),
		.sha256 = row_text(row, manifest__sha256),
		.size = row_int(row, manifest__size),
		.mode = row_int(row, manifest__mode),
		.uid = row_int(row, manifest__uid),
		.gid = row_int(row, manifest__gid),
	};

	set_file_write(w, &f);
}

static int manifest_show_view(struct req *rq, const struct rows *rows)
{
	struct set set = { 0 };
	struct row row;

	if (rows->n == 0)
		return fail(rq, ERR_NOT_FOUND, IMAGE_LOST,
			    req_path(rq, "image_id"));
	row = rows_at(rows, 0);
	if (!row_null(&row, manifest__path))
		set.n = (size_t)rows->n;
	set.size = row_int(&row, manifest__total);
	snprintf(set.digest, sizeof(set.digest), "%s",
		 row_null(&row, manifest__digest) ? set_empty_digest
		 : row_text(&row, manifest__digest));
	open_manifest(&rq->w, row_text(&row, manifest__image_id),
		      row_text(&row, manifest__base_id), &set);
	for (size_t i = 0; i < set.n; i++) {
		row = rows_at(rows, (int)i);
		file_view(&rq->w, &row);
	}
	close_manifest(&rq->w);
	return reply(rq, 200);
}

const struct read_op manifest_show = { &SQL_manifest_show,
				       manifest_show_bind,
				       manifest_show_view };

/* -- put ------------------------------------------------------------------ */

static const char *files_text(struct req *rq, const struct set *set)
{
	json_t *files = json_array();
	const struct set_file *f;
	const char *text;

	for (size_t i = 0; i < set->n; i++) {
		f = &set->files[i];
		json_array_append_new(files, json_pack("{ss ss sI ss sI sI sI}",
			"key", f->key, "sha256", f->sha256, "size",
			(json_int_t)f->size, "path", f->path, "mode",
			(json_int_t)f->mode, "uid", (json_int_t)f->uid,
			"gid", (json_int_t)f->gid));
	}
	text = image_doc_text(rq, files);
	json_decref(files);
	return text;
}

int manifest_put(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST), *base;
	struct manifest_in in = { 0 };
	struct set set;

	if (!id || manifest_req_body(rq, NULL, manifest_fields, &in) < 0 ||
	    set_parse(in.files, "files", req_arena(rq), &set, &rq->err) < 0)
		return -1;
	base = body_uuid(rq, in.base_image);
	if (sql_run(rq, &SQL_manifest_put, ARGS(IMAGE_ASKED(rq, id), base,
		    (const char *)set.digest, files_text(rq, &set))) < 0)
		return -1;
	open_manifest(&rq->w, id, base, &set);
	for (size_t i = 0; i < set.n; i++)
		set_file_write(&rq->w, &set.files[i]);
	close_manifest(&rq->w);
	return reply(rq, 200);
}
