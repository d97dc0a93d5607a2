/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/api/image.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/crypto/digest.h"
#include "gen/glance_sql.h"
#include "glance-lite/api/attr.h"
#include "glance-lite/api/patch.h"
#include "glance-lite/delta/whole.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

const char *image_id(struct req *rq, const char *lost)
{
	const char *path = req_path(rq, "image_id");
	char *id = arena_strdup(req_arena(rq), path);

	if (!attr_is_uuid(path)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fail(rq, ERR_NOT_FOUND, lost, path);
#pragma GCC diagnostic pop
		return NULL;
	}
	for (char *p = id; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return id;
}

/* -- view ----------------------------------------------------------------- */

static void j_int_or_null(struct jw *w, const char *key,
			  const struct row *row, int col)
{
	if (row_null(row, col))
		j_null(w, key);
	else
		j_int(w, key, row_int(row, col));
}

/* A delta has no size until it was made complete. */
static bool has_data(const struct row *row)
{
	const char *status = row_text(row, image__status);

	return strcmp(status, "active") == 0 ||
	       strcmp(status, "deactivated") == 0;
}

/* Without printf, which took a seventh of a long list's time. */
static void write_urls(struct jw *w, const char *id)
{
	static const char base[] = "/v2/images/", file[] = "/file";
	char url[sizeof(base) + UUID_SIZE + sizeof(file)];
	char *end = stpcpy(stpcpy(url, base), id);

	j_strn(w, "self", url, (size_t)(end - url));
	end = stpcpy(end, file);
	j_strn(w, "file", url, (size_t)(end - url));
}

void image_view(struct jw *w, const struct row *row)
{
	const char *id = row_text(row, image__id);

	j_obj(w, NULL);
	j_splice(w, row_text(row, image__properties),
		 row_len(row, image__properties));
	j_str(w, "name", row_text(row, image__name));
	j_str(w, "disk_format", row_text(row, image__disk_format));
	j_str(w, "container_format", row_text(row, image__container_format));
	j_str(w, "visibility", row_text(row, image__visibility));
	j_int_or_null(w, "size", row, image__size);
	j_int_or_null(w, "virtual_size", row, image__virtual_size);
	j_str(w, "status", row_text(row, image__status));
	j_str(w, "checksum", row_text(row, image__checksum));
	j_bool(w, "protected", row_bool(row, image__protected));
	j_int(w, "min_ram", row_int(row, image__min_ram));
	j_int(w, "min_disk", row_int(row, image__min_disk));
	j_str(w, "owner", row_text(row, image__owner));
	j_bool(w, "os_hidden", row_bool(row, image__os_hidden));
	j_str(w, "os_hash_algo", row_text(row, image__os_hash_algo));
	j_str(w, "os_hash_value", row_text(row, image__os_hash_value));
	j_str(w, "id", id);
	j_time(w, "created_at", row_time(row, image__created_at), TIME_Z);
	j_time(w, "updated_at", row_time(row, image__updated_at), TIME_Z);
	j_raw(w, "tags", row_text(row, image__tags),
	      row_len(row, image__tags));
	write_urls(w, id);
	j_str(w, "schema", "/v2/schemas/image");
	if (has_data(row))
		j_str(w, "stores", STORE_ID);
	j_end(w);
}

/* -- show ----------------------------------------------------------------- */

static int image_show_bind(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);

	if (!id)
		return -1;
	req_args(rq, IMAGE_ASKED(rq, id));
	return 0;
}

static int image_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return fail(rq, ERR_NOT_FOUND, IMAGE_LOST,
			    req_path(rq, "image_id"));
	row = rows_at(rows, 0);
	image_view(&rq->w, &row);
	return reply(rq, 200);
}

const struct read_op image_show = { &SQL_image_show, image_show_bind,
				    image_show_view };

/* -- create --------------------------------------------------------------- */

/* All attributes are checked before the first is set, as Glance does it. */
static int doc_from_body(struct image_doc *doc, struct req *rq, json_t *body)
{
	const struct attr *a;
	const char *name;
	json_t *v;

	json_object_foreach(body, name, v) {
		a = attr_find(name);
		if (a && a->flags & A_URL)
			return attr_check_settable(name, &rq->err);
	}
	json_object_foreach(body, name, v)
		if (attr_check(name, v, &rq->err) < 0)
			return -1;
	/* The id comes last: a document that has one is an image's. */
	json_object_foreach(body, name, v)
		if (strcmp(name, "id") != 0 &&
		    image_doc_set(doc, rq, name, v) < 0)
			return -1;
	v = json_object_get(body, "id");
	return v ? image_doc_set(doc, rq, "id", v) : 0;
}

static const char *new_id(struct req *rq)
{
	char id[UUID_SIZE];

	uuid_v4(id);
	return arena_strdup(req_arena(rq), id);
}

int image_create(struct req *rq)
{
	json_t *body = glance_body(rq);
	struct image_doc doc;
	struct row row;
	int found;

	if (!body)
		return -1;
	if (!json_is_object(body))
		return fail(rq, ERR_BAD_REQUEST, "Provided object does not "
			    "match schema 'image': it is not of type "
			    "'object'");
	image_doc_init(&doc, rq);
	if (doc_from_body(&doc, rq, body) < 0 || image_doc_check(&doc, rq) < 0)
		return -1;
	if (!doc.id)
		doc.id = new_id(rq);
	found = sql_maybe(rq, &SQL_image_create, &row, ARGS(doc.id, doc.owner,
		doc.name, doc.visibility, doc.disk_format,
		doc.container_format, doc.protected, doc.os_hidden,
		doc.min_disk, doc.min_ram, image_doc_text(rq, doc.properties),
		image_doc_text(rq, doc.tags)));
	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_CONFLICT, "Image ID %s already exists!",
			    doc.id);
	image_view(&rq->w, &row);
	reply_header(rq, "Location", "%s/v2/images/%s", rq->base_url, doc.id);
	reply_header(rq, "OpenStack-image-import-methods", IMPORT_METHOD);
	reply_header(rq, "OpenStack-image-store-ids", STORE_ID);
	return reply(rq, 201);
}

/* -- update --------------------------------------------------------------- */

static int set_property(struct image_doc *doc, struct req *rq,
			const struct change *c)
{
	if (c->op == CHANGE_REPLACE && !attr_is_base(c->name) &&
	    !json_object_get(doc->properties, c->name))
		return fail_detail(rq, ERR_CONFLICT,
				   "Property %s does not exist.", c->name);
	return image_doc_set(doc, rq, c->name, c->value);
}

static int remove_property(struct image_doc *doc, struct req *rq,
			   const char *name)
{
	if (strcmp(name, "locations") == 0)
		return fail(rq, ERR_FORBIDDEN, "It's not allowed to remove "
			    "locations if locations are invisible.");
	if (attr_is_base(name))
		return fail_detail(rq, ERR_FORBIDDEN,
				   "Property %s may not be removed.", name);
	if (json_object_del(doc->properties, name) < 0)
		return fail_detail(rq, ERR_CONFLICT,
				   "Property %s does not exist.", name);
	return 0;
}

static int apply(struct image_doc *doc, struct req *rq,
		 const struct change *changes, size_t n)
{
	size_t before = json_object_size(doc->properties);

	for (size_t i = 0; i < n; i++)
		if ((changes[i].op == CHANGE_REMOVE
		     ? remove_property(doc, rq, changes[i].name)
		     : set_property(doc, rq, &changes[i])) < 0)
			return -1;
	/* A quota that was lowered does not forbid other changes. */
	if (json_object_size(doc->properties) <= before &&
	    (int64_t)before > glance()->property_quota)
		return 0;
	return image_doc_check(doc, rq);
}

static int read_changes(struct req *rq, struct change **changes_r)
{
	int dialect = patch_dialect(req_header(rq, "Content-Type"));
	json_t *body;

	if (dialect < 0)
		return fail(rq, ERR_BAD_MEDIA, NULL);
	body = glance_body(rq);
	if (!body)
		return -1;
	*changes_r = arena_zalloc(req_arena(rq), (json_array_size(body) + 1) *
				  sizeof(**changes_r));
	return patch_parse(body, dialect, req_arena(rq), *changes_r, &rq->err);
}

int image_update(struct req *rq)
{
	const char *id;
	struct change *changes = NULL;
	struct image_doc doc;
	struct row row;
	int n = read_changes(rq, &changes);

	if (n < 0 || !(id = image_id(rq, IMAGE_LOST)))
		return -1;
	if (tx_begin(rq) < 0 ||
	    sql_one(rq, &SQL_image_lock, &row,
		    ARGS(IMAGE_ASKED(rq, id))) < 0)
		return -1;
	image_doc_load(&doc, rq, &row);
	if (apply(&doc, rq, changes, (size_t)n) < 0)
		return -1;
	if (n > 0 && sql_one(rq, &SQL_image_update, &row, ARGS(doc.id,
		doc.owner, doc.name, doc.visibility, doc.disk_format,
		doc.container_format, doc.protected, doc.os_hidden,
		doc.min_disk, doc.min_ram, image_doc_text(rq, doc.properties),
		image_doc_text(rq, doc.tags))) < 0)
		return -1;
	if (tx_commit(rq) < 0)
		return -1;
	image_view(&rq->w, &row);
	return reply(rq, 200);
}

/* -- delete, status ------------------------------------------------------- */

/* ?flatten=true: what is stored as a delta over the image lives on. */
static int asked_flatten(struct req *rq)
{
	const char *v = req_query(rq, "flatten");

	if (!v || strcasecmp(v, "false") == 0)
		return 0;
	if (strcasecmp(v, "true") == 0)
		return 1;
	return fail(rq, ERR_BAD_REQUEST,
		    "Invalid value for flatten: it is not true or false.");
}

/* What fails from here on, and what lies in the store of another daemon, is
 * ended when that daemon starts. */
static int remove_data(struct req *rq, const char *id, const struct row *row)
{
	const char *store = row_text(row, stored__store);

	if (store && strcmp(store, store_id(glance()->store)) != 0)
		return 0;
	if (store_remove(glance()->store, id, &rq->err) < 0)
		return -1;
	if (row_bool(row, stored__is_base) &&
	    delta_tidy(rq->conn, id, &rq->err) < 0)
		return -1;
	return sql_run(rq, &SQL_image_deleted, ARGS(id)) < 0 ? -1 : 0;
}

int image_delete(struct req *rq)
{
	const char *id = image_id(rq, "Failed to find image %s to delete");
	int flatten = asked_flatten(rq);
	struct row row;

	if (!id || flatten < 0 || (flatten && whole_make_all(rq, id) < 0))
		return -1;
	if (sql_one(rq, &SQL_image_delete, &row,
		    ARGS(IMAGE_ASKED(rq, id))) < 0 ||
	    remove_data(rq, id, &row) < 0)
		return -1;
	return reply_done(rq, 204);
}

static int set_status(struct req *rq, const struct sql_stmt *stmt)
{
	const char *id = image_id(rq, IMAGE_LOST);

	if (!id || sql_run(rq, stmt, ARGS(IMAGE_ASKED(rq, id))) < 0)
		return -1;
	return reply_done(rq, 204);
}

int image_deactivate(struct req *rq)
{
	return set_status(rq, &SQL_image_deactivate);
}

int image_reactivate(struct req *rq)
{
	return set_status(rq, &SQL_image_reactivate);
}

/* -- tags ----------------------------------------------------------------- */

int image_tag_create(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST), *tag = req_path(rq, "tag");
	_cleanup_(json_decrefp) json_t *tags = json_pack("[s]", tag);

	if (!id)
		return -1;
	if (!tags)
		return fail(rq, ERR_BAD_REQUEST, "The tag is not UTF-8.");
	if (attr_check("tags", tags, &rq->err) < 0)
		return -1;
	if (sql_run(rq, &SQL_image_tag_create, ARGS(IMAGE_ASKED(rq, id), tag,
		    glance()->tag_quota)) < 0)
		return -1;
	return reply_done(rq, 204);
}

int image_tag_delete(struct req *rq)
{
	const char *id = image_id(rq, IMAGE_LOST);
	int64_t n;

	if (!id)
		return -1;
	n = sql_run(rq, &SQL_image_tag_delete,
		    ARGS(IMAGE_ASKED(rq, id), req_path(rq, "tag")));
	if (n == 0)
		return fail(rq, ERR_NOT_FOUND, NULL);
	return n < 0 ? -1 : reply_done(rq, 204);
}
