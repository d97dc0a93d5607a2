/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"

#include <assert.h>

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
		{ 203, "Non-Authoritative Information" },
		{ 204, "No Content" }, { 205, "Reset Content" },
		{ 206, "Partial Content" }, { 300, "Multiple Choices" },
		{ 301, "Moved Permanently" }, { 302, "Found" },
		{ 303, "See Other" }, { 304, "Not Modified" },
		{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
		{ 408, "Request Timeout" }, { 409, "Conflict" },
		{ 410, "Gone" }, { 411, "Length Required" },
		{ 412, "Precondition Failed" },
		{ 413, "Request Entity Too Large" },
		{ 414, "Request-URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Requested Range Not Satisfiable" },
		{ 417, "Expectation Failed" },
		{ 422, "Unprocessable Entity" }, { 423, "Locked" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" },
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

/* RFC 9110, 8.6: these have no content, not even of length 0. */
static bool is_bodiless(int status)
{
	return status < 200 || status == 204 || status == 304;
}

bool reply_has_body(const struct http_conn *c)
{
	return !c->head_only && !is_bodiless(c->rq.status);
}

/*
 * Unread body stands between this request and the next. A little of it is
 * read away; for more, or where the client may never send it because it
 * waits for a 100, the connection is given up.
 */
static bool must_close(const struct http_conn *c)
{
	if (c->rq.close || c->rq.aborted || !c->keep_alive ||
	    atomic_load_explicit(&c->server->stopping, memory_order_acquire))
		return true;
	return !c->body.done && (c->expect || c->body.chunked ||
				 c->body.left > DRAIN_MAX);
}

void reply_prepare(struct http_conn *c, const char *date)
{
	struct http_req *rq = &c->rq;
	struct buf *w = &c->wire;

	assert(rq->status >= 200 && rq->status <= 599);
	rq->close = must_close(c);
	buf_reset(w);
	buf_adds(w, "HTTP/1.1 ");
	buf_addu(w, (uint64_t)rq->status);
	buf_addc(w, ' ');
	buf_adds(w, reason(rq->status));
	buf_adds(w, "\r\nDate: ");
	buf_adds(w, date);
	if (!is_bodiless(rq->status)) {
		buf_adds(w, "\r\nContent-Length: ");
		buf_addu(w, rq->file_fd >= 0 ? (uint64_t)rq->file_len
					     : rq->out.len);
	}
	if (rq->close)
		buf_adds(w, "\r\nConnection: close");
	else if (c->minor0)
		buf_adds(w, "\r\nConnection: keep-alive");
	buf_adds(w, "\r\n");
	buf_add(w, rq->head.data, rq->head.len);
	buf_adds(w, "\r\n");
}
