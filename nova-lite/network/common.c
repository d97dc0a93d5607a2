/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "nova-lite/network/network.h"

#define LIMIT_MAX 1000000000

/* -- members -------------------------------------------------------------- */

bool view_wants(const struct view *v, const char *key)
{
	int i;

	for (i = 0; i < v->nfields; i++)
		if (strcmp(v->fields[i], key) == 0)
			return true;
	return v->nfields == 0;
}

void view_str(const struct view *v, const char *key, const char *s)
{
	if (view_wants(v, key))
		j_str(&v->rq->w, key, s);
}

void view_col(const struct view *v, const char *key, int col)
{
	view_str(v, key, row_text(v->row, col));
}

void view_json(const struct view *v, const char *key, int col)
{
	if (view_wants(v, key))
		j_raw(&v->rq->w, key, row_text(v->row, col),
		      row_len(v->row, col));
}

void view_int(const struct view *v, const char *key, int64_t n)
{
	if (view_wants(v, key))
		j_int(&v->rq->w, key, n);
}

void view_bool(const struct view *v, const char *key, bool b)
{
	if (view_wants(v, key))
		j_bool(&v->rq->w, key, b);
}

void view_null(const struct view *v, const char *key)
{
	if (view_wants(v, key))
		j_null(&v->rq->w, key);
}

void view_empty(const struct view *v, const char *key)
{
	if (!view_wants(v, key))
		return;
	j_arr(&v->rq->w, key);
	j_end(&v->rq->w);
}

void view_time(const struct view *v, const char *key, int col)
{
	if (view_wants(v, key))
		j_time(&v->rq->w, key, row_time(v->row, col), TIME_Z);
}

void view_common(const struct view *v, int project_col)
{
	view_str(v, "description", "");
	view_empty(v, "tags");
	view_int(v, "revision_number", 1);
	view_col(v, "tenant_id", project_col);
	view_col(v, "project_id", project_col);
}

/* -- replies -------------------------------------------------------------- */

static void read_fields(struct view *v)
{
	const char *name, *value;
	size_t pos = 0;

	while (http_query_next(v->rq->http, &pos, &name, &value))
		if (strcmp(name, "fields") == 0 && *value &&
		    v->nfields < (int)ARRAY_LEN(v->fields))
			v->fields[v->nfields++] = value;
}

static int page_limit(struct req *rq, int64_t *limit_r)
{
	return req_query_int(rq, "limit", 0, LIMIT_MAX, LIMIT_MAX, limit_r);
}

/* Neutron links to the next page when a limit was asked for and reached. */
static void next_view(struct req *rq, const char *many, const char *last,
		      int64_t n)
{
	int64_t limit;

	if (page_limit(rq, &limit) < 0 || n == 0 || n < limit)
		return;
	j_arr(&rq->w, req_printf(rq, "%s_links", many));
	j_obj(&rq->w, NULL);
	j_strf(&rq->w, "href", "%s%s?limit=%lld&marker=%s", rq->base_url,
	       rq->http->path, (long long)limit, last);
	j_str(&rq->w, "rel", "next");
	j_end(&rq->w);
	j_end(&rq->w);
}

int kind_list(struct req *rq, const struct kind *k, const struct rows *rows)
{
	struct view v = { .rq = rq };
	const char *last = NULL;
	struct row row;
	int i;

	read_fields(&v);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, k->many);
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		v.row = &row;
		last = row_text(&row, k->id_col);
		j_obj(&rq->w, NULL);
		k->view(&v);
		j_end(&rq->w);
	}
	j_end(&rq->w);
	next_view(rq, k->many, last, rows->n);
	j_end(&rq->w);
	return reply(rq, 200);
}

int kind_show(struct req *rq, const struct kind *k, const struct rows *rows)
{
	struct view v = { .rq = rq };
	struct row row;

	if (rows->n == 0)
		return kind_lost(rq, k->lost_type, k->word);
	read_fields(&v);
	row = rows_at(rows, 0);
	v.row = &row;
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, k->one);
	k->view(&v);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int kind_none(struct req *rq, const char *many)
{
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, many);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int kind_lost(struct req *rq, const char *type, const char *word)
{
	bool group = strncmp(type, "SecurityGroup", 13) == 0;

	rq->extra = type;
	return fail(rq, ERR_NOT_FOUND, "%s %s %s", word, req_path(rq, "id"),
		    group ? "does not exist" : "could not be found.");
}

/* -- filters -------------------------------------------------------------- */

static void list_add(struct buf *out, const char *s)
{
	buf_adds(out, out->len ? ",\"" : "{\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

const char *query_list(struct req *rq, const char *name)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	const char *key, *value;
	size_t pos = 0;

	while (http_query_next(rq->http, &pos, &key, &value))
		if (strcmp(key, name) == 0)
			list_add(&out, value);
	if (out.len == 0)
		return NULL;
	buf_addc(&out, '}');
	return arena_strdup(req_arena(rq), buf_str(&out));
}

const char *query_project(struct req *rq)
{
	const char *list = query_list(rq, "project_id");

	return list ? list : query_list(rq, "tenant_id");
}

const char *path_list(struct req *rq)
{
	_cleanup_(buf_fini) struct buf out = { 0 };

	list_add(&out, req_path(rq, "id"));
	buf_addc(&out, '}');
	return arena_strdup(req_arena(rq), buf_str(&out));
}

struct sql_arg query_bool(struct req *rq, const char *name)
{
	const char *s = req_query(rq, name);

	if (!s)
		return sql_null();
	return sql_arg_bool(strcasecmp(s, "true") == 0 ||
			    strcmp(s, "1") == 0);
}

int bind_page(struct req *rq)
{
	int64_t limit;

	if (page_limit(rq, &limit) < 0)
		return -1;
	req_args(rq, req_query(rq, "marker"), limit ? limit : LIMIT_MAX);
	return 0;
}

const char *scope_of(const struct req *rq)
{
	return rq->token->is_admin ? NULL : rq->token->project_id;
}
