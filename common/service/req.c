/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/value.h"
#include "common/service/service.h"

struct arena *req_arena(struct req *rq)
{
	return &rq->http->arena;
}

const char *req_path(const struct req *rq, const char *name)
{
	int i;

	for (i = 0; i < rq->match.nparams; i++)
		if (strcmp(rq->match.params[i].name, name) == 0)
			return rq->match.params[i].value;
	assert(!"the route has no such parameter");
	return NULL;
}

const char *req_query(struct req *rq, const char *name)
{
	const char *key, *value;
	size_t pos = 0;

	while (http_query_next(rq->http, &pos, &key, &value))
		if (strcmp(key, name) == 0)
			return value;
	return NULL;
}

int req_query_int(struct req *rq, const char *name, int64_t lo, int64_t hi,
		  int64_t dflt, int64_t *v_r)
{
	const char *s = req_query(rq, name);
	char *end;
	long long v;

	if (!s) {
		*v_r = dflt;
		return 0;
	}
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || end == s || *end || v < lo || v > hi)
		return fail(rq, ERR_BAD_REQUEST,
			    "%s must be an integer from %lld to %lld.", name,
			    (long long)lo, (long long)hi);
	*v_r = v;
	return 0;
}

const char *req_header(const struct req *rq, const char *name)
{
	return http_header(rq->http, name);
}

char *req_printf(struct req *rq, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	s = arena_alloc(req_arena(rq), (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

static int body_bad(struct req *rq, const char *rule, const char *text)
{
	struct jbad bad = { .rule = rule };

	snprintf(bad.text, sizeof(bad.text), "%s", text);
	return rq->svc->bad_field(rq, "", &bad);
}

static void body_drop(void *body)
{
	json_decref(body);
}

json_t *req_json(struct req *rq)
{
	const char *type = req_header(rq, "Content-Type");
	struct err e = { 0 };

	if (rq->body)
		return rq->body;
	if (type && !http_media_is(type, "application/json")) {
		body_bad(rq, "media", "Unsupported Content-Type");
		return NULL;
	}
	if (rq->http->body_len == 0) {
		body_bad(rq, "empty", "A JSON body is required.");
		return NULL;
	}
	rq->body = json_parse(rq->http->body, rq->http->body_len, &e);
	if (!rq->body) {
		body_bad(rq, "json", e.msg);
		return NULL;
	}
	arena_own(req_arena(rq), rq->body, body_drop);
	return rq->body;
}

int req_fields(struct req *rq, json_t *obj, const char *path,
	       const struct jfield *f, void *out)
{
	struct jbad bad;

	if (json_fields(obj, f, rq->mv, out, &bad) < 0)
		return rq->svc->bad_field(rq, path, &bad);
	return 0;
}

int req_body(struct req *rq, const char *key, const struct jfield *f,
	     void *out)
{
	struct jbad bad = { .rule = "required" };
	json_t *body = req_json(rq), *part = body;

	if (!body)
		return -1;
	if (!json_is_object(body)) {
		bad.rule = "type";
		snprintf(bad.text, sizeof(bad.text),
			 "The body is not of type 'object'");
		return rq->svc->bad_field(rq, "", &bad);
	}
	if (key) {
		part = json_object_get(body, key);
		snprintf(bad.field, sizeof(bad.field), "%s", key);
		snprintf(bad.text, sizeof(bad.text),
			 "'%s' is a required property", key);
		if (!part)
			return rq->svc->bad_field(rq, "", &bad);
	}
	return req_fields(rq, part, key ? key : "", f, out);
}

int fail(struct req *rq, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(&rq->err, kind, fmt, ap);
	va_end(ap);
	return -1;
}
