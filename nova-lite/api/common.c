/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json/repr.h"
#include "common/json/text.h"
#include "nova-lite/nova.h"
#include "nova-lite/wire.h"

#define LIMIT_MAX 1000		/* Nova's [api] max_limit */

/* -- links ---------------------------------------------------------------- */

struct urls urls_of(struct req *rq)
{
	const char *project = wire_url_project(rq);
	const char *base = rq->base_url;
	struct urls u;

	u.self = req_printf(rq, "%s/v2.1%s%s", base, project ? "/" : "",
			    project ? project : "");
	u.bookmark = req_printf(rq, "%s%s%s", base, project ? "/" : "",
				project ? project : "");
	return u;
}

static void link_view(struct jw *w, const char *rel, const char *href)
{
	j_obj(w, NULL);
	j_str(w, "rel", rel);
	j_str(w, "href", href);
	j_end(w);
}

static void kind_link(struct jw *w, const char *root, const char *kind,
		      const char *id)
{
	j_strf(w, "href", "%s/%s/%s", root, kind, id);
}

void links_view(struct req *rq, const struct urls *u, const char *kind,
		const char *id)
{
	struct jw *w = &rq->w;

	j_arr(w, "links");
	j_obj(w, NULL);
	j_str(w, "rel", "self");
	kind_link(w, u->self, kind, id);
	j_end(w);
	j_obj(w, NULL);
	j_str(w, "rel", "bookmark");
	kind_link(w, u->bookmark, kind, id);
	j_end(w);
	j_end(w);
}

void bookmark_view(struct req *rq, const struct urls *u, const char *kind,
		   const char *id)
{
	struct jw *w = &rq->w;

	j_arr(w, "links");
	j_obj(w, NULL);
	j_str(w, "rel", "bookmark");
	kind_link(w, u->bookmark, kind, id);
	j_end(w);
	j_end(w);
}

/* The query without marker, as it was sent, ready for one more pair. */
static void other_parameters(const char *query, struct buf *out)
{
	size_t n;

	for (; *query; query += n + (query[n] == '&')) {
		n = strcspn(query, "&");
		if (n == 0 || strncmp(query, "marker=", 7) == 0)
			continue;
		buf_add(out, query, n);
		buf_addc(out, '&');
	}
}

void next_view(struct req *rq, const struct page *p)
{
	struct buf query = { 0 };

	if (p->n == 0 || p->n < p->limit)
		return;
	other_parameters(rq->http->query, &query);
	j_arr(&rq->w, p->key);
	link_view(&rq->w, "next", req_printf(rq, "%s%s?%smarker=%s",
					     rq->base_url, rq->http->path,
					     buf_str(&query), p->last));
	j_end(&rq->w);
	buf_fini(&query);
}

/* -- the caller ----------------------------------------------------------- */

const char *scope_of(const struct req *rq)
{
	return rq->token->is_admin ? NULL : rq->token->project_id;
}

const char *caller_json(struct req *rq)
{
	struct buf out = { 0 };
	const char *text;
	struct jw w;

	jw_init(&w, &out);
	j_obj(&w, NULL);
	j_str(&w, "user_id", rq->token->user_id);
	j_str(&w, "project_id", rq->token->project_id);
	j_str(&w, "request_id", rq->id);
	j_end(&w);
	text = arena_strdup(req_arena(rq), buf_str(&out));
	buf_fini(&out);
	return text;
}

void wake_agent(struct req *rq, const char *host)
{
	(void)req_notify(rq, "lite_job", host);
}

bool is_uuid(const char *s)
{
	int i;

	for (i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return s[36] == '\0';
}

const char *path_server(struct req *rq)
{
	const char *id = req_path(rq, "server_id");

	if (is_uuid(id))
		return id;
	no_server(rq);
	return NULL;
}

int no_server(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "Instance %s could not be found.",
		    req_path(rq, "server_id"));
}

int no_flavor(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, "Flavor %s could not be found.",
		    req_path(rq, "flavor_id"));
}

/* -- bad input ------------------------------------------------------------ */

int bad_value(struct req *rq, const char *field, const json_t *v,
	      const char *fmt, ...)
{
	_cleanup_(buf_fini) struct buf value = { 0 };
	_cleanup_(buf_fini) struct buf text = { 0 };
	va_list ap;

	py_str(&value, v);
	py_repr(&text, v);
	buf_addc(&text, ' ');
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field/attribute "
		    "%s. Value: %s. %s", field, buf_str(&value),
		    buf_str(&text));
}

int bad_string(struct req *rq, const char *field, const char *s,
	       const char *text)
{
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field/attribute "
		    "%s. Value: %s. '%s' %s", field, s, s, text);
}

int bad_query(struct req *rq, const char *name, const char *value,
	      const char *text)
{
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for query parameters "
		    "%s. Value: %s. '%s' %s", name, value, value, text);
}

int query_limit(struct req *rq, int64_t *limit_r)
{
	const char *s = req_query(rq, "limit");
	long v;

	*limit_r = LIMIT_MAX;
	if (!s || !*s)
		return 0;
	if (s[strspn(s, "0123456789")])
		return bad_query(rq, "limit", s,
				 "does not match '^[0-9]*$'");
	v = strlen(s) > 9 ? LIMIT_MAX : strtol(s, NULL, 10);
	*limit_r = v > LIMIT_MAX ? LIMIT_MAX : v;
	return 0;
}

bool text_is_true(const char *s)
{
	static const char *const words[] = { "1", "t", "true", "on", "y",
					     "yes" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

/* -- JSON ----------------------------------------------------------------- */

const char *json_text(struct req *rq, const json_t *v)
{
	char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	const char *copy = arena_strdup(req_arena(rq), text);

	free(text);
	return copy;
}

static int bad_map_key(struct req *rq, const char *field, const json_t *map,
		       const char *key)
{
	_cleanup_(buf_fini) struct buf value = { 0 };

	py_str(&value, map);
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field/attribute "
		    "%s. Value: %s. '%s' does not match any of the regexes: "
		    "'^[a-zA-Z0-9-_:. ]{1,255}$'", field, buf_str(&value),
		    key);
}

static bool map_key_ok(const char *key)
{
	size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:. ");

	return n > 0 && n <= 255 && key[n] == '\0';
}

int check_string_map(struct req *rq, const char *field, const json_t *map)
{
	const char *key, *s;
	json_t *v;

	json_object_foreach((json_t *)map, key, v) {
		s = json_string_value(v);
		if (!map_key_ok(key))
			return bad_map_key(rq, field, map, key);
		if (!s)
			return bad_value(rq, key, v,
					 "is not of type 'string'");
		if (text_chars(s) > 255)
			return bad_value(rq, key, v, "is too long");
	}
	return 0;
}
