/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_HTTP_RIG_H
#define LITE_HTTP_RIG_H

/* A small server to shoot at, and a client that sends raw bytes. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/http/server.h"
#include "common/http/slice.h"
#include "common/http/value.h"

#define PING "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

struct rig {
	struct http_server *server;
	int port;
	atomic_int finished, aborted;
	int file_fd;			/* what GET /file sends */
	int64_t file_size;
};

/* ---- the server: what a path does ------------------------------------- */

static inline void rig_text(struct http_req *rq, int status, const char *text)
{
	rq->status = status;
	buf_adds(&rq->head, "Content-Type: text/plain\r\n");
	buf_adds(&rq->out, text);
	http_send(rq);
}

static inline void rig_work(struct http_req *rq)
{
	rig_text(rq, 200, "worked");
}

static inline void rig_slow(struct http_req *rq)
{
	usleep(200000);
	rig_text(rq, 200, "slow");
}

static inline void rig_resumed(struct http_req *rq)
{
	rig_text(rq, 200, "resumed");
}

static inline void rig_resume(struct http_req *rq)
{
	http_resume(rq, rig_resumed);
}

static inline void rig_upload(struct http_req *rq)
{
	struct err e = { 0 };
	char buf[4096], line[64];
	uint64_t total = 0, sum = 0;
	ssize_t n;

	while ((n = http_body_read(rq, buf, sizeof(buf), &e)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum += ++total * (unsigned char)buf[i];
	}
	if (n < 0) {
		rig_text(rq, err_status(e.kind), e.msg);
		return;
	}
	snprintf(line, sizeof(line), "%llu %llu", (unsigned long long)total,
		 (unsigned long long)sum);
	rig_text(rq, 201, line);
}

static inline void rig_peek(struct http_req *rq)
{
	struct err e = { 0 };
	char buf[16];

	http_body_read(rq, buf, sizeof(buf), &e);
	rig_text(rq, 409, "enough");
}

static inline void rig_file(struct http_req *rq, const struct rig *rig)
{
	const char *range = http_header(rq, "range");
	int64_t first = 0, last = rig->file_size - 1;

	rq->status = 200;
	if (range) {
		struct slice s = { range, strlen(range) };

		rq->status = 206;
		if (http_range_parse(s, rig->file_size, &first, &last) !=
		    HTTP_RANGE_OK) {
			rig_text(rq, 416, "");
			return;
		}
	}
	rq->file_fd = dup(rig->file_fd);
	rq->file_off = first;
	rq->file_len = last - first + 1;
	http_send(rq);
}

static inline void rig_big(struct http_req *rq)
{
	rq->status = 200;
	memset(buf_reserve(&rq->out, 8 << 20), 'b', 8 << 20);
	rq->out.len = 8 << 20;
	http_send(rq);
}

static inline void rig_query(struct http_req *rq)
{
	const char *name, *value;
	size_t pos = 0;

	buf_printf(&rq->out, "%s %s", rq->method, rq->path);
	while (http_query_next(rq, &pos, &name, &value))
		buf_printf(&rq->out, " %s=%s", name, value);
	rig_text(rq, 200, "");
}

static inline int rig_head(struct http_req *rq, void *arg)
{
	(void)arg;
	if (strcmp(rq->path, "/early") == 0) {
		rq->status = 403;
		buf_adds(&rq->out, "no");
		return -1;
	}
	if (strcmp(rq->path, "/upload") == 0 || strcmp(rq->path, "/peek") == 0)
		return HTTP_STREAM;
	return HTTP_BUFFER;
}

static inline void rig_request(struct http_req *rq, void *arg)
{
	struct rig *rig = arg;
	const char *path = rq->path;

	if (strcmp(path, "/ping") == 0)
		rig_text(rq, 200, "{\"pong\": true}");
	else if (strcmp(path, "/echo") == 0)
		rig_text(rq, 200, rq->body);
	else if (strcmp(path, "/put") == 0)
		rig_text(rq, 201, "");
	else if (strcmp(path, "/none") == 0)
		rig_text(rq, 204, "");
	else if (strcmp(path, "/work") == 0)
		http_work(rq, HTTP_POOL_WORK, rig_work);
	else if (strcmp(path, "/slow") == 0)
		http_work(rq, HTTP_POOL_HASH, rig_slow);
	else if (strcmp(path, "/resume") == 0)
		http_work(rq, HTTP_POOL_WORK, rig_resume);
	else if (strcmp(path, "/upload") == 0)
		http_stream(rq, rig_upload);
	else if (strcmp(path, "/peek") == 0)
		http_stream(rq, rig_peek);
	else if (strcmp(path, "/file") == 0)
		rig_file(rq, rig);
	else if (strcmp(path, "/big") == 0)
		rig_big(rq);
	else if (strncmp(path, "/query", 6) == 0)
		rig_query(rq);
	else
		rig_text(rq, 404, "?");
}

static inline void rig_finished(struct http_req *rq, void *arg)
{
	struct rig *rig = arg;

	atomic_fetch_add(&rig->finished, 1);
	if (rq->aborted)
		atomic_fetch_add(&rig->aborted, 1);
}

static inline void rig_refuse(struct http_req *rq, void *arg)
{
	(void)arg;
	buf_printf(&rq->out, "refused %d", rq->status);
}

/* conf: what differs from the defaults. */
static inline void rig_start(struct rig *rig, struct http_conf conf)
{
	static const struct http_events events = {
		.head = rig_head,
		.request = rig_request,
		.refuse = rig_refuse,
		.finished = rig_finished,
	};
	struct err e = { 0 };

	if (!conf.listen)
		conf.listen = "127.0.0.1:0";
	conf.events = &events;
	conf.arg = rig;
	atomic_store(&rig->finished, 0);
	atomic_store(&rig->aborted, 0);
	rig->server = http_server_new(&conf, &e);
	if (!rig->server)
		fail_msg("%s %s", e.msg, e.detail);
	rig->port = http_server_port(rig->server);
}

/* ---- the client -------------------------------------------------------- */

static inline int rig_connect(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons((uint16_t)port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval tv = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

static inline void rig_write(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			return;		/* the reply will tell */
		p += done;
		n -= (size_t)done;
	}
}

static inline void rig_puts(int fd, const char *text)
{
	rig_write(fd, text, strlen(text));
}

/* Reads until n bytes are there or the end; the number of bytes in b. */
static inline size_t rig_read(int fd, struct buf *b, size_t n)
{
	while (b->len < n) {
		ssize_t got = recv(fd, buf_reserve(b, 65536), 65536, 0);

		if (got <= 0)
			break;
		b->len += (size_t)got;
	}
	return b->len;
}

struct answer {
	int status;
	char head[2048];
	struct buf body;
};

/*
 * Reads one answer; in holds what was read too much before. Status 0 when the
 * connection ended instead. (head_only: the answer to HEAD.)
 */
static inline void rig_answer(int fd, struct buf *in, struct answer *a,
			      int head_only)
{
	size_t head, len = 0;
	char *end, *cl;

	a->status = 0;
	buf_reset(&a->body);
	while (!(end = strstr(buf_str(in), "\r\n\r\n")))
		if (rig_read(fd, in, in->len + 1) == strlen(buf_str(in)) &&
		    !strstr(buf_str(in), "\r\n\r\n")) {
			struct pollfd p = { fd, POLLIN, 0 };
			char c;

			if (poll(&p, 1, 20000) <= 0 ||
			    recv(fd, &c, 1, MSG_PEEK) <= 0)
				return;
		}
	head = (size_t)(end - in->data) + 4;
	assert_true(head < sizeof(a->head));
	memcpy(a->head, in->data, head);
	a->head[head] = '\0';
	a->status = atoi(a->head + strlen("HTTP/1.1 "));
	cl = strcasestr(a->head, "\r\nContent-Length: ");
	if (cl && !head_only)
		len = strtoull(cl + 18, NULL, 10);
	assert_int_equal(rig_read(fd, in, head + len) >= head + len, 1);
	buf_add(&a->body, in->data + head, len);
	memmove(in->data, in->data + head + len, in->len - head - len);
	in->len -= head + len;
}

/* One request on a connection of its own. */
static inline void rig_ask(const struct rig *rig, const char *request,
			   struct answer *a)
{
	struct buf in = { 0 };
	int fd = rig_connect(rig->port);

	rig_puts(fd, request);
	rig_answer(fd, &in, a, strncmp(request, "HEAD", 4) == 0);
	buf_fini(&in);
	close(fd);
}

#endif
