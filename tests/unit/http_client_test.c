/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_rig.h"

#include <sys/mman.h>

#include "common/http/client.h"

static struct rig rig = { .file_size = 3 << 20 };

static const char *url(const char *path)
{
	static char text[200];

	snprintf(text, sizeof(text), "http://127.0.0.1:%d%s", rig.port, path);
	return text;
}

static int ask(struct http_client *c, const char *method, const char *to,
	       struct buf *out, struct err *e)
{
	const struct http_call call = { .method = method, .url = to };

	return http_client_do(c, &call, out, e);
}

static void test_do(void **state)
{
	static const char *const headers[] = {
		"Content-Type: application/json", NULL };
	struct http_client *c = http_client_new(5000);
	struct buf in = { 0 }, out = { 0 };
	struct http_call post = { .method = "POST", .headers = headers,
				  .body = &in };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(ask(c, "GET", url("/ping"), &out, &e), 200);
	assert_string_equal(buf_str(&out), "{\"pong\": true}");
	assert_string_equal(http_client_header(c, "content-type"),
			    "text/plain");
	assert_null(http_client_header(c, "X-Subject-Token"));
	buf_adds(&in, "{}");
	post.url = url("/echo");
	assert_int_equal(http_client_do(c, &post, &out, &e), 200);
	assert_string_equal(buf_str(&out), "{}");
	assert_int_equal(ask(c, "DELETE", url("/none"), &out, &e), 204);
	assert_int_equal(out.len, 0);
	assert_int_equal(ask(c, "HEAD", url("/ping"), &out, &e), 200);
	assert_int_equal(ask(c, "GET", url("/nowhere"), &out, &e), 404);
	assert_int_equal(e.kind, ERR_NONE);
	http_client_free(c);
	buf_fini(&in);
	buf_fini(&out);
}

static void test_failures(void **state)
{
	struct http_client *c = http_client_new(50);
	struct buf out = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(ask(c, "GET", url("/slow"), &out, &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	e = (struct err){ 0 };
	assert_int_equal(ask(c, "GET",
			     "http://me:secret@127.0.0.1:1/?key=secret", &out,
			     &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(e.detail, "127.0.0.1:1: "));
	assert_null(strstr(e.detail, "secret"));
	assert_int_equal(ask(c, "GET", "file:///etc/hostname", &out, &e), -1);
	http_client_free(c);
	buf_fini(&out);
}

struct sum {
	int64_t n, stop_at;
};

static int sum_add(const void *data, size_t n, void *arg)
{
	struct sum *sum = arg;
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], (sum->n + (int64_t)i) % 251);
	sum->n += (int64_t)n;
	return sum->n >= sum->stop_at ? -1 : 0;
}

static int fetch(struct http_client *c, const char *path, struct sum *sum,
		 struct err *e)
{
	const struct http_call call = { .url = url(path) };

	return http_client_get(c, &call, sum_add, sum, e);
}

static void test_get(void **state)
{
	struct http_client *c = http_client_new(5000);
	struct sum sum = { 0, INT64_MAX };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(fetch(c, "/file", &sum, &e), 200);
	assert_int_equal(sum.n, rig.file_size);
	sum = (struct sum){ 0, INT64_MAX };
	assert_int_equal(fetch(c, "/nowhere", &sum, &e), 404);
	assert_int_equal(sum.n, 0);
	sum.stop_at = 1;
	assert_int_equal(fetch(c, "/file", &sum, &e), -1);
	/* the file is shorter than the reply promised */
	sum = (struct sum){ 0, INT64_MAX };
	rig.file_size += 1000;
	assert_int_equal(fetch(c, "/file", &sum, &e), -1);
	rig.file_size -= 1000;
	assert_int_equal(sum.n, rig.file_size);
	http_client_free(c);
}

static void test_file(void **state)
{
	struct http_client *c = http_client_new(5000);
	struct http_file file = { rig.file_fd, 1 << 20 };
	const struct http_call put = { .method = "PUT", .url = url("/upload"),
				       .file = &file };
	unsigned long long sum = 0;
	struct buf out = { 0 };
	struct err e = { 0 };
	char want[64];

	(void)state;
	for (int64_t i = 0; i < file.size; i++)
		sum += (i + 1) * (i % 251);
	snprintf(want, sizeof(want), "%lld %llu", (long long)file.size, sum);
	assert_int_equal(http_client_do(c, &put, &out, &e), 201);
	assert_string_equal(buf_str(&out), want);
	file.size = 0;
	assert_int_equal(http_client_do(c, &put, &out, &e), 201);
	assert_string_equal(buf_str(&out), "0 0");
	/* the file is shorter than was promised */
	file.size = rig.file_size + 1;
	assert_int_equal(http_client_do(c, &put, &out, &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	http_client_free(c);
	buf_fini(&out);
}

static int setup(void **state)
{
	char *p;

	(void)state;
	rig.file_fd = memfd_create("image", MFD_CLOEXEC);
	assert_int_equal(ftruncate(rig.file_fd, rig.file_size), 0);
	p = mmap(NULL, (size_t)rig.file_size, PROT_WRITE, MAP_SHARED,
		 rig.file_fd, 0);
	for (int64_t i = 0; i < rig.file_size; i++)
		p[i] = (char)(i % 251);
	munmap(p, (size_t)rig.file_size);
	rig_start(&rig, (struct http_conf){ .loops = 1 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_server_free(rig.server, 2000);
	close(rig.file_fd);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_do),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests_name("http_client", tests, setup,
					   teardown);
}
