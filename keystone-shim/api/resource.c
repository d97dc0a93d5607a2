/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/resource.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void links_self(struct req *rq, const char *many, const char *id)
{
	j_obj(&rq->w, "links");
	j_strf(&rq->w, "self", "%s/v3/%s/%s", rq->base_url, many, id);
	j_end(&rq->w);
}

void links_list(struct req *rq)
{
	const char *query = rq->http->query;

	j_obj(&rq->w, "links");
	j_null(&rq->w, "next");
	j_strf(&rq->w, "self", "%s%s%s%s", rq->base_url, rq->path,
	       *query ? "?" : "", query);
	j_null(&rq->w, "previous");
	j_end(&rq->w);
}

static void object(struct req *rq, const char *key, const struct resource *r,
		   const struct row *row)
{
	j_obj(&rq->w, key);
	r->members(rq, row);
	links_self(rq, r->many, row_text(row, r->id));
	j_end(&rq->w);
}

int resource_reply(struct req *rq, const struct resource *r,
		   const struct row *row, int status)
{
	j_obj(&rq->w, NULL);
	object(rq, r->one, r, row);
	j_end(&rq->w);
	return reply(rq, status);
}

int resource_missing(struct req *rq, const char *one, const char *id)
{
	return fail(rq, ERR_NOT_FOUND, "Could not find %s: %s.", one, id);
}

int resource_show(struct req *rq, const struct resource *r,
		  const struct rows *rows, const char *id)
{
	struct row row;

	if (rows->n == 0)
		return resource_missing(rq, r->one, id);
	row = rows_at(rows, 0);
	return resource_reply(rq, r, &row, 200);
}

int resource_list(struct req *rq, const struct resource *r,
		  const struct rows *rows)
{
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, r->many);
	for (int i = 0; i < rows->n; i++) {
		struct row row = rows_at(rows, i);

		object(rq, NULL, r, &row);
	}
	j_end(&rq->w);
	links_list(rq);
	j_end(&rq->w);
	return reply(rq, 200);
}

int resource_delete(struct req *rq, const struct resource *r,
		    const struct sql_stmt *s, const char *id)
{
	struct row row;
	int n = sql_maybe(rq, s, &row, ARGS(id));

	if (n < 0)
		return -1;
	if (n == 0)
		return resource_missing(rq, r->one, id);
	if (tokens_changed(rq) < 0)
		return -1;
	return reply(rq, 204);
}

/* Keystone's pattern for every name: something that is not white space. */
static int name_check(struct req *rq, json_t *obj)
{
	const char *name = json_string_value(json_object_get(obj, "name"));

	if (!name || name[strspn(name, " \t\r\n\v\f")] != '\0')
		return 0;
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field 'name': "
		    "'%s' does not match '[\\\\S]+'", name);
}

static void text_drop(void *text)
{
	free(text);
}

const char *resource_body(struct req *rq, const char *key,
			  const struct jfield *fields, void *in,
			  const char *secret)
{
	json_t *body = req_json(rq), *obj, *copy;
	char *text;

	if (!body)
		return NULL;
	obj = json_object_get(body, key);
	if (json_is_object(body) && !obj) {
		obj = json_object();
		json_object_set_new(body, key, obj);
	}
	if (req_body(rq, key, fields, in) < 0 || name_check(rq, obj) < 0)
		return NULL;
	copy = json_copy(obj);
	if (secret)
		json_object_del(copy, secret);
	text = json_dumps(copy, JSON_COMPACT);
	json_decref(copy);
	arena_own(req_arena(rq), text, text_drop);
	return text;
}

struct sql_arg query_text(struct req *rq, const char *name)
{
	return sql_arg_text(req_query(rq, name));
}

static bool is_false(const char *text)
{
	return strcmp(text, "0") == 0 || strcasecmp(text, "false") == 0;
}

struct sql_arg query_flag(struct req *rq, const char *name)
{
	const char *text = req_query(rq, name);

	return text ? sql_arg_bool(!is_false(text)) : sql_null();
}

bool query_is_set(struct req *rq, const char *name)
{
	const char *text = req_query(rq, name);

	return text && !is_false(text);
}

const char *path_or_null(const struct req *rq, const char *name)
{
	for (int i = 0; i < rq->match.nparams; i++)
		if (strcmp(rq->match.params[i].name, name) == 0)
			return rq->match.params[i].value;
	return NULL;
}

int allow_reader(struct req *rq)
{
	const struct token *t = rq->token;

	return t->is_admin || (t->system && t->is_reader) ? 0 : wire_deny(rq);
}

int allow_user(struct req *rq, const char *user_id)
{
	if (strcmp(rq->token->user_id, user_id) == 0)
		return 0;
	return allow_reader(rq);
}

int allow_project(struct req *rq, const char *project_id)
{
	if (strcmp(rq->token->project_id, project_id) == 0)
		return 0;
	return allow_reader(rq);
}

int allow_domain(struct req *rq, const char *domain_id)
{
	const struct token *t = rq->token;

	if (strcmp(t->domain_id, domain_id) == 0 ||
	    strcmp(t->project_domain_id, domain_id) == 0)
		return 0;
	return allow_reader(rq);
}

int tokens_changed(struct req *rq)
{
	return req_notify(rq, "identity_changed", "");
}

const char *home_domain(struct req *rq)
{
	const struct token *t = rq->token;

	if (t->domain_id[0])
		return t->domain_id;
	if (t->project_domain_id[0])
		return t->project_domain_id;
	return conf_str(service_conf(), "identity", "default_domain_id");
}
