/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"
#include "common/http/target.h"

void request_init(struct http_conn *c)
{
	struct http_req *rq = &c->rq;

	rq->method = rq->query = "";
	rq->path = "/";
	rq->headers = NULL;
	rq->nheaders = 0;
	rq->peer = c->peer;
	rq->body = NULL;
	rq->body_len = 0;
	rq->content_length = -1;
	rq->chunked = false;
	rq->started = rq->loop->now;
	rq->status = 0;
	rq->file_fd = -1;
	rq->file_off = rq->file_len = 0;
	rq->close = rq->aborted = false;
	rq->user = NULL;
	rq->bytes_out = 0;
	c->body = (struct body_state){ .done = true };
	c->head_only = c->expect = c->keep_alive = c->minor0 = false;
	c->sent = 0;
	c->window = 0;
	c->waited = 0;
	c->in_request = true;
}

static const char *text(struct http_req *rq, struct slice s)
{
	return arena_strndup(&rq->arena, s.p, s.n);
}

static int target_fill(struct http_req *rq, const struct http_head *head)
{
	struct http_target target;
	char *path;
	int n;

	if (http_target_split(head->target, &target) < 0 ||
	    target.path.p[0] != '/')
		return -400;
	/* RFC 9112, 3.2: Host is to be the same as the target's authority */
	if (target.authority.n && head->host.p &&
	    (target.authority.n != head->host.n ||
	     strncasecmp(target.authority.p, head->host.p, head->host.n)))
		return -400;
	path = arena_alloc(&rq->arena, target.path.n + 1);
	n = http_path_decode(target.path, path);
	if (n < 0)
		return -400;
	path[n] = '\0';
	rq->path = path;
	rq->query = text(rq, target.query);
	return 0;
}

static void headers_fill(struct http_req *rq, const struct http_head *head)
{
	struct http_header *h = arena_alloc(&rq->arena,
					    head->nfields * sizeof(*h) + 1);

	for (size_t i = 0; i < head->nfields; i++) {
		h[i].name = text(rq, head->fields[i].name);
		h[i].value = text(rq, head->fields[i].value);
	}
	rq->headers = h;
	rq->nheaders = head->nfields;
}

int request_fill(struct http_conn *c, const struct http_head *head)
{
	struct http_req *rq = &c->rq;

	rq->method = text(rq, head->method);
	rq->content_length = head->content_length;
	rq->chunked = head->chunked;
	c->head_only = slice_is(head->method, "HEAD");
	c->minor0 = head->minor == 0;
	c->keep_alive = head->keep_alive;
	c->body.chunked = head->chunked;
	c->body.left = head->content_length > 0 ? head->content_length : 0;
	c->body.done = !head->chunked && !c->body.left;
	c->expect = head->expect_continue && !c->body.done;
	headers_fill(rq, head);
	return target_fill(rq, head);
}

enum http_chunks_result body_take(struct body_state *b, struct slice in,
				  size_t *used_r, struct slice *data_r)
{
	enum http_chunks_result result = HTTP_CHUNKS_DATA;

	if (b->chunked) {
		result = http_chunks_next(&b->chunks, in, used_r, data_r);
		b->done = result == HTTP_CHUNKS_END;
		return result;
	}
	*used_r = 0;
	if (!b->left) {
		b->done = true;
		return HTTP_CHUNKS_END;
	}
	if (!in.n)
		return HTTP_CHUNKS_MORE;
	*data_r = in;
	if ((uint64_t)b->left < in.n)
		data_r->n = (size_t)b->left;
	*used_r = data_r->n;
	b->left -= (int64_t)data_r->n;
	b->done = !b->left;
	return result;
}

const char *http_header(const struct http_req *rq, const char *name)
{
	for (size_t i = 0; i < rq->nheaders; i++)
		if (strcasecmp(rq->headers[i].name, name) == 0)
			return rq->headers[i].value;
	return NULL;
}

/* The piece decoded; one that holds a NUL counts as empty. */
static const char *query_text(struct http_req *rq, struct slice s)
{
	char *out = arena_alloc(&rq->arena, s.n + 1);
	int n = http_query_decode(s, out);

	out[n < 0 ? 0 : n] = '\0';
	return out;
}

bool http_query_next(struct http_req *rq, size_t *pos, const char **name_r,
		     const char **value_r)
{
	struct slice rest = { rq->query + *pos, strlen(rq->query + *pos) };
	struct slice key, value;
	bool found = http_pair_next(&rest, &key, &value);

	*pos = (size_t)(rest.p - rq->query);
	if (!found)
		return false;
	*name_r = query_text(rq, key);
	*value_r = query_text(rq, value);
	return true;
}
