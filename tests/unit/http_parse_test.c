/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/http/parse.h"
#include "common/http/target.h"
#include "common/http/value.h"

#define H "Host: a\r\n"
#define GET(fields) "GET / HTTP/1.1\r\n" H fields "\r\n"

static struct http_head head;

static int head_parse(const char *buf, size_t len)
{
	size_t seen = 0;

	return http_head_parse(buf, len, &seen, &head);
}

static void assert_slice(struct slice s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

/* What each head gives: a status, 0 for "more", 1 for a whole head. */
static const struct {
	const char *head;
	int want;
} heads[] = {
	{ GET(""), 1 },
	{ "\r\n" GET(""), 1 },
	{ "\r\n\r\n" GET(""), 400 },
	{ "GET / HTTP/1.0\r\n\r\n", 1 },
	{ "GET / HTTP/1.7\r\n" H "\r\n", 1 },
	{ "GET http://a/x HTTP/1.1\r\n" H "\r\n", 1 },
	{ "FROBNICATE / HTTP/1.1\r\n" H "\r\n", 1 },
	{ "", 0 }, { "G", 0 }, { "\r", 0 }, { "\r\n", 0 },
	{ "GET / HTTP/1.1\r\n" H "\r", 0 },
	{ "GET / HTTP/1.1\r\n" H, 0 },

	/* request line */
	{ "\x16\x03\x01", 400 }, { " GET / HTTP/1.1\r\n", 400 },
	{ "GET  / HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET / HTTP/1.1 \r\n" H "\r\n", 400 },
	{ "GET /\r\n\r\n", 400 },
	{ "GET /a b HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET /a#b HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET /\x7f HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET\t/ HTTP/1.1\r\n" H "\r\n", 400 },
	{ "G(T / HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET / HTTX/1.1\r\n" H "\r\n", 400 },
	{ "GET / http/1.1\r\n" H "\r\n", 400 },
	{ "GET / HTTP/1.10\r\n" H "\r\n", 400 },
	{ "GET / HTTP/x.1\r\n" H "\r\n", 400 },
	{ "GET / HTTP/0.9\r\n" H "\r\n", 505 },
	{ "PRI * HTTP/2.0\r\n\r\n", 505 },

	/* line ends */
	{ "GET / HTTP/1.1\nHost: a\n\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\n", 400 },
	{ GET("X: a\rb\r\n"), 400 },
	{ "GET /\r HTTP/1.1\r\n" H "\r\n", 400 },
	{ GET("X: a\r\r\n"), 400 },

	/* fields */
	{ GET(" folded: x\r\n"), 400 },
	{ GET("X: 1\r\n\tfolded\r\n"), 400 },
	{ GET("X : 1\r\n"), 400 }, { GET("X\r\n"), 400 },
	{ GET(": 1\r\n"), 400 }, { GET("X(: 1\r\n"), 400 },
	{ GET("X: \x01\r\n"), 400 }, { GET("X: \x7f\r\n"), 400 },
	{ GET("X:\r\n"), 1 }, { GET("X: \xc3\xa4\r\n"), 1 },

	/* host */
	{ "GET / HTTP/1.1\r\n\r\n", 400 },
	{ GET(H), 400 }, { GET("host: b\r\n"), 400 },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: [::1]:9292\r\n\r\n", 1 },

	/* framing */
	{ GET("Content-Length: 0\r\n"), 1 },
	{ GET("Content-Length: 9223372036854775807\r\n"), 1 },
	{ GET("Content-Length: 9223372036854775808\r\n"), 400 },
	{ GET("Content-Length: 99999999999999999999\r\n"), 400 },
	{ GET("Content-Length: +5\r\n"), 400 },
	{ GET("Content-Length: -5\r\n"), 400 },
	{ GET("Content-Length: 5, 5\r\n"), 400 },
	{ GET("Content-Length: 0x5\r\n"), 400 },
	{ GET("Content-Length: 5 5\r\n"), 400 },
	{ GET("Content-Length:\r\n"), 400 },
	{ GET("Content-Length : 5\r\n"), 400 },
	{ GET("Content-Length: 5\r\nContent-Length: 5\r\n"), 400 },
	{ GET("Content-Length: 5\r\ncontent-length: 6\r\n"), 400 },
	{ GET("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400 },
	{ GET("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400 },
	{ GET("Transfer-Encoding: chunked\r\n"), 1 },
	{ GET("Transfer-Encoding: CHUNKED\r\n"), 1 },
	{ GET("Transfer-Encoding: xchunked\r\n"), 501 },
	{ GET("Transfer-Encoding: gzip, chunked\r\n"), 501 },
	{ GET("Transfer-Encoding: identity\r\n"), 501 },
	{ GET("Transfer-Encoding: chunked, chunked\r\n"), 501 },
	{ GET("Transfer-Encoding: \"chunked\"\r\n"), 501 },
	{ GET("Transfer-Encoding : chunked\r\n"), 400 },
	{ GET("Transfer-Encoding: chunked\r\n"
	      "Transfer-Encoding: chunked\r\n"), 400 },
	{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ GET("Expect: 100-Continue\r\n"), 1 },
	{ GET("Expect: 200-ok\r\n"), 417 },
};

static void test_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		int len = (int)strlen(heads[i].head);
		int rc = head_parse(heads[i].head, (size_t)len);
		int want = heads[i].want == 1 ? len : -heads[i].want;

		if (rc != want)
			print_error("%s", heads[i].head);
		assert_int_equal(rc, want);
	}
}

static void test_nul(void **state)
{
	static const char in_value[] = GET("X: a\0b\r\n");
	static const char in_target[] = "GET /\0 HTTP/1.1\r\n" H "\r\n";

	(void)state;
	assert_int_equal(head_parse(in_value, sizeof(in_value) - 1), -400);
	assert_int_equal(head_parse(in_target, sizeof(in_target) - 1), -400);
}

static void test_head_contents(void **state)
{
	static const char text[] =
		"PUT /v2/images?x=1 HTTP/1.1\r\nHost: h:1\r\n"
		"x-auth-token:  \tsecret \r\nContent-Length: 12\r\n"
		"Expect: 100-continue\r\nConnection: TE, close\r\n\r\nnext";

	(void)state;
	assert_int_equal(head_parse(text, sizeof(text) - 1),
			 sizeof(text) - 1 - 4);
	assert_slice(head.method, "PUT");
	assert_slice(head.target, "/v2/images?x=1");
	assert_slice(head.host, "h:1");
	assert_slice(head.fields[1].name, "x-auth-token");
	assert_slice(head.fields[1].value, "secret");
	assert_int_equal(head.content_length, 12);
	assert_int_equal(head.nfields, 5);
	assert_int_equal(head.minor, 1);
	assert_true(head.expect_continue);
	assert_false(head.keep_alive);
	assert_false(head.chunked);
}

static bool keeps_alive(const char *text)
{
	assert_true(head_parse(text, strlen(text)) > 0);
	return head.keep_alive;
}

static void test_keep_alive(void **state)
{
	(void)state;
	assert_true(keeps_alive(GET("")));
	assert_true(keeps_alive(GET("Connection: keep-alive\r\n")));
	assert_false(keeps_alive(GET("Connection: Close\r\n")));
	assert_false(keeps_alive("GET / HTTP/1.0\r\n\r\n"));
	assert_true(keeps_alive("GET / HTTP/1.0\r\n"
				"Connection: Keep-Alive\r\n\r\n"));
}

/* A head of n bytes: a request line, and fields of line bytes each. */
static char *long_head(size_t n, size_t line)
{
	char *s = malloc(n + 1);
	size_t at = (size_t)sprintf(s, "GET / HTTP/1.1\r\n" H);

	while (at + 2 < n) {
		size_t l = n - 2 - at < 2 * line ? n - 2 - at : line;

		memset(s + at, 'x', l);
		s[at + 1] = ':';
		memcpy(s + at + l - 2, "\r\n", 2);
		at += l;
	}
	memcpy(s + at, "\r\n", 3);
	return s;
}

static void check_long(size_t n, size_t line, int want)
{
	char *s = long_head(n, line);

	assert_int_equal(head_parse(s, n), want);
	free(s);
}

static void test_limits(void **state)
{
	char target[HTTP_LINE_MAX + 100];

	(void)state;
	check_long(HTTP_HEAD_MAX, 1000, HTTP_HEAD_MAX);
	check_long(HTTP_HEAD_MAX, HTTP_HEAD_MAX, HTTP_HEAD_MAX);
	check_long(HTTP_HEAD_MAX + 1, 1000, -431);
	check_long(HTTP_HEAD_MAX + 1, HTTP_HEAD_MAX, -431);
	check_long(60000, 60000, -431);
	check_long(200 * 10, 10, -431);		/* too many fields */
	memset(target, 'x', sizeof(target));
	memcpy(target, "GET /", 5);
	assert_int_equal(head_parse(target, HTTP_LINE_MAX - 1), 0);
	assert_int_equal(head_parse(target, HTTP_LINE_MAX), -414);
	assert_int_equal(head_parse(target, sizeof(target)), -414);
}

static void test_head_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t len = strlen(heads[i].head), seen = 0;
		int whole = head_parse(heads[i].head, len), rc = 0;

		for (size_t n = 0; n <= len && rc == 0; n++)
			rc = http_head_parse(heads[i].head, n, &seen, &head);
		assert_int_equal(rc, whole);
	}
}

static const struct {
	const char *wire, *data;
	enum http_chunks_result result;
} bodies[] = {
	{ "0\r\n\r\n", "", HTTP_CHUNKS_END },
	{ "5\r\nhello\r\n0\r\n\r\n", "hello", HTTP_CHUNKS_END },
	{ "5;a=\"b c\"\r\nhello\r\n0;x\r\n\r\n", "hello", HTTP_CHUNKS_END },
	{ "00a\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n", "0123456789!",
	  HTTP_CHUNKS_END },
	{ "0\r\nA: b\r\nC: d\r\n\r\n", "", HTTP_CHUNKS_END },
	{ "5\r\nhel", "hel", HTTP_CHUNKS_MORE },
	{ "5\r\nhello\r\n0\r\n", "hello", HTTP_CHUNKS_MORE },
	{ "\r\n", "", HTTP_CHUNKS_BAD },
	{ "5\nhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "5;a\nhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "5 \r\nhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "+5\r\nhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "0x5\r\nhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "-5\r\nhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "5\r\nhelloX\r\n0\r\n\r\n", "hello", HTTP_CHUNKS_BAD },
	{ "5\r\nhello\n0\r\n\r\n", "hello", HTTP_CHUNKS_BAD },
	{ "5\r\nhello0\r\n\r\n", "hello", HTTP_CHUNKS_BAD },
	{ "5\rhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "8000000000000000\r\n", "", HTTP_CHUNKS_BAD },
	{ "10000000000000005\r\nhello\r\n0\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "0\r\nA: b\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "0\r\n folded\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "0\r\nA: \x01\r\n\r\n", "", HTTP_CHUNKS_BAD },
	{ "0\r\n\n", "", HTTP_CHUNKS_BAD },
	{ "G\r\n", "", HTTP_CHUNKS_BAD },
};

static enum http_chunks_result decode(struct slice wire, size_t step,
				      char *out)
{
	struct http_chunks chunks = { 0 };
	enum http_chunks_result result = HTTP_CHUNKS_MORE;
	struct slice data;
	size_t used;

	for (; wire.n && result <= HTTP_CHUNKS_DATA;
	     wire.p += used, wire.n -= used) {
		struct slice in = { wire.p, wire.n < step ? wire.n : step };

		result = http_chunks_next(&chunks, in, &used, &data);
		if (result == HTTP_CHUNKS_DATA) {
			memcpy(out, data.p, data.n);
			out += data.n;
			result = HTTP_CHUNKS_MORE;
		}
	}
	*out = '\0';
	return result;
}

static void test_chunks(void **state)
{
	char out[100];

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct slice wire = { bodies[i].wire, strlen(bodies[i].wire) };

		for (size_t step = 1; step <= wire.n; step++) {
			assert_int_equal(decode(wire, step, out),
					 bodies[i].result);
			assert_string_equal(out, bodies[i].data);
		}
	}
}

static void test_chunk_lines_are_bounded(void **state)
{
	struct http_chunks chunks = { 0 };
	struct slice data, one = { "0", 1 };
	size_t used, n = 0;

	(void)state;
	while (http_chunks_next(&chunks, one, &used, &data) !=
	       HTTP_CHUNKS_BAD)
		assert_true(++n < 1000);
}

static void assert_target(const char *target, const char *path,
			  const char *query, const char *authority)
{
	struct http_target t;

	assert_int_equal(http_target_split((struct slice){ target,
					   strlen(target) }, &t), 0);
	assert_slice(t.path, path);
	assert_slice(t.query, query);
	assert_int_equal(t.authority.n, strlen(authority));
	assert_memory_equal(t.authority.p ? t.authority.p : "", authority,
			    t.authority.n);
}

static void test_target(void **state)
{
	static const char *const bad[] = {
		"", "a", "?x", "ftp://a/", "http://", "http:///x",
		"http://u@a/", "**", "a:80",
	};
	struct http_target t;

	(void)state;
	assert_target("/", "/", "", "");
	assert_target("*", "*", "", "");
	assert_target("/a/b?c=d?e", "/a/b", "c=d?e", "");
	assert_target("/a?", "/a", "", "");
	assert_target("//a", "//a", "", "");
	assert_target("http://h:1/a?b", "/a", "b", "h:1");
	assert_target("HTTP://h", "/", "", "h");
	assert_target("https://h?b", "/", "b", "h");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(http_target_split((struct slice){ bad[i],
						   strlen(bad[i]) }, &t), -1);
}

static void test_segments(void **state)
{
	struct slice path = { "/a%2Fb//c/", 10 }, s;
	char out[10];

	(void)state;
	assert_true(http_segment_next(&path, &s));
	assert_int_equal(http_path_decode(s, out), 3);
	assert_memory_equal(out, "a/b", 3);
	assert_true(http_segment_next(&path, &s));
	assert_slice(s, "");
	assert_true(http_segment_next(&path, &s));
	assert_slice(s, "c");
	assert_true(http_segment_next(&path, &s));
	assert_slice(s, "");
	assert_false(http_segment_next(&path, &s));
}

static void test_decode(void **state)
{
	static const struct {
		const char *in, *path, *query;	/* NULL: refused */
	} rows[] = {
		{ "", "", "" }, { "a+b", "a+b", "a b" },
		{ "%41%7a", "Az", "Az" }, { "%c3%A4", "\xc3\xa4", "\xc3\xa4" },
		{ "%", NULL, "%" }, { "%4", NULL, "%4" },
		{ "%zz", NULL, "%zz" }, { "%%41", NULL, "%A" },
		{ "%00", NULL, NULL }, { "a%00", NULL, NULL },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice in = { rows[i].in, strlen(rows[i].in) };
		int n = http_path_decode(in, out);

		assert_int_equal(n, rows[i].path ? (int)strlen(rows[i].path)
						 : -1);
		if (n > 0)
			assert_memory_equal(out, rows[i].path, n);
		n = http_query_decode(in, out);
		assert_int_equal(n, rows[i].query ? (int)strlen(rows[i].query)
						  : -1);
		if (n > 0)
			assert_memory_equal(out, rows[i].query, n);
	}
}

static void test_query(void **state)
{
	static const char *const want[][2] = {
		{ "a", "1" }, { "b", "" }, { "", "c" }, { "a", "2=3" },
		{ "d", "" },
	};
	struct slice query = { "a=1&&b&=c&a=2=3&d=&", 19 }, key, value;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(http_pair_next(&query, &key, &value));
		assert_slice(key, want[i][0]);
		assert_slice(value, want[i][1]);
	}
	assert_false(http_pair_next(&query, &key, &value));
}

static void test_range(void **state)
{
	static const struct {
		const char *value;
		int64_t size;
		enum http_range_result want;
		int64_t first, last;
	} rows[] = {
		{ "bytes=0-0", 10, HTTP_RANGE_OK, 0, 0 },
		{ "bytes=2-5", 10, HTTP_RANGE_OK, 2, 5 },
		{ "Bytes = 2-5 ", 10, HTTP_RANGE_OK, 2, 5 },
		{ "bytes=2-", 10, HTTP_RANGE_OK, 2, 9 },
		{ "bytes=2-99", 10, HTTP_RANGE_OK, 2, 9 },
		{ "bytes=-3", 10, HTTP_RANGE_OK, 7, 9 },
		{ "bytes=-30", 10, HTTP_RANGE_OK, 0, 9 },
		{ "bytes=0-99999999999999999999", 10, HTTP_RANGE_OK, 0, 9 },
		{ "bytes=10-", 10, HTTP_RANGE_EMPTY, 0, 0 },
		{ "bytes=99999999999999999999-", 10, HTTP_RANGE_EMPTY, 0, 0 },
		{ "bytes=-0", 10, HTTP_RANGE_EMPTY, 0, 0 },
		{ "bytes=0-", 0, HTTP_RANGE_EMPTY, 0, 0 },
		{ "bytes=0-1,3-4", 10, HTTP_RANGE_MANY, 0, 0 },
		{ "bytes=5-2", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "bytes=-", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "bytes=", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "bytes", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "bytes=5", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "bytes=a-b", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "bytes=1-2-3", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "bytes=--3", 10, HTTP_RANGE_BAD, 0, 0 },
		{ "lines=1-2", 10, HTTP_RANGE_BAD, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice v = { rows[i].value, strlen(rows[i].value) };
		int64_t first = 0, last = 0;

		assert_int_equal(http_range_parse(v, rows[i].size, &first,
						  &last), rows[i].want);
		assert_int_equal(first, rows[i].first);
		assert_int_equal(last, rows[i].last);
	}
}

static void test_media(void **state)
{
	static const char json[] = "application/json";

	(void)state;
	assert_true(http_media_is("Application/JSON", json));
	assert_true(http_media_is("application/json;charset=utf-8", json));
	assert_true(http_media_is("application/json ; x=y", json));
	assert_false(http_media_is(NULL, json));
	assert_false(http_media_is("", json));
	assert_false(http_media_is("application/jso", json));
	assert_false(http_media_is("application/json5", json));
	assert_false(http_media_is("text/plain, application/json", json));
}

static void test_digest(void **state)
{
	static const struct { const char *value; int want; const char *text; }
	rows[] = {
		{ "sha-512=:YWJj:", 1, "YWJj" },
		{ "sha-256=:eA==:,  sha-512=:YQ==:", 1, "YQ==" },
		{ "sha-512=::", 1, "" },
		{ "sha-256=:eA==:", 0, NULL },
		{ "", 0, NULL },
		{ "SHA-512=:YQ==:", 0, NULL },
		{ "sha-512", -1, NULL },
		{ "sha-512=:", -1, NULL },
		{ "sha-512=YQ==", -1, NULL },
		{ "sha-512=:YQ==", -1, NULL },
	};
	struct slice text;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice v = { rows[i].value, strlen(rows[i].value) };

		assert_int_equal(http_digest_find(v, "sha-512", &text),
				 rows[i].want);
		if (rows[i].text)
			assert_true(slice_is(text, rows[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_head_contents),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_head_in_pieces),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_chunk_lines_are_bounded),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_media),
	};

	return cmocka_run_group_tests_name("http_parse", tests, NULL, NULL);
}
