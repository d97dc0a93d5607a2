/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_rig.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_start(&rig, (struct http_conf){
		.loops = 2, .hashers = 1, .queue_max = 4,
		.head_timeout_ms = 300, .idle_timeout_ms = 5000,
		.max_body = 100000 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_server_free(rig.server, 2000);
	return 0;
}

static void assert_answer(const char *request, int status, const char *body)
{
	struct answer a = { 0 };

	rig_ask(&rig, request, &a);
	assert_int_equal(a.status, status);
	assert_string_equal(buf_str(&a.body), body);
	buf_fini(&a.body);
}

static void test_simple(void **state)
{
	(void)state;
	assert_answer(PING, 200, "{\"pong\": true}");
	assert_answer("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, "?");
	assert_answer("GET /work HTTP/1.1\r\nHost: a\r\n\r\n", 200, "worked");
	assert_answer("GET /resume HTTP/1.1\r\nHost: a\r\n\r\n", 200,
		      "resumed");
	assert_answer("GET http://a/ping HTTP/1.1\r\nHost: a\r\n\r\n", 200,
		      "{\"pong\": true}");
	assert_answer("GET http://b/ping HTTP/1.1\r\nHost: a\r\n\r\n", 400,
		      "refused 400");
	assert_answer("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400,
		      "refused 400");
	assert_answer("GET /query%20x?a=1&b=x+y&a=%32&c HTTP/1.1\r\n"
		      "Host: a\r\n\r\n", 200, "GET /query x a=1 b=x y a=2 c=");
}

static void test_reply_head(void **state)
{
	struct answer a = { 0 };

	(void)state;
	rig_ask(&rig, PING, &a);
	assert_non_null(strstr(a.head, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(a.head, "\r\nDate: "));
	assert_non_null(strstr(a.head, " GMT\r\n"));
	assert_non_null(strstr(a.head, "\r\nContent-Length: 14\r\n"));
	assert_non_null(strstr(a.head, "\r\nContent-Type: text/plain\r\n"));
	assert_null(strstr(a.head, "Connection:"));
	rig_ask(&rig, "HEAD /ping HTTP/1.1\r\nHost: a\r\n\r\n", &a);
	assert_non_null(strstr(a.head, "\r\nContent-Length: 14\r\n"));
	rig_ask(&rig, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", &a);
	assert_int_equal(a.status, 204);
	assert_null(strstr(a.head, "Content-Length"));
	rig_ask(&rig, "GET /ping HTTP/1.0\r\n\r\n", &a);
	assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
	rig_ask(&rig, "GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		&a);
	assert_non_null(strstr(a.head, "\r\nConnection: keep-alive\r\n"));
	buf_fini(&a.body);
}

static void test_head_has_no_body(void **state)
{
	struct answer a = { 0 };
	struct buf in = { 0 };
	int fd = rig_connect(rig.port);

	(void)state;
	rig_puts(fd, "HEAD /ping HTTP/1.1\r\nHost: a\r\n\r\n"
		 "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n" PING);
	rig_answer(fd, &in, &a, 1);
	rig_answer(fd, &in, &a, 1);
	assert_int_equal(a.status, 200);
	rig_answer(fd, &in, &a, 0);
	assert_string_equal(buf_str(&a.body), "{\"pong\": true}");
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

static void test_bodies(void **state)
{
	(void)state;
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5"
		      "\r\n\r\nhello", 200, "hello");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n"
		      "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nT: v\r\n\r\n", 200,
		      "hello!");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\n\r\n", 200, "");
	assert_answer("POST /echo HTTP/1.1\r\nHost: a\r\n"
		      "Content-Length: 100001\r\n\r\n", 413, "refused 413");
	assert_answer("POST /upload HTTP/1.1\r\nHost: a\r\n"
		      "Content-Length: 3\r\n\r\n\1\2\3", 201, "3 14");
	assert_answer("POST /upload HTTP/1.1\r\nHost: a\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n"
		      "2\r\n\1\2\r\n1\r\n\3\r\n0\r\n\r\n", 201, "3 14");
	assert_answer("POST /upload HTTP/1.1\r\nHost: a\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n"
		      "2\r\n\1\2X\n1\r\n\3\r\n0\r\n\r\n", 400,
		      "The chunks are malformed.");
	assert_answer("POST /upload HTTP/1.1\r\nHost: a\r\n"
		      "Content-Length: 0\r\n\r\n", 201, "0 0");
}

static void test_chunked_too_big(void **state)
{
	struct answer a = { 0 };
	struct buf in = { 0 };
	char chunk[0x1000 + 8];
	int fd = rig_connect(rig.port);

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "1000\r\n", 6);
	memcpy(chunk + sizeof(chunk) - 2, "\r\n", 2);
	rig_puts(fd, "POST /echo HTTP/1.1\r\nHost: a\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 200; i++)
		rig_write(fd, chunk, sizeof(chunk));
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.status, 413);
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

static void test_expect(void **state)
{
	static const char *const paths[] = { "echo", "upload" };
	struct answer a = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct buf in = { 0 };
		char head[200];
		int fd = rig_connect(rig.port);

		snprintf(head, sizeof(head), "POST /%s HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
			 paths[i]);
		rig_puts(fd, head);
		rig_answer(fd, &in, &a, 0);
		assert_int_equal(a.status, 100);
		rig_puts(fd, "\1\2\3");
		rig_answer(fd, &in, &a, 0);
		assert_int_equal(a.status, i ? 201 : 200);
		assert_string_equal(buf_str(&a.body), i ? "3 14" : "\1\2\3");
		rig_puts(fd, PING);
		rig_answer(fd, &in, &a, 0);
		assert_int_equal(a.status, 200);
		close(fd);
		buf_fini(&in);
	}
	/* refused before the body: no 100, and the connection ends */
	rig_ask(&rig, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 3"
		"\r\nExpect: 100-continue\r\n\r\n", &a);
	assert_int_equal(a.status, 403);
	assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
	buf_fini(&a.body);
}

static void test_keep_alive_and_pipelining(void **state)
{
	enum { N = 300 };
	struct answer a = { 0 };
	struct buf in = { 0 }, out = { 0 };
	int fd = rig_connect(rig.port);

	(void)state;
	for (int i = 0; i < N; i++) {
		buf_adds(&out, PING);
		buf_adds(&out, "GET /work HTTP/1.1\r\nHost: a\r\n\r\n");
		buf_adds(&out, "POST /upload HTTP/1.1\r\nHost: a\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n"
			 "2\r\n\1\2\r\n0\r\n\r\n");
		buf_adds(&out, "POST /upload HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: 2\r\n\r\n\1\2");
		buf_adds(&out, "POST /echo HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: 4\r\n\r\nGET ");
		/* refused early, but the body is small: it goes on */
		buf_adds(&out, "POST /early HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: 4\r\n\r\nGET ");
	}
	rig_write(fd, out.data, out.len);
	for (int i = 0; i < N; i++) {
		static const char *const want[] = {
			"{\"pong\": true}", "worked", "2 5", "2 5", "GET ",
			"no" };

		for (size_t k = 0; k < ARRAY_LEN(want); k++) {
			rig_answer(fd, &in, &a, 0);
			assert_string_equal(buf_str(&a.body), want[k]);
		}
	}
	buf_fini(&a.body);
	buf_fini(&in);
	buf_fini(&out);
	close(fd);
}

static void test_byte_by_byte(void **state)
{
	static const char *const texts[] = { PING,
		"POST /echo HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
		"POST /upload HTTP/1.1\r\nHost: a\r\n"
		"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" };
	struct answer a = { 0 };
	struct buf in = { 0 };
	int one = 1, fd = rig_connect(rig.port);

	(void)state;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
		for (const char *p = texts[k]; *p; p++)
			rig_write(fd, p, 1);
		rig_answer(fd, &in, &a, 0);
		assert_in_range(a.status, 200, 201);
	}
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

static void test_slow_head(void **state)
{
	struct answer a = { 0 };
	struct buf in = { 0 };
	usec_t start = usec_monotonic();
	int fd = rig_connect(rig.port);

	(void)state;
	/* a byte now and then does not push the deadline away */
	rig_puts(fd, "GET / HTTP/1.1\r\nX: ");
	for (int i = 0; i < 5; i++) {
		rig_puts(fd, "x");
		usleep(100000);
	}
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.status, 408);
	assert_true(usec_monotonic() - start < 2 * USEC_PER_SEC);
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

/* Waits until *n is at least want. */
static void await(atomic_int *n, int want)
{
	for (int i = 0; i < 500 && atomic_load(n) < want; i++)
		usleep(10000);
	assert_true(atomic_load(n) >= want);
}

static void test_client_gone(void **state)
{
	static const char *const texts[] = {
		"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /file HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
		("POST /upload HTTP/1.1\r\nHost: a\r\n"
		 "Content-Length: 9\r\n\r\nx"),
	};
	struct linger hard = { 1, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int finished = atomic_load(&rig.finished);
		int fd = rig_connect(rig.port);

		rig_puts(fd, texts[i]);
		usleep(50000);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(fd);
		await(&rig.finished, finished + 1);
		assert_answer(PING, 200, "{\"pong\": true}");
	}
	assert_true(atomic_load(&rig.aborted) >= 4);
}

static void test_early_rejection(void **state)
{
	static const char *const paths[] = { "early", "peek", "nowhere" };
	static char block[1 << 16];
	struct answer a = { 0 };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(paths); k++) {
		struct buf in = { 0 };
		char head[200];
		int fd = rig_connect(rig.port);

		snprintf(head, sizeof(head), "PUT /%s HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: %d\r\n\r\n", paths[k], 64 << 20);
		rig_puts(fd, head);
		/* the client writes it all before it looks */
		for (int i = 0; i < 1024; i++)
			rig_write(fd, block, sizeof(block));
		rig_answer(fd, &in, &a, 0);
		assert_int_equal(a.status, k == 0 ? 403 : k == 1 ? 409 : 413);
		assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
		rig_answer(fd, &in, &a, 0);
		assert_int_equal(a.status, 0);
		close(fd);
		buf_fini(&in);
	}
	buf_fini(&a.body);
}

static void test_small_unread_body_is_read_away(void **state)
{
	struct answer a = { 0 };
	struct buf in = { 0 };
	int fd = rig_connect(rig.port);

	(void)state;
	rig_puts(fd, "PUT /peek HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n"
		 "\r\n0123456789012345678901234567890123456789" PING);
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.status, 409);
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.status, 200);
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

static void test_download(void **state)
{
	static const struct {
		const char *range;
		int status;
		int64_t first, n;
	} rows[] = {
		{ "X: y", 200, 0, 20 << 20 },
		{ "Range: bytes=5-104", 206, 5, 100 },
		{ "Range: bytes=-7", 206, (20 << 20) - 7, 7 },
		{ "Range: bytes=99999999-", 416, 0, 0 },
	};
	struct answer a = { 0 };
	struct buf in = { 0 };
	char request[200];
	int fd = rig_connect(rig.port);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(request, sizeof(request), "GET /file HTTP/1.1\r\n"
			 "Host: a\r\n%s\r\n\r\n", rows[i].range);
		rig_puts(fd, request);
		rig_answer(fd, &in, &a, 0);
		assert_int_equal(a.status, rows[i].status);
		assert_int_equal(a.body.len, rows[i].n);
		for (int64_t k = 0; k < rows[i].n; k += 97)
			assert_int_equal((unsigned char)a.body.data[k],
					 (rows[i].first + k) % 251);
	}
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

static void test_slow_reader_of_big_reply(void **state)
{
	struct answer a = { 0 };
	struct buf in = { 0 };
	int fd = rig_connect(rig.port);

	(void)state;
	rig_puts(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" PING);
	usleep(100000);
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.body.len, 8 << 20);
	rig_answer(fd, &in, &a, 0);
	assert_string_equal(buf_str(&a.body), "{\"pong\": true}");
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

static void test_pool_is_bounded(void **state)
{
	enum { N = 12 };	/* 1 thread of 200 ms, 4 queued: the rest 503 */
	struct answer a = { 0 };
	int fds[N], full = 0;

	(void)state;
	for (int i = 0; i < N; i++) {
		fds[i] = rig_connect(rig.port);
		rig_puts(fds[i], "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	}
	/* nothing else waits for that pool */
	assert_answer("GET /work HTTP/1.1\r\nHost: a\r\n\r\n", 200, "worked");
	for (int i = 0; i < N; i++) {
		struct buf in = { 0 };

		rig_answer(fds[i], &in, &a, 0);
		full += a.status == 503;
		close(fds[i]);
		buf_fini(&in);
	}
	assert_in_range(full, N - 6, N - 4);
	buf_fini(&a.body);
}

static void test_idle_connections_make_room(void **state)
{
	struct rig small = { .file_fd = -1 };
	struct answer a = { 0 };
	int fds[10];

	(void)state;
	rig_start(&small, (struct http_conf){ .loops = 1, .conns_max = 4 });
	for (int i = 0; i < 10; i++)
		fds[i] = rig_connect(small.port);
	rig_ask(&small, PING, &a);
	assert_int_equal(a.status, 200);
	for (int i = 0; i < 10; i++)
		close(fds[i]);
	http_server_free(small.server, 1000);
	buf_fini(&a.body);
}

static void test_idle_timeout(void **state)
{
	struct rig quick = { .file_fd = -1 };
	struct answer a = { 0 };
	struct buf in = { 0 };
	int fd;

	(void)state;
	rig_start(&quick, (struct http_conf){ .idle_timeout_ms = 100 });
	fd = rig_connect(quick.port);
	rig_puts(fd, PING);
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.status, 200);
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.status, 0);
	close(fd);
	http_server_free(quick.server, 1000);
	buf_fini(&a.body);
	buf_fini(&in);
}

/* A body has to move: less than body_rate_min in 10 s ends it. */
static void test_slow_bodies(void **state)
{
	static const struct {
		const char *path;
		int status;
	} rows[] = { { "echo", 408 }, { "upload", 400 } };
	usec_t start = usec_monotonic();
	struct answer a = { 0 };
	int fds[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		char head[200];

		fds[i] = rig_connect(rig.port);
		snprintf(head, sizeof(head), "PUT /%s HTTP/1.1\r\nHost: a\r\n"
			 "Content-Length: 9999\r\n\r\nx", rows[i].path);
		rig_puts(fds[i], head);
	}
	for (int i = 0; i < 2; i++) {
		struct buf in = { 0 };

		rig_answer(fds[i], &in, &a, 0);
		assert_int_equal(a.status, rows[i].status);
		close(fds[i]);
		buf_fini(&in);
	}
	assert_true(usec_monotonic() - start < 15 * USEC_PER_SEC);
	buf_fini(&a.body);
}

/*
 * A child between fork and exec keeps the descriptors of connections that are
 * closed meanwhile, and epoll still knows them.
 */
static void test_closed_while_a_child_has_it(void **state)
{
	struct answer a = { 0 };
	struct buf in = { 0 };
	int fd = rig_connect(rig.port);
	pid_t child;

	(void)state;
	rig_puts(fd, PING);
	rig_answer(fd, &in, &a, 0);
	child = fork();
	if (child == 0) {
		usleep(200000);
		_exit(0);
	}
	rig_puts(fd, LAST);
	rig_answer(fd, &in, &a, 0);
	assert_int_equal(a.status, 200);
	for (int i = 0; i < 5; i++) {
		rig_puts(fd, PING);
		usleep(20000);
		assert_answer(PING, 200, "{\"pong\": true}");
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(fd);
	buf_fini(&a.body);
	buf_fini(&in);
}

struct stop {
	struct rig rig;
	usec_t took;
};

static void *stop_main(void *arg)
{
	struct stop *stop = arg;
	usec_t start = usec_monotonic();

	http_server_free(stop->rig.server, 3000);
	stop->took = usec_monotonic() - start;
	return NULL;
}

static void test_graceful_stop(void **state)
{
	struct stop stop = { .rig = { .file_fd = -1 } };
	struct answer a = { 0 };
	struct buf in = { 0 };
	pthread_t thread;
	int idle, fd;

	(void)state;
	rig_start(&stop.rig, (struct http_conf){ .loops = 2 });
	idle = rig_connect(stop.rig.port);
	rig_puts(idle, PING);
	rig_answer(idle, &in, &a, 0);
	fd = rig_connect(stop.rig.port);
	rig_puts(fd, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	usleep(50000);
	pthread_create(&thread, NULL, stop_main, &stop);
	rig_answer(idle, &in, &a, 0);
	assert_int_equal(a.status, 0);		/* closed at once */
	rig_answer(fd, &in, &a, 0);		/* finished */
	assert_int_equal(a.status, 200);
	assert_string_equal(buf_str(&a.body), "slow");
	assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
	close(fd);
	close(idle);
	pthread_join(thread, NULL);
	assert_true(stop.took < 2 * USEC_PER_SEC);
	buf_fini(&a.body);
	buf_fini(&in);
}

/* A client that never ends cannot hold the end up for longer than asked. */
static void test_stop_cuts(void **state)
{
	struct rig held = { .file_fd = -1 };
	usec_t start;
	int a, b;

	(void)state;
	rig_start(&held, (struct http_conf){ .loops = 2 });
	a = rig_connect(held.port);
	rig_puts(a, "POST /upload HTTP/1.1\r\nHost: a\r\n"
		 "Content-Length: 9\r\n\r\nx");
	b = rig_connect(held.port);
	rig_puts(b, "POST /echo HTTP/1.1\r\nHost: a\r\n"
		 "Content-Length: 9\r\n\r\nx");
	usleep(50000);
	start = usec_monotonic();
	http_server_free(held.server, 200);
	assert_true(usec_monotonic() - start < USEC_PER_SEC);
	assert_int_equal(atomic_load(&held.finished), 2);
	close(a);
	close(b);
}

static void test_unix_socket(void **state)
{
	struct rig local = { .file_fd = -1 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char where[128];
	struct answer a = { 0 };

	(void)state;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/tmp/http-test-%d.sock",
		 getpid());
	snprintf(where, sizeof(where), "unix:%.50s, 127.0.0.1:0",
		 sun.sun_path);
	rig_start(&local, (struct http_conf){ .loops = 2, .listen = where });
	for (int i = 0; i < 8; i++) {
		struct buf in = { 0 };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		assert_int_equal(connect(fd, (struct sockaddr *)&sun,
					 sizeof(sun)), 0);
		rig_puts(fd, PING);
		rig_answer(fd, &in, &a, 0);
		assert_int_equal(a.status, 200);
		close(fd);
		buf_fini(&in);
	}
	rig_ask(&local, PING, &a);
	assert_int_equal(a.status, 200);
	http_server_free(local.server, 1000);
	assert_int_equal(access(sun.sun_path, F_OK), -1);
	buf_fini(&a.body);
}

static void test_cannot_bind(void **state)
{
	static const struct http_events events = { .head = rig_head,
						   .request = rig_request };
	static const char *const bad[] = {
		"127.0.0.1", "256.0.0.1:80", "192.0.2.1:1", "unix:/no/dir/s" };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct http_conf c = { .listen = bad[i], .events = &events };

		assert_null(http_server_new(&c, &e));
		assert_true(strstr(e.msg, bad[i] + 5) ||
			    strstr(e.detail, bad[i] + 5));
	}
}

/* ---- watches and timers ------------------------------------------------ */

static int watched_pipe[2];
static atomic_int watch_fired, timer_fired, turns, loops_stopped;

static void on_timer(struct http_loop *l, void *arg)
{
	(void)l;
	assert_ptr_equal(arg, &timer_fired);
	atomic_fetch_add(&timer_fired, 1);
}

static void on_watch(struct http_loop *l, uint32_t events, void *arg)
{
	char c;

	(void)events;
	assert_int_equal(read(watched_pipe[0], &c, 1), 1);
	atomic_fetch_add((atomic_int *)arg, 1);
	http_loop_watch(l, watched_pipe[0], 0, NULL, NULL);
	http_loop_timer(l, 10, on_timer, &timer_fired);
}

static int on_loop_start(struct http_loop *l, void *arg)
{
	http_loop_set(l, arg);
	return http_loop_watch(l, watched_pipe[0], POLLIN, on_watch,
			       &watch_fired);
}

static void on_loop_stop(struct http_loop *l, void *arg)
{
	assert_ptr_equal(http_loop_get(l), arg);
	atomic_fetch_add(&loops_stopped, 1);
}

static void on_turn_end(struct http_loop *l, void *arg)
{
	(void)l;
	(void)arg;
	atomic_fetch_add(&turns, 1);
}

static int on_failing_start(struct http_loop *l, void *arg)
{
	(void)arg;
	return http_loop_index(l) == 1 ? -1 : 0;
}

static void test_loop_callbacks(void **state)
{
	static struct http_events events = {
		.head = rig_head, .request = rig_request,
		.loop_start = on_loop_start, .loop_stop = on_loop_stop,
		.turn_end = on_turn_end,
	};
	struct http_conf conf = { .listen = "127.0.0.1:0", .loops = 1,
				  .events = &events, .arg = &rig };
	struct http_server *s;
	struct err e;

	(void)state;
	assert_int_equal(pipe(watched_pipe), 0);
	s = http_server_new(&conf, &e);
	assert_non_null(s);
	assert_int_equal(write(watched_pipe[1], "xy", 2), 2);
	await(&timer_fired, 1);
	assert_int_equal(atomic_load(&watch_fired), 1);
	http_server_free(s, 100);
	assert_int_equal(atomic_load(&loops_stopped), 1);
	assert_true(atomic_load(&turns) >= 2);
	events.loop_start = on_failing_start;
	events.loop_stop = NULL;
	conf.loops = 2;
	assert_null(http_server_new(&conf, &e));
	close(watched_pipe[0]);
	close(watched_pipe[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simple),
		cmocka_unit_test(test_reply_head),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_chunked_too_big),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_keep_alive_and_pipelining),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_slow_head),
		cmocka_unit_test(test_client_gone),
		cmocka_unit_test(test_early_rejection),
		cmocka_unit_test(test_small_unread_body_is_read_away),
		cmocka_unit_test(test_download),
		cmocka_unit_test(test_slow_reader_of_big_reply),
		cmocka_unit_test(test_pool_is_bounded),
		cmocka_unit_test(test_slow_bodies),
		cmocka_unit_test(test_idle_connections_make_room),
		cmocka_unit_test(test_idle_timeout),
		cmocka_unit_test(test_closed_while_a_child_has_it),
		cmocka_unit_test(test_graceful_stop),
		cmocka_unit_test(test_stop_cuts),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_cannot_bind),
		cmocka_unit_test(test_loop_callbacks),
	};
	char *p;

	rig.file_size = 20 << 20;
	rig.file_fd = memfd_create("image", MFD_CLOEXEC);
	if (ftruncate(rig.file_fd, rig.file_size) < 0)
		return 1;
	p = mmap(NULL, (size_t)rig.file_size, PROT_WRITE, MAP_SHARED,
		 rig.file_fd, 0);
	for (int64_t i = 0; i < rig.file_size; i++)
		p[i] = (char)(i % 251);
	munmap(p, (size_t)rig.file_size);
	return cmocka_run_group_tests_name("http_server", tests, setup,
					   teardown);
}
