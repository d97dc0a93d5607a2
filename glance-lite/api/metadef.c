/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata definitions (Image API v2, "Metadata Definitions"), to be read. */
#include <string.h>

#include "gen/glance_sql.h"
#include "glance-lite/api/page.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

#define NAMESPACES "/v2/metadefs/namespaces"

static int no_namespace(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "Metadata definition namespace=%s was "
		    "not found.", req_path(rq, "namespace"));
}

static void put_row(struct req *rq, const char *name, const struct row *row)
{
	j_raw(&rq->w, name, row_text(row, 0), row_len(row, 0));
}

static int reply_row(struct req *rq, const struct row *row)
{
	put_row(rq, NULL, row);
	return reply(rq, 200);
}

/* -- namespaces ----------------------------------------------------------- */

static int bad_choice(struct req *rq, const char *name, const char *value)
{
	return fail(rq, ERR_BAD_REQUEST, "Invalid %s: %s", name, value);
}

/* *second_r: the second of two words was chosen; the first is the default. */
static int choose(struct req *rq, const char *name, const char *const two[2],
		  bool *second_r)
{
	const char *value = req_query(rq, name);

	*second_r = value && strcmp(value, two[1]) == 0;
	if (!value || *second_r || strcmp(value, two[0]) == 0)
		return 0;
	return bad_choice(rq, name, value);
}

static int namespace_list_bind(struct req *rq)
{
	static const char *const keys[] = { "created_at", "namespace" };
	static const char *const dirs[] = { "desc", "asc" };
	const char *visibility = req_query(rq, "visibility");
	int64_t limit;
	bool by_name, up;

	if (page_limit(rq, &limit) < 0 ||
	    choose(rq, "sort_key", keys, &by_name) < 0 ||
	    choose(rq, "sort_dir", dirs, &up) < 0)
		return -1;
	if (visibility && strcmp(visibility, "public") != 0 &&
	    strcmp(visibility, "private") != 0)
		return bad_choice(rq, "visibility value", visibility);
	req_args(rq, rq->token->project_id, rq->token->is_admin,
		 req_query(rq, "resource_types"), visibility,
		 req_query(rq, "marker"), limit, by_name, !up);
	return 0;
}

static int namespace_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;
	int64_t limit = 0;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "namespaces");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		put_row(rq, NULL, &row);
	}
	j_end(&rq->w);
	page_link(rq, "first", NAMESPACES, NULL);
	page_limit(rq, &limit);
	if (rows->n > 0 && rows->n == limit)
		page_link(rq, "next", NAMESPACES, row_text(&row, 1));
	j_str(&rq->w, "schema", "/v2/schemas/metadefs/namespaces");
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op metadef_namespace_list = {
	&SQL_metadef_namespace_list, namespace_list_bind, namespace_list_view };

static int namespace_bind(struct req *rq)
{
	req_args(rq, rq->token->project_id, rq->token->is_admin,
		 req_path(rq, "namespace"));
	return 0;
}

static int namespace_show_bind(struct req *rq)
{
	namespace_bind(rq);
	req_args(rq, req_query(rq, "resource_type"));
	return 0;
}

static int namespace_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_namespace(rq);
	row = rows_at(rows, 0);
	return reply_row(rq, &row);
}

const struct read_op metadef_namespace_show = {
	&SQL_metadef_namespace_show, namespace_show_bind, namespace_show_view };

/* -- what is in one ------------------------------------------------------- */

static int property_list_bind(struct req *rq)
{
	namespace_bind(rq);
	req_args(rq, sql_null());
	return 0;
}

static int property_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_namespace(rq);
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "properties");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (!row_null(&row, 1))
			put_row(rq, row_text(&row, 1), &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op metadef_property_list = {
	&SQL_metadef_property_list, property_list_bind, property_list_view };

static int property_show_bind(struct req *rq)
{
	namespace_bind(rq);
	req_args(rq, req_path(rq, "property"));
	return 0;
}

static int property_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_namespace(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, 0))
		return fail(rq, ERR_NOT_FOUND, "Metadata definition property="
			    "%s was not found in namespace=%s.",
			    req_path(rq, "property"),
			    req_path(rq, "namespace"));
	return reply_row(rq, &row);
}

const struct read_op metadef_property_show = {
	&SQL_metadef_property_list, property_show_bind, property_show_view };

static int association_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_namespace(rq);
	row = rows_at(rows, 0);
	j_obj(&rq->w, NULL);
	put_row(rq, "resource_type_associations", &row);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op metadef_association_list = {
	&SQL_metadef_association_list, namespace_bind, association_list_view };

/* No namespace here has objects or tags. */
static int none_view(struct req *rq, const struct rows *rows,
		     const char *what)
{
	if (rows->n == 0)
		return no_namespace(rq);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, what);
	j_end(&rq->w);
	if (strcmp(what, "objects") == 0)
		j_str(&rq->w, "schema", "v2/schemas/metadefs/objects");
	j_end(&rq->w);
	return reply(rq, 200);
}

static int object_list_view(struct req *rq, const struct rows *rows)
{
	return none_view(rq, rows, "objects");
}

const struct read_op metadef_object_list = {
	&SQL_metadef_association_list, namespace_bind, object_list_view };

static int tag_list_view(struct req *rq, const struct rows *rows)
{
	return none_view(rq, rows, "tags");
}

const struct read_op metadef_tag_list = {
	&SQL_metadef_association_list, namespace_bind, tag_list_view };

/* -- resource types ------------------------------------------------------- */

static int resource_type_list_bind(struct req *rq)
{
	(void)rq;
	return 0;
}

static int resource_type_list_view(struct req *rq, const struct rows *rows)
{
	struct jw *w = &rq->w;
	struct row row;

	j_obj(w, NULL);
	j_arr(w, "resource_types");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		j_obj(w, NULL);
		j_str(w, "name", row_text(&row, 0));
		j_time(w, "created_at", row_time(&row, 1), TIME_Z);
		j_time(w, "updated_at", row_time(&row, 2), TIME_Z);
		j_end(w);
	}
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

const struct read_op metadef_resource_type_list = {
	&SQL_metadef_resource_type_list, resource_type_list_bind,
	resource_type_list_view };
