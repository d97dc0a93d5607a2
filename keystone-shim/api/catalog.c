/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/catalog.h"

#include <string.h>

#include "gen/keystone_sql.h"

/* What stands for a name in a template, NULL when the token has none. */
static const char *template_value(const struct token *t, const char *name,
				  size_t len)
{
	static const char *const of_project[] = { "project_id", "tenant_id" };

	for (size_t i = 0; i < ARRAY_LEN(of_project); i++)
		if (strlen(of_project[i]) == len &&
		    memcmp(of_project[i], name, len) == 0)
			return t->project_id[0] ? t->project_id : NULL;
	if (len == 7 && memcmp("user_id", name, len) == 0)
		return t->user_id;
	return NULL;
}

int catalog_url(struct buf *out, const char *p, const struct token *t)
{
	while (*p) {
		const char *value, *end;
		size_t plain = strcspn(p, "$%");

		buf_add(out, p, plain);
		p += plain;
		if (*p == '\0')
			break;
		if (p[1] != '(') {
			if (*p == '%' && *++p != '%')
				return -1;
			buf_addc(out, *p++);
			continue;
		}
		p += 2;
		end = strstr(p, ")s");
		value = end ? template_value(t, p, (size_t)(end - p)) : NULL;
		if (!value)
			return -1;
		buf_adds(out, value);
		p = end + 2;
	}
	return 0;
}

/* An endpoint whose URL cannot be filled in is left out, as Keystone does. */
static void endpoint_write(struct req *rq, const struct token *t,
			   const struct row *row)
{
	const char *region = row_text(row, catalog__region_id);
	struct jw *w = &rq->w;
	struct buf url = { 0 };

	if (!row_null(row, catalog__endpoint_id) &&
	    catalog_url(&url, row_text(row, catalog__url), t) == 0) {
		j_obj(w, NULL);
		j_str(w, "id", row_text(row, catalog__endpoint_id));
		j_str(w, "interface", row_text(row, catalog__interface));
		j_str(w, "region_id", region);
		j_strn(w, "url", url.data ? url.data : "", url.len);
		j_str(w, "region", region);
		j_end(w);
	}
	buf_fini(&url);
}

/* The endpoints of the service of row *i; moves *i past its last one. */
static void service_write(struct req *rq, const struct token *t,
			  const struct rows *rows, int *i)
{
	struct row row = rows_at(rows, *i);
	const char *id = row_text(&row, catalog__service_id);
	const char *type = row_text(&row, catalog__service_type);
	const char *name = row_text(&row, catalog__service_name);
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_arr(w, "endpoints");
	do {
		endpoint_write(rq, t, &row);
		if (++*i == rows->n)
			break;
		row = rows_at(rows, *i);
	} while (strcmp(row_text(&row, catalog__service_id), id) == 0);
	j_end(w);
	j_str(w, "id", id);
	j_str(w, "type", type);
	j_str(w, "name", name ? name : "");
	j_end(w);
}

void catalog_write(struct req *rq, const struct token *t,
		   const struct rows *rows)
{
	int i = 0;

	j_arr(&rq->w, "catalog");
	while (i < rows->n)
		service_write(rq, t, rows, &i);
	j_end(&rq->w);
}

static int catalog_show_bind(struct req *rq)
{
	if (rq->token->project_id[0])
		return 0;
	return fail(rq, ERR_FORBIDDEN, "You are not authorized to perform the "
		    "requested action: a project-scoped token is required to "
		    "produce a service catalog.");
}

static int catalog_show_view(struct req *rq, const struct rows *rows)
{
	j_obj(&rq->w, NULL);
	catalog_write(rq, rq->token, rows);
	j_obj(&rq->w, "links");
	j_strf(&rq->w, "self", "%s%s", rq->base_url, rq->path);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op catalog_show = {
	&SQL_catalog_list, catalog_show_bind, catalog_show_view
};
