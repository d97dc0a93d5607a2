/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough HTTP/1.1 (RFC 9112) to ask a service at a numeric address: a
 * static program has no resolver, and libcurl would make ten of this one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "activation-agent/agent.h"
#include "common/base/mem.h"

enum { ANSWER_MAX = 1 << 20,
       CONNECT_MS = 10000,
       PAUSE_MS = 500 };

long long clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* -- an answer ------------------------------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 ..."; 0: it is not. */
static int status_of(const char *s, size_t n)
{
	if (n < 12 || memcmp(s, "HTTP/1.", 7) != 0 || !is_digit(s[7]) ||
	    s[8] != ' ' || !is_digit(s[9]) || !is_digit(s[10]) ||
	    !is_digit(s[11]))
		return 0;
	return (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
}

/* The header's value up to its line's end, or NULL; head ends in CRLF CRLF. */
static const char *header(const char *head, const char *name)
{
	size_t n = strlen(name);
	const char *line;

	for (line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
	}
	return NULL;
}

static int check_length(const char *head, size_t len, struct err *e)
{
	const char *v = header(head, "Content-Length");
	char *end;
	unsigned long long n;

	if (header(head, "Transfer-Encoding") || !v || !is_digit(*v))
		return refuse(e, "an answer without its length");
	n = strtoull(v, &end, 10);
	if (*end != '\r' && *end != ' ')
		return refuse(e, "an answer without its length");
	if (n != len)
		return refuse(e, "an answer of %llu bytes was cut to %zu", n,
			      len);
	return 0;
}

int answer_parse(const char *data, size_t n, int *status_r,
		 const char **body_r, size_t *len_r, struct err *e)
{
	const char *end = memmem(data, n, "\r\n\r\n", 4);
	_cleanup_(cleanup_free) char *head = NULL;
	int status = status_of(data, n);
	size_t head_len;

	if (!status || !end || memchr(data, '\0', end - data))
		return refuse(e, "what came is not an answer in HTTP");
	head_len = end + 4 - data;
	head = xmalloc(head_len + 1);
	memcpy(head, data, head_len);
	head[head_len] = '\0';
	if (check_length(head, n - head_len, e) < 0)
		return -1;
	*status_r = status;
	*body_r = data + head_len;
	*len_r = n - head_len;
	return 0;
}

/* -- a connection --------------------------------------------------------- */

static int wait_for(int fd, short events, long long until)
{
	struct pollfd p = { fd, events, 0 };
	long long left = until - clock_ms();
	int n;

	if (left <= 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	n = poll(&p, 1, left);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 ? 0 : -1;
}

static int address_of(const char *url, struct sockaddr_in *to, struct err *e)
{
	char host[INET_ADDRSTRLEN];
	unsigned int port = 80;
	int n = 0;

	*to = (struct sockaddr_in){ .sin_family = AF_INET };
	if (sscanf(url, "http://%15[0-9.]%n:%u%n", host, &n, &port, &n) < 1 ||
	    url[n] || port == 0 || port > 65535 ||
	    inet_pton(AF_INET, host, &to->sin_addr) != 1)
		return refuse(e, "%s: not http://ADDRESS[:PORT]", url);
	to->sin_port = htons(port);
	return 0;
}

static int dial(const struct sockaddr_in *to, long long until)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	socklen_t n = sizeof(errno);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0)
		return fd;
	if (errno == EINPROGRESS && wait_for(fd, POLLOUT, until) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &n) == 0 && !errno)
		return fd;
	close(fd);
	return -1;
}

static int send_all(int fd, const struct buf *b, long long until)
{
	size_t done = 0;
	ssize_t n;

	while (done < b->len) {
		n = send(fd, b->data + done, b->len - done, MSG_NOSIGNAL);
		if (n >= 0)
			done += n;
		else if (errno != EAGAIN || wait_for(fd, POLLOUT, until) < 0)
			return -1;
	}
	return 0;
}

static int read_all(int fd, struct buf *b, long long until)
{
	ssize_t n;

	for (;;) {
		n = read(fd, buf_reserve(b, 4096), 4096);
		if (n == 0)
			return 0;
		if (n > 0 && b->len + n > ANSWER_MAX) {
			errno = EMSGSIZE;
			return -1;
		}
		if (n > 0)
			b->len += n;
		else if (errno != EAGAIN || wait_for(fd, POLLIN, until) < 0)
			return -1;
	}
}

/* -- asking --------------------------------------------------------------- */

static void put_request(const struct service *s, const char *path,
			const char *body, struct buf *out)
{
	buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
		   "User-Agent: activation-agent\r\n", body ? "POST" : "GET",
		   path, s->url + strlen("http://"));
	if (body)
		buf_printf(out, "Content-Type: application/json\r\n"
			   "Content-Length: %zu\r\n", strlen(body));
	buf_printf(out, "\r\n%s", body ? body : "");
}

/* Once it is asked, the answer is waited for: keys may have to be made first,
 * and what was given is not given again. */
static int exchange(const struct sockaddr_in *to, const struct buf *request,
		    long long deadline, struct buf *reply_r)
{
	long long until = clock_ms() + CONNECT_MS;
	_cleanup_(cleanup_close) int fd =
		dial(to, until < deadline ? until : deadline);

	if (fd < 0 || send_all(fd, request, deadline) < 0)
		return -1;
	return read_all(fd, reply_r, deadline);
}

enum { SILENCE = -1, NOISE = -2 };

static int attempt(const struct service *s, const struct sockaddr_in *to,
		   const struct buf *request, struct answer *a_r,
		   struct err *e)
{
	_cleanup_(buf_fini) struct buf reply = { 0 };
	const char *body;
	size_t len;
	int rc;

	rc = exchange(to, request, s->deadline, &reply);
	if (rc < 0)
		refuse_errno(e, "%s", s->url);
	else
		rc = answer_parse(reply.data, reply.len, &a_r->status, &body,
				  &len, e);
	if (rc == 0)
		buf_add(&a_r->body, body, len);
	rc = rc < 0 && reply.len > 0 ? NOISE : rc;
	if (reply.data)
		explicit_bzero(reply.data, reply.cap);
	return rc;
}

int fetch(const struct service *s, const char *path, const char *body,
	  struct answer *a_r, struct err *e)
{
	_cleanup_(buf_fini) struct buf request = { 0 };
	struct sockaddr_in to;
	int rc;

	if (address_of(s->url, &to, e) < 0)
		return -1;
	put_request(s, path, body, &request);
	for (;;) {
		rc = attempt(s, &to, &request, a_r, e);
		if (rc == 0 && a_r->status < 500)
			return 0;
		/* What was given is not given again: say what became of it. */
		if (rc == NOISE && body)
			return -1;
		if (rc == 0) {
			refuse(e, "%s answers %d", s->url, a_r->status);
			buf_reset(&a_r->body);
		}
		if (clock_ms() + PAUSE_MS >= s->deadline)
			return -1;
		usleep(PAUSE_MS * 1000);
	}
}
