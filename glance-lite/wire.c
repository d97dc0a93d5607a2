/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "glance-lite/glance.h"

/*
 * Glance's errors are WebOb's: an explanation, a line break, a detail, as
 * JSON, HTML or plain text by the Accept header. In err.msg the two are
 * separated by this character; no explanation means the status' own.
 */
#define SEPARATOR '\x1f'

/* The statuses for which WebOb has words or a layout of its own. */
static const struct webob {
	int status;
	const char *reason, *explanation;
} webob[] = {
	{ 400, "Bad Request", "The server could not comply with the request "
	  "since it is either malformed or otherwise incorrect." },
	{ 401, "Unauthorized", "This server could not verify that you are "
	  "authorized to access the document you requested. Either you "
	  "supplied the wrong credentials (e.g., bad password), or your "
	  "browser does not understand how to supply the credentials "
	  "required." },
	{ 403, "Forbidden", "Access was denied to this resource." },
	{ 404, "Not Found", "The resource could not be found." },
	{ 405, "Method Not Allowed", NULL },
	{ 409, "Conflict",
	  "There was a conflict when trying to complete your request." },
	{ 410, "Gone", "This resource is no longer available. No forwarding "
	  "address is given." },
	{ 413, "Request Entity Too Large",
	  "The body of your request was too large for this server." },
	{ 415, "Unsupported Media Type", NULL },
	{ 416, "Request Range Not Satisfiable",
	  "The Range requested is not available." },
	{ 503, "Service Unavailable", "The server is currently unavailable. "
	  "Please try again at a later time." },
	{ 500, "Internal Server Error", "The server has either erred or is "
	  "incapable of performing the requested operation." },
};

static const struct webob *webob_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(webob); i++)
		if (webob[i].status == status)
			return &webob[i];
	return &webob[ARRAY_LEN(webob) - 1];
}

int fail_detail(struct req *rq, enum err_kind kind, const char *fmt, ...)
{
	char detail[sizeof(rq->err.msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	return fail(rq, kind, "%c%s", SEPARATOR, detail);
}

int reply_done(struct req *rq, int status)
{
	reply_header(rq, "Content-Type", "text/html; charset=UTF-8");
	return reply(rq, status);
}

/* -- hooks before a handler ----------------------------------------------- */

/* What is not below /v2 is answered with the list of versions. */
int glance_before_route(struct req *rq)
{
	static const char *const known[] = { "/versions", "/healthcheck",
					     "/v2" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(rq->path, known[i]) == 0)
			return 0;
	if (strncmp(rq->path, "/v2/", 4) != 0)
		rq->path = "/";
	return 0;
}

int glance_no_route(struct req *rq)
{
	if (!req_header(rq, "X-Auth-Token"))
		return fail(rq, ERR_UNAUTHORIZED, NULL);
	return fail(rq, rq->match.path_known ? ERR_BAD_METHOD : ERR_NOT_FOUND,
		    NULL);
}

int glance_deny(struct req *rq)
{
	return fail(rq, ERR_FORBIDDEN,
		    "You are not authorized to complete %s action.",
		    rq->route->policy);
}

int glance_bad_field(struct req *rq, const char *path, const struct jbad *bad)
{
	(void)path;
	return fail(rq, ERR_BAD_REQUEST, "%s", bad->text);
}

static void body_drop(void *body)
{
	json_decref(body);
}

json_t *glance_body(struct req *rq)
{
	struct err e;

	if (rq->body)
		return rq->body;
	if (rq->http->body_len == 0) {
		fail(rq, ERR_BAD_REQUEST, "Body expected in request.");
		return NULL;
	}
	rq->body = json_parse(rq->http->body, rq->http->body_len, &e);
	if (!rq->body) {
		fail(rq, ERR_BAD_REQUEST, "Malformed JSON in request body.");
		return NULL;
	}
	arena_own(req_arena(rq), rq->body, body_drop);
	return rq->body;
}

/* -- errors as bytes ------------------------------------------------------ */

static void add_escaped(struct buf *out, const char *s, size_t n)
{
	static const char *const entity[256] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;",
		['"'] = "&quot;", ['\''] = "&#x27;",
	};

	for (size_t i = 0; i < n; i++) {
		if (entity[(unsigned char)s[i]])
			buf_adds(out, entity[(unsigned char)s[i]]);
		else
			buf_addc(out, s[i]);
	}
}

static void add_text(struct buf *out, const char *s, size_t n, bool html)
{
	if (html)
		add_escaped(out, s, n);
	else
		buf_add(out, s, n);
}

#define BREAK "<br /><br />"

/* The body template of WebOb's exception for this status. */
static void message(struct req *rq, const struct webob *w, bool html,
		    const char *brk, struct buf *out)
{
	const char *msg = rq->err.msg, *type;
	const char *sep = strchr(msg, SEPARATOR);
	const char *detail = sep ? sep + 1 : "";
	size_t n = sep ? (size_t)(sep - msg) : strlen(msg);

	if (w->status == 405) {
		buf_printf(out, "The method %s is not allowed for this "
			   "resource. %s\n", rq->http->method, brk);
		return;
	}
	if (w->status == 415) {
		type = req_header(rq, "Content-Type");
		buf_adds(out, "The request media type ");
		type = type ? type : "text/plain";
		add_text(out, type, strlen(type), html);
		buf_printf(out, " is not supported by this server.\n%s\n",
			   brk);
		return;
	}
	if (n == 0 || w->status == 401 || w->status == 500) {
		msg = w->explanation;
		n = strlen(msg);
	}
	add_text(out, msg, n, html);
	buf_printf(out, "%s\n", brk);
	add_text(out, detail, strlen(detail), html);
	buf_adds(out, "\n\n");
}

/* The quality that an Accept header gives to type/subtype, 0 for none. */
static double quality(const char *accept, const char *type, size_t major)
{
	double best = 0, q;
	const char *p = accept, *end, *param;

	while (p && *p) {
		p += strspn(p, " ,\t");
		end = p + strcspn(p, ",");
		param = memmem(p, (size_t)(end - p), "q=", 2);
		q = param ? strtod(param + 2, NULL) : 1;
		if ((strncmp(p, type, strlen(type)) == 0 ||
		     strncmp(p, "*/*", 3) == 0 ||
		     (strncmp(p, type, major) == 0 && p[major] == '*')) &&
		    q > best)
			best = q;
		p = end;
	}
	return best;
}

static void render_json(struct req *rq, const struct webob *w)
{
	struct buf text = { 0 };

	message(rq, w, false, BREAK, &text);
	j_obj(&rq->w, NULL);
	j_str(&rq->w, "message", buf_str(&text));
	j_strf(&rq->w, "code", "%d %s", w->status, w->reason);
	j_str(&rq->w, "title", w->reason);
	j_end(&rq->w);
	buf_fini(&text);
	reply_header(rq, "Content-Type", "application/json");
}

static void render_html(struct req *rq, const struct webob *w)
{
	struct buf *out = &rq->http->out;

	buf_printf(out, "<html>\n <head>\n  <title>%d %s</title>\n </head>\n"
		   " <body>\n  <h1>%d %s</h1>\n  ", w->status, w->reason,
		   w->status, w->reason);
	message(rq, w, true, BREAK, out);
	buf_adds(out, "\n </body>\n</html>");
	reply_header(rq, "Content-Type", "text/html; charset=UTF-8");
}

static void render_plain(struct req *rq, const struct webob *w)
{
	struct buf *out = &rq->http->out;

	buf_printf(out, "%d %s\n\n", w->status, w->reason);
	message(rq, w, false, "", out);
	reply_header(rq, "Content-Type", "text/plain; charset=UTF-8");
}

void glance_render_error(struct req *rq)
{
	const struct webob *w = webob_of(err_status(rq->err.kind));
	const char *accept = req_header(rq, "Accept");
	double html = quality(accept, "text/html", strlen("text/"));
	double json = quality(accept, "application/json",
			      strlen("application/"));

	if (html > 0 && html >= json)
		render_html(rq, w);
	else if (json > 0)
		render_json(rq, w);
	else
		render_plain(rq, w);
	if (w->status == 401)
		reply_header(rq, "WWW-Authenticate", "Keystone uri=\"%s\"",
			     glance()->www_authenticate);
	if (w->status == 405)
		reply_header(rq, "Allow", "%s", rq->match.allow);
	if (w->status == 415 && strcmp(rq->http->method, "PATCH") == 0)
		reply_header(rq, "Accept-Patch",
			     "application/openstack-images-v2.0-json-patch, "
			     "application/openstack-images-v2.1-json-patch");
}

void glance_finish(struct req *rq)
{
	reply_header(rq, "X-Openstack-Request-Id", "%s", rq->id);
}
