/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gen/glance_sql.h"
#include "glance-lite/api/attr.h"
#include "glance-lite/api/image.h"
#include "glance-lite/api/page.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

#define SORTS_MAX 3

struct when {
	const char *op;			/* NULL: any time */
	usec_t t;
};

/*
 * What a query asks for (Image API v2, "List images"). Names of parameters
 * are found in a table; what is not there is the name of a property.
 */
struct list {
	int64_t limit;
	const char *marker, *visibility, *member_status;
	/* The new syntax, sort=key:dir,..., or the old sort_key, sort_dir. */
	const char *sort, *keys[SORTS_MAX + 1], *dirs[SORTS_MAX + 1];
	int nkeys, ndirs;
	bool hidden;
	/* Array literals of the values that are allowed; NULL: any. */
	const char *names, *statuses, *disk_formats, *container_formats, *ids;
	int64_t size_min, size_max;	/* -1: none */
	struct when created, updated;
	json_t *tags, *props, *exact;
};

#define bad(rq, ...) fail(rq, ERR_BAD_REQUEST, __VA_ARGS__)

/* -- one parameter each --------------------------------------------------- */

struct param {
	const char *name;
	int (*take)(struct req *rq, struct list *l, const struct param *p,
		    const char *value);
	size_t offset;
};

static void *member(struct list *l, const struct param *p)
{
	return (char *)l + p->offset;
}

static int parse_int(const char *s, int64_t *v_r)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || end == s || *end)
		return -1;
	*v_r = v;
	return 0;
}

static int take_limit(struct req *rq, struct list *l, const struct param *p,
		      const char *value)
{
	(void)p;
	(void)value;
	return page_limit(rq, &l->limit);
}

static int take_marker(struct req *rq, struct list *l, const struct param *p,
		       const char *value)
{
	(void)p;
	if (!attr_is_uuid(value))
		return bad(rq, IMAGE_LOST, value);
	l->marker = value;
	return 0;
}

static int take_visibility(struct req *rq, struct list *l,
			   const struct param *p, const char *value)
{
	static const char *const all[] = { "public", "private", "shared",
					   "community", "all" };

	(void)p;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i], value) == 0)
			l->visibility = all[i];
	return l->visibility ? 0
		: bad(rq, "Invalid visibility value: %s", value);
}

static int take_member_status(struct req *rq, struct list *l,
			      const struct param *p, const char *value)
{
	static const char *const all[] = { "pending", "accepted", "rejected",
					   "all" };

	(void)p;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(all[i], value) == 0) {
			l->member_status = all[i];
			return 0;
		}
	}
	return bad(rq, "Invalid status: %s", value);
}

static int take_sort(struct req *rq, struct list *l, const struct param *p,
		     const char *value)
{
	(void)rq;
	(void)p;
	l->sort = value;
	return 0;
}

static int take_sort_key(struct req *rq, struct list *l,
			 const struct param *p, const char *value)
{
	(void)p;
	if (l->nkeys == SORTS_MAX)
		return bad(rq, "More than %d sort keys.", SORTS_MAX);
	l->keys[l->nkeys++] = value;
	return 0;
}

static int take_sort_dir(struct req *rq, struct list *l,
			 const struct param *p, const char *value)
{
	(void)p;
	if (l->ndirs == SORTS_MAX)
		return bad(rq, "More than %d sort directions.", SORTS_MAX);
	l->dirs[l->ndirs++] = value;
	return 0;
}

static int parse_flag(struct req *rq, const struct param *p,
		      const char *value, bool *v_r)
{
	*v_r = strcasecmp(value, "true") == 0;
	return *v_r || strcasecmp(value, "false") == 0 ? 0
		: bad(rq, "Invalid value '%s' for '%s' filter. Valid values "
		      "are 'true' or 'false'.", value, p->name);
}

static int take_hidden(struct req *rq, struct list *l, const struct param *p,
		       const char *value)
{
	return parse_flag(rq, p, value, &l->hidden);
}

static int take_exact_flag(struct req *rq, struct list *l,
			   const struct param *p, const char *value)
{
	bool v;

	if (parse_flag(rq, p, value, &v) < 0)
		return -1;
	json_object_set_new(l->exact, p->name, json_boolean(v));
	return 0;
}

static int take_exact_int(struct req *rq, struct list *l,
			  const struct param *p, const char *value)
{
	int64_t v;

	if (parse_int(value, &v) < 0)
		return bad(rq, "Invalid value '%s' for '%s' filter.", value,
			   p->name);
	json_object_set_new(l->exact, p->name, json_integer(v));
	return 0;
}

/* A string for one of the JSON parameters; query strings may be any bytes. */
static json_t *text(struct req *rq, const char *value)
{
	json_t *v = json_string(value);

	if (!v)
		bad(rq, "The query is not UTF-8.");
	return v;
}

static int take_exact(struct req *rq, struct list *l, const struct param *p,
		      const char *value)
{
	json_t *v = text(rq, value);

	return v ? json_object_set_new(l->exact, p->name, v) : -1;
}

static int take_tag(struct req *rq, struct list *l, const struct param *p,
		    const char *value)
{
	json_t *v = text(rq, value);

	(void)p;
	return v ? json_array_append_new(l->tags, v) : -1;
}

static int take_size(struct req *rq, struct list *l, const struct param *p,
		     const char *value)
{
	int64_t *v = member(l, p);

	if (parse_int(value, v) < 0)
		return bad(rq, "Unable to filter on a range with a "
			   "non-numeric value.");
	return *v >= 0 ? 0
		: bad(rq, "Unable to filter on a range with a negative "
		      "value.");
}

/* One value of `in:a,"b,c",d` from *p on, as an element of an array. */
static int add_choice(struct req *rq, struct buf *out, const char **p)
{
	bool quoted = **p == '"';
	const char *end = quoted ? ++*p : *p;

	buf_addc(out, out->len ? ',' : '{');
	buf_addc(out, '"');
	for (; *end && *end != (quoted ? '"' : ','); end++) {
		if (*end == '"' || *end == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *end);
	}
	buf_addc(out, '"');
	if (quoted && *end++ != '"')
		return bad(rq, "Invalid filter value %s. The quote is not "
			   "closed.", *p);
	if (*end && *end != ',')
		return bad(rq, "Invalid filter value %s. There is no comma "
			   "after closing quotation mark.", *p);
	*p = *end ? end + 1 : end;
	return 0;
}

static int take_choices(struct req *rq, struct list *l,
			const struct param *p, const char *value)
{
	const char **list_r = member(l, p);
	struct buf out = { 0 };
	int ret = 0;

	if (strncmp(value, "in:", 3) == 0) {
		value += 3;
		do
			ret = add_choice(rq, &out, &value);
		while (ret == 0 && *value);
	} else {
		buf_adds(&out, "{\"");
		for (; *value; value++) {
			if (*value == '"' || *value == '\\')
				buf_addc(&out, '\\');
			buf_addc(&out, *value);
		}
		buf_addc(&out, '"');
	}
	buf_addc(&out, '}');
	*list_r = arena_strdup(req_arena(rq), buf_str(&out));
	buf_fini(&out);
	return ret;
}

/* gt:2020-01-01T00:00:00Z; without an operator the time itself. */
static int take_time(struct req *rq, struct list *l, const struct param *p,
		     const char *value)
{
	static const char *const ops[] = { "gte", "gt", "lte", "lt", "eq",
					   "neq" };
	struct when *when = member(l, p);
	size_t n;

	when->op = "eq";
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		n = strlen(ops[i]);
		if (strncmp(value, ops[i], n) == 0 && value[n] == ':') {
			when->op = ops[i];
			value += n + 1;
			break;
		}
	}
	if (time_parse(value, &when->t) < 0)
		return bad(rq, "Bad \"%s\" query filter format. Use ISO 8601 "
			   "DateTime notation.", p->name);
	return 0;
}

#define AT(m) offsetof(struct list, m)
static const struct param params[] = {
	{ "limit", take_limit, 0 },
	{ "marker", take_marker, 0 },
	{ "sort", take_sort, 0 },
	{ "sort_key", take_sort_key, 0 },
	{ "sort_dir", take_sort_dir, 0 },
	{ "visibility", take_visibility, 0 },
	{ "member_status", take_member_status, 0 },
	{ "os_hidden", take_hidden, 0 },
	{ "name", take_choices, AT(names) },
	{ "status", take_choices, AT(statuses) },
	{ "disk_format", take_choices, AT(disk_formats) },
	{ "container_format", take_choices, AT(container_formats) },
	{ "id", take_choices, AT(ids) },
	{ "tag", take_tag, 0 },
	{ "size_min", take_size, AT(size_min) },
	{ "size_max", take_size, AT(size_max) },
	{ "created_at", take_time, AT(created) },
	{ "updated_at", take_time, AT(updated) },
	{ "owner", take_exact, 0 },
	{ "checksum", take_exact, 0 },
	{ "os_hash_algo", take_exact, 0 },
	{ "os_hash_value", take_exact, 0 },
	{ "protected", take_exact_flag, 0 },
	{ "size", take_exact_int, 0 },
	{ "virtual_size", take_exact_int, 0 },
	{ "min_disk", take_exact_int, 0 },
	{ "min_ram", take_exact_int, 0 },
};

static int take(struct req *rq, struct list *l, const char *name,
		const char *value)
{
	json_t *v;

	for (size_t i = 0; i < ARRAY_LEN(params); i++)
		if (strcmp(params[i].name, name) == 0)
			return params[i].take(rq, l, &params[i], value);
	v = text(rq, value);
	if (v && json_object_set_new(l->props, name, v) < 0)
		return bad(rq, "The query is not UTF-8.");
	return v ? 0 : -1;
}

/* -- order ---------------------------------------------------------------- */

/* sort=name:asc,size into keys and dirs; a key without one is descending. */
static int split_sort(struct req *rq, struct list *l)
{
	char *save, *dir;
	char *key = strtok_r(arena_strdup(req_arena(rq), l->sort), ",",
			     &save);

	if (l->nkeys || l->ndirs)
		return bad(rq, "Old and new sorting syntax cannot be "
			   "combined");
	for (; key; key = strtok_r(NULL, ",", &save)) {
		if (l->nkeys == SORTS_MAX)
			return bad(rq, "More than %d sort keys.", SORTS_MAX);
		key += strspn(key, " ");
		dir = strchr(key, ':');
		if (dir)
			*dir++ = '\0';
		l->keys[l->nkeys++] = key;
		l->dirs[l->ndirs++] = dir ? dir : "desc";
	}
	return 0;
}

static int check_sort(struct req *rq, const struct list *l)
{
	static const char *const keys[] = { "name", "status",
		"container_format", "disk_format", "size", "id", "created_at",
		"updated_at" };
	size_t k;

	for (int i = 0; i < l->nkeys; i++) {
		for (k = 0; k < ARRAY_LEN(keys); k++)
			if (strcmp(keys[k], l->keys[i]) == 0)
				break;
		if (k == ARRAY_LEN(keys))
			return bad(rq, "Invalid sort key: %s. It must be one "
				   "of the following: name, status, "
				   "container_format, disk_format, size, id, "
				   "created_at, updated_at.", l->keys[i]);
	}
	for (int i = 0; i < l->ndirs; i++)
		if (strcmp(l->dirs[i], "asc") && strcmp(l->dirs[i], "desc"))
			return bad(rq, "Invalid sort direction: %s",
				   l->dirs[i]);
	return 0;
}

/* As many directions as keys: one for all, or none, which is descending. */
static int finish_sort(struct req *rq, struct list *l)
{
	if (l->sort && split_sort(rq, l) < 0)
		return -1;
	if (check_sort(rq, l) < 0)
		return -1;
	if (l->ndirs > 1 && l->ndirs != l->nkeys)
		return bad(rq, "Number of sort dirs does not match the number "
			   "of sort keys");
	if (l->ndirs && !l->nkeys)
		l->keys[l->nkeys++] = "created_at";
	while (l->ndirs < l->nkeys) {
		l->dirs[l->ndirs] = l->ndirs ? l->dirs[0] : "desc";
		l->ndirs++;
	}
	/* Newest first is the order anyway, and has an index. */
	if (l->nkeys == 1 && strcmp(l->keys[0], "created_at") == 0 &&
	    strcmp(l->dirs[0], "desc") == 0)
		l->nkeys = 0;
	return 0;
}

/* -- bind ----------------------------------------------------------------- */

static void value_drop(void *v)
{
	json_decref(v);
}

static json_t *owned(struct req *rq, json_t *v)
{
	arena_own(req_arena(rq), v, value_drop);
	return v;
}

static const char *json_or_null(struct req *rq, json_t *v)
{
	return json_object_size(v) || json_array_size(v)
		? image_doc_text(rq, v) : NULL;
}

static struct sql_arg time_or_null(const struct when *when)
{
	return when->op ? sql_time(when->t) : sql_null();
}

static void bind(struct req *rq, const struct list *l)
{
	const struct token *t = rq->token;

	req_args(rq, (const char *)t->project_id, t->is_admin,
		 l->member_status, l->visibility, l->limit, l->marker);
	for (int i = 0; i < SORTS_MAX; i++) {
		if (i < l->nkeys)
			req_args(rq, l->keys[i],
				 strcmp(l->dirs[i], "desc") == 0);
		else
			req_args(rq, sql_null(), sql_null());
	}
	req_args(rq, l->hidden, l->names, l->statuses, l->disk_formats,
		 l->container_formats, l->ids,
		 sql_int_or_null(l->size_min, -1),
		 sql_int_or_null(l->size_max, -1), json_or_null(rq, l->tags),
		 json_or_null(rq, l->props), json_or_null(rq, l->exact),
		 l->created.op, time_or_null(&l->created),
		 l->updated.op, time_or_null(&l->updated));
}

static int image_list_bind(struct req *rq)
{
	struct list l = {
		.limit = glance()->limit_default,
		.member_status = "accepted",
		.size_min = -1, .size_max = -1,
		.tags = owned(rq, json_array()),
		.props = owned(rq, json_object()),
		.exact = owned(rq, json_object()),
	};
	const char *name, *value;
	size_t pos = 0;

	while (http_query_next(rq->http, &pos, &name, &value))
		if (take(rq, &l, name, value) < 0)
			return -1;
	if (finish_sort(rq, &l) < 0)
		return -1;
	bind(rq, &l);
	return 0;
}

/* -- view ----------------------------------------------------------------- */

static int image_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;
	int64_t limit = 0;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "images");
	for (int i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		image_view(&rq->w, &row);
	}
	j_end(&rq->w);
	page_link(rq, "first", "/v2/images", NULL);
	j_str(&rq->w, "schema", "/v2/schemas/images");
	page_limit(rq, &limit);
	if (rows->n > 0 && rows->n == limit)
		page_link(rq, "next", "/v2/images", row_text(&row, image__id));
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op image_list = { &SQL_image_list, image_list_bind,
				    image_list_view };
