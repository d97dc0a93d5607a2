/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/http/slice.h"

enum {
	CONNECT_TIMEOUT_MS = 10000,
	ANSWER_MAX = 64 << 20,		/* bytes of an answer kept in memory */
	SLOW_BYTES = 1024, SLOW_SECONDS = 30,
};

struct http_client {
	CURL *curl;
	int timeout_ms;
	char error[CURL_ERROR_SIZE];
};

/* Where the answer goes. */
struct sink {
	CURL *curl;
	struct buf *out;		/* or */
	int (*fn)(const void *data, size_t n, void *arg);
	void *arg;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http_client *http_client_new(int timeout_ms)
{
	struct http_client *c = xcalloc(1, sizeof(*c));

	pthread_once(&once, curl_start);
	c->timeout_ms = timeout_ms;
	c->curl = curl_easy_init();
	if (!c->curl)
		abort();	/* as xmalloc */
	return c;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	free(c);
}

static size_t sink_write(char *data, size_t size, size_t n, void *arg)
{
	struct sink *sink = arg;
	long status = 0;

	n *= size;
	if (sink->out) {
		if (sink->out->len + n > ANSWER_MAX)
			return 0;
		buf_add(sink->out, data, n);
		return n;
	}
	/* what an error says is not the file */
	curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
	return status == 200 && sink->fn(data, n, sink->arg) < 0 ? 0 : n;
}

static struct curl_slist *header_list(const char *const *headers)
{
	struct curl_slist *list = NULL;

	/* curl would wait a second for a 100 that few servers send */
	list = curl_slist_append(list, "Expect:");
	for (; headers && *headers; headers++)
		list = curl_slist_append(list, *headers);
	return list;
}

static void body_set(CURL *curl, const char *method, const struct buf *body)
{
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)body->len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
				 body->len ? body->data : "");
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

/*
 * No file:// and the like, no proxy of the environment, no signals in our
 * threads. Redirects are the caller's: following them here would carry the
 * headers, a token perhaps, to whatever host the answer names.
 */
static void request_set(struct http_client *c, const char *url,
			struct sink *sink)
{
	curl_easy_reset(c->curl);	/* keeps the connections */
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, sink_write);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, sink);
	c->error[0] = '\0';
}

/* "host:port" of url; what stands around it may be secret. */
static struct slice url_host(const char *url)
{
	const char *start = strstr(url, "://");
	struct slice s = { start ? start + 3 : url, 0 }, host;

	s.n = strcspn(s.p, "/?#");
	while (host = slice_cut(&s, '@'), s.n)
		;
	return host;
}

/* Performs; the status, or -1. Frees list. */
static int request_run(struct http_client *c, const char *url,
		       struct curl_slist *list, struct err *e)
{
	struct slice host = url_host(url);
	CURLcode rc;
	long status = 0;

	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
	rc = curl_easy_perform(c->curl);
	curl_slist_free_all(list);
	if (rc != CURLE_OK) {
		err_set(e, ERR_UNAVAILABLE, NULL);
		return err_detail(e, "%.*s: %s", (int)host.n, host.p,
				  *c->error ? c->error
					    : curl_easy_strerror(rc));
	}
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

/* A transfer may take as long as it likes, but it has to move. */
static void transfer_set(CURL *curl)
{
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
}

/* The file that is sent, and how far. */
struct source {
	int fd;
	int64_t at, size;
};

static size_t source_read(char *data, size_t size, size_t n, void *arg)
{
	struct source *s = arg;
	ssize_t got;

	do
		got = pread(s->fd, data, size * n, s->at);
	while (got < 0 && errno == EINTR);
	if (got < 0 || (got == 0 && s->at < s->size))
		return CURL_READFUNC_ABORT;
	s->at += got;
	return (size_t)got;
}

/* A connection that had been kept alive for too long is tried anew. */
static int source_seek(void *arg, curl_off_t at, int whence)
{
	struct source *s = arg;

	if (whence != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	s->at = at;
	return CURL_SEEKFUNC_OK;
}

static void file_set(CURL *curl, struct source *s)
{
	transfer_set(curl);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->size);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, source_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, s);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, source_seek);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, s);
}

int http_client_do(struct http_client *c, const struct http_call *call,
		   struct buf *out, struct err *e)
{
	struct sink sink = { .curl = c->curl, .out = out };
	struct source source = { 0 };

	buf_reset(out);
	request_set(c, call->url, &sink);
	if (call->file) {
		source = (struct source){ call->file->fd, 0,
					  call->file->size };
		file_set(c->curl, &source);
	} else {
		curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS,
				 (long)c->timeout_ms);
	}
	body_set(c->curl, call->method ? call->method : "GET", call->body);
	return request_run(c, call->url, header_list(call->headers), e);
}

int http_client_get(struct http_client *c, const struct http_call *call,
		    http_sink *fn, void *arg, struct err *e)
{
	struct sink sink = { .curl = c->curl, .fn = fn, .arg = arg };

	request_set(c, call->url, &sink);
	transfer_set(c->curl);
	return request_run(c, call->url, header_list(call->headers), e);
}

const char *http_client_header(const struct http_client *c, const char *name)
{
	struct curl_header *h;

	if (curl_easy_header(c->curl, name, 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return NULL;
	return h->value;
}
