/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets that come and go while the server serves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/http/server.h"

static char dir[] = "/tmp/lite-door-XXXXXX";
static char path[2][64];

/* GET /open and /shut move the second door; any reply names the peer. */
static void on_request(struct http_req *rq, void *arg)
{
	struct err e;

	(void)arg;
	rq->status = 200;
	if (strcmp(rq->path, "/open") == 0 &&
	    http_loop_listen(rq->loop, path[1], "guest-2", &e) < 0)
		rq->status = 500;
	if (strcmp(rq->path, "/shut") == 0)
		http_loop_unlisten(rq->loop, path[1]);
	buf_adds(&rq->out, rq->peer);
	http_send(rq);
}

static int on_head(struct http_req *rq, void *arg)
{
	(void)rq;
	(void)arg;
	return HTTP_BUFFER;
}

static int on_start(struct http_loop *l, void *arg)
{
	struct err e;

	(void)arg;
	return http_loop_listen(l, path[0], "guest-1", &e);
}

/* The reply to GET target at a door, or NULL when nobody listens. */
static const char *ask(const char *door, const char *target)
{
	static char reply[1024];
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t got = 0;
	ssize_t n = 1;

	strcpy(to.sun_path, door);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return NULL;
	}
	dprintf(fd, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		target);
	while (n > 0 && got < sizeof(reply) - 1) {
		n = read(fd, reply + got, sizeof(reply) - 1 - got);
		got += n > 0 ? (size_t)n : 0;
	}
	reply[got] = '\0';
	close(fd);
	return reply;
}

static const struct http_events events = {
	.head = on_head, .request = on_request, .loop_start = on_start,
};

static void test_doors(void **state)
{
	struct http_conf conf = { .listen = "127.0.0.1:0", .loops = 1,
				  .events = &events };
	struct http_server *s;
	struct err e;

	(void)state;
	s = http_server_new(&conf, &e);
	assert_non_null(s);
	assert_non_null(strstr(ask(path[0], "/"), "\r\n\r\nguest-1"));
	assert_null(ask(path[1], "/"));
	for (int i = 0; i < 20; i++) {
		assert_non_null(strstr(ask(path[0], "/open"), " 200 "));
		assert_non_null(strstr(ask(path[0], "/open"), " 200 "));
		assert_non_null(strstr(ask(path[1], "/"),
				       "\r\n\r\nguest-2"));
		assert_non_null(strstr(ask(path[0], "/shut"), " 200 "));
		assert_null(ask(path[1], "/"));
		assert_int_equal(access(path[1], F_OK), -1);
	}
	assert_non_null(strstr(ask(path[0], "/open"), " 200 "));
	http_server_free(s, 1000);
	assert_int_equal(access(path[0], F_OK), -1);
	assert_int_equal(access(path[1], F_OK), -1);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	for (int i = 0; i < 2; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%d.sock", dir, i);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
