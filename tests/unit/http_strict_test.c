/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that could be read in two ways, over a real socket. Each is
 * followed by a well-formed request on the same connection: when the answer
 * to that shows up, the server found its beginning. nginx, where it is
 * installed, is the oracle: what it refuses we must refuse, and we must never
 * see more requests in the same bytes than it does.
 */
#include "tests/unit/http_rig.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NGINX "/usr/sbin/nginx"
#define H "Host: a\r\n"
#define GET(fields) "GET /ping HTTP/1.1\r\n" H fields "\r\n"
#define PUT(fields, body) "PUT /put HTTP/1.1\r\n" H fields "\r\n" body
#define CHUNKED(body) PUT("Transfer-Encoding: chunked\r\n", body)

static const struct {
	const char *raw;
	const char *want;	/* statuses until the connection ended */
} rows[] = {
	{ GET(""), "200 200" },
	{ "\r\n" GET(""), "200 200" },
	{ GET("") GET(""), "200 200 200" },
	{ PUT("Content-Length: 5\r\n", "hello"), "201 200" },
	{ GET("Content-Length: 5\r\n") "hello", "200 200" },
	{ CHUNKED("5\r\nhello\r\n0\r\n\r\n"), "201 200" },
	{ CHUNKED("5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n"), "201 200" },

	/* two framings */
	{ PUT("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
	      "0\r\n\r\n"), "400" },
	{ PUT("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
	      "0\r\n\r\n"), "400" },
	{ PUT("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), "400" },
	{ PUT("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400" },
	{ PUT("Content-Length: 5, 5\r\n", "hello"), "400" },
	{ PUT("Content-Length: +5\r\n", "hello"), "400" },
	{ PUT("Content-Length: -5\r\n", "hello"), "400" },
	{ PUT("Content-Length: 0x5\r\n", "hello"), "400" },
	{ PUT("Content-Length: 5 5\r\n", "hello"), "400" },
	{ PUT("Content-Length: 99999999999999999999\r\n", ""), "400" },
	{ PUT("Content-Length : 5\r\n", "hello"), "400" },
	{ PUT("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "501" },
	{ PUT("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501" },
	{ PUT("Transfer-Encoding: identity\r\n", ""), "501" },
	{ PUT("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), "400" },
	{ PUT("Transfer-Encoding: chunked\r\n"
	      "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400" },
	{ "PUT /put HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	  "0\r\n\r\n", "400" },

	/* chunks */
	{ CHUNKED("5\nhello\n0\n\n"), "400" },
	{ CHUNKED("5;a\nhello\r\n0\r\n\r\n"), "400" },
	{ CHUNKED("+5\r\nhello\r\n0\r\n\r\n"), "400" },
	{ CHUNKED("0x5\r\nhello\r\n0\r\n\r\n"), "400" },
	{ CHUNKED("5\r\nhelloX\r\n0\r\n\r\n"), "400" },
	{ CHUNKED("5\r\nhello0\r\n\r\n"), "400" },
	{ CHUNKED("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), "400" },
	{ CHUNKED("10000000000000005\r\nhello\r\n0\r\n\r\n"), "400" },
	{ CHUNKED("\r\n"), "400" }, { CHUNKED("-1\r\n"), "400" },
	{ CHUNKED("0\r\nA: b\n\r\n"), "400" },
	{ CHUNKED("0\r\n folded: b\r\n\r\n"), "400" },

	/* lines and fields */
	{ "GET /ping HTTP/1.1\nHost: a\n\n", "400" },
	{ GET("X: a\n"), "400" }, { GET("X: a\rb\r\n"), "400" },
	{ GET("X: 1\r\n folded\r\n"), "400" },
	{ GET(" X: 1\r\n"), "400" }, { GET("X : 1\r\n"), "400" },
	{ GET("X\r\n"), "400" }, { GET(": 1\r\n"), "400" },
	{ GET("X: \x01\r\n"), "400" },

	/* host */
	{ "GET /ping HTTP/1.1\r\n\r\n", "400" },
	{ GET(H), "400" },
	{ "GET /ping HTTP/1.1\r\nHost: a/b\r\n\r\n", "400" },
	{ "GET /ping HTTP/1.1\r\nHost:\r\n\r\n", "400" },

	/* request line */
	{ "GET /ping\r\n\r\n", "400" },
	{ "GET /ping HTTP/2.0\r\n" H "\r\n", "505" },
	{ "GET /ping HTTP/0.9\r\n" H "\r\n", "505" },
	{ "GET /ping HTTX/1.1\r\n" H "\r\n", "400" },
	{ "GET /pi ng HTTP/1.1\r\n" H "\r\n", "400" },
	{ "GET  /ping HTTP/1.1\r\n" H "\r\n", "400" },
	{ "GET ping HTTP/1.1\r\n" H "\r\n", "400" },
	{ "GET /%00 HTTP/1.1\r\n" H "\r\n", "400" },
	{ "GET * HTTP/1.1\r\n" H "\r\n", "400" },
	{ "CONNECT a:80 HTTP/1.1\r\n" H "\r\n", "400" },
	{ "\x16\x03\x01\x02", "400" },
	{ GET("Expect: miracles\r\n"), "417" },
};

/* Sends raw and the last request; the statuses, separated by blanks. */
static void exchange(int fd, struct slice raw, char *out)
{
	struct answer a = { 0 };
	struct buf in = { 0 };

	*out = '\0';
	rig_write(fd, raw.p, raw.n);
	rig_puts(fd, LAST);
	for (;;) {
		rig_answer(fd, &in, &a, 0);
		if (!a.status)
			break;
		sprintf(out + strlen(out), "%s%d", *out ? " " : "", a.status);
	}
	buf_fini(&a.body);
	buf_fini(&in);
	close(fd);
}

static struct rig rig = { .file_fd = -1 };

static void check(struct slice raw, const char *want)
{
	char got[200];

	exchange(rig_connect(rig.port), raw, got);
	if (strcmp(got, want) != 0)
		print_error("%.*s\n", (int)raw.n, raw.p);
	assert_string_equal(got, want);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check((struct slice){ rows[i].raw, strlen(rows[i].raw) },
		      rows[i].want);
}

static void test_nul(void **state)
{
	static const char raw[] = GET("X: a\0b\r\n");

	(void)state;
	check((struct slice){ raw, sizeof(raw) - 1 }, "400");
}

static void test_sizes(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_adds(&b, "GET /ping HTTP/1.1\r\n" H "X: ");
	memset(buf_reserve(&b, 60000), 'x', 60000);
	b.len += 60000;
	buf_adds(&b, "\r\n\r\n");
	check((struct slice){ b.data, b.len }, "431");
	buf_reset(&b);
	buf_adds(&b, "GET /ping HTTP/1.1\r\n" H);
	for (int i = 0; i < 200; i++)
		buf_adds(&b, "X: y\r\n");
	buf_adds(&b, "\r\n");
	check((struct slice){ b.data, b.len }, "431");
	buf_reset(&b);
	buf_adds(&b, "GET /");
	memset(buf_reserve(&b, 20000), 'x', 20000);
	b.len += 20000;
	buf_adds(&b, " HTTP/1.1\r\n" H "\r\n");
	check((struct slice){ b.data, b.len }, "414");
	buf_fini(&b);
}

/* ---- the oracle -------------------------------------------------------- */

struct oracle {
	char dir[64], socket[96];
	pid_t pid;
};

static void oracle_configure(const struct oracle *o)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/nginx.conf", o->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "daemon off; master_process off; error_log /dev/null;\n"
		"pid %s/pid; events { }\n"
		"http { access_log off; client_body_temp_path %s/body;\n"
		"proxy_temp_path %s/p; fastcgi_temp_path %s/f;\n"
		"uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n"
		"lingering_timeout 1s;\n"
		"server { listen unix:%s; root %s;\n"
		"location = /ping { return 200 pong; }\n"
		"location / { dav_methods PUT; } } }\n",
		o->dir, o->dir, o->dir, o->dir, o->dir, o->dir, o->socket,
		o->dir);
	fclose(f);
}

static int oracle_connect(const struct oracle *o)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", o->socket);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void oracle_start(struct oracle *o)
{
	char conf[128];
	char *argv[] = { (char *)NGINX, (char *)"-c", conf, (char *)"-p",
			 o->dir, (char *)"-e", (char *)"/dev/null", NULL };
	int fd = -1;

	snprintf(o->dir, sizeof(o->dir), "/tmp/http-oracle-XXXXXX");
	assert_non_null(mkdtemp(o->dir));
	assert_int_equal(chmod(o->dir, 0755), 0);
	snprintf(o->socket, sizeof(o->socket), "%s/socket", o->dir);
	snprintf(conf, sizeof(conf), "%s/nginx.conf", o->dir);
	oracle_configure(o);
	assert_int_equal(posix_spawn(&o->pid, NGINX, NULL, NULL, argv, NULL),
			 0);
	for (int i = 0; i < 500 && (fd = oracle_connect(o)) < 0; i++)
		usleep(10000);
	assert_true(fd >= 0);
	close(fd);
}

static void oracle_stop(struct oracle *o)
{
	char command[128];

	kill(o->pid, SIGTERM);
	waitpid(o->pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -r %s", o->dir);
	assert_int_equal(system(command), 0);
}

static int successes(const char *statuses)
{
	int n = 0;

	for (const char *p = statuses; p; p = strchr(p, ' ')) {
		p += *p == ' ';
		n += *p == '2';
	}
	return n;
}

static void test_oracle(void **state)
{
	struct oracle o = { .pid = -1 };
	char got[200];

	(void)state;
	if (access(NGINX, X_OK) != 0)
		skip();
	oracle_start(&o);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		exchange(oracle_connect(&o), (struct slice){ rows[i].raw,
			 strlen(rows[i].raw) }, got);
		if (successes(rows[i].want) <= successes(got))
			continue;
		print_error("%s\nnginx: %s, here: %s\n", rows[i].raw, got,
			    rows[i].want);
		oracle_stop(&o);
		fail();
	}
	oracle_stop(&o);
}

static int setup(void **state)
{
	(void)state;
	rig_start(&rig, (struct http_conf){ .loops = 1 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_server_free(rig.server, 2000);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_oracle),
	};

	return cmocka_run_group_tests_name("http_strict", tests, setup,
					   teardown);
}
