/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the wire format. Besides memory errors it looks for two properties:
 * a prefix never completes differently than the whole, and feeding in pieces
 * never gives another result than feeding at once.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/http/parse.h"
#include "common/http/target.h"
#include "common/http/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An exact copy on the heap, so that reading past the end is seen. */
static char *copy(const char *p, size_t n)
{
	char *c = malloc(n + !n);

	assert(c);
	if (n)
		memcpy(c, p, n);
	return c;
}

static void target_check(struct slice target)
{
	struct http_target t;
	struct slice piece, value;
	char *out;

	if (http_target_split(target, &t) < 0)
		return;
	out = malloc(target.n + 1);
	assert(out);
	while (http_segment_next(&t.path, &piece))
		assert(http_path_decode(piece, out) <= (int)piece.n);
	while (http_pair_next(&t.query, &piece, &value)) {
		assert(http_query_decode(piece, out) <= (int)piece.n);
		assert(http_query_decode(value, out) <= (int)value.n);
	}
	free(out);
}

static void value_check(struct slice value)
{
	struct slice element;
	int64_t first, last;

	if (http_range_parse(value, 1000, &first, &last) == HTTP_RANGE_OK)
		assert(first >= 0 && first <= last && last < 1000);
	while (http_list_next(&value, &element))
		assert(element.n);
}

static void head_check(const char *buf, size_t len)
{
	static struct http_head head;
	size_t seen = 0, at = 0;
	int whole = http_head_parse(buf, len, &seen, &head);
	int rc = 0;

	assert(whole <= (int)len);
	if (whole > 0) {
		target_check(head.target);
		for (size_t i = 0; i < head.nfields; i++)
			value_check(head.fields[i].value);
	}
	seen = 0;
	while (rc == 0 && at <= len) {
		char *part = copy(buf, at);

		rc = http_head_parse(part, at, &seen, &head);
		free(part);
		at += len > 256 ? 1 + len / 64 : 1;
	}
	/* the steps above may stop short of the end */
	if (rc == 0)
		rc = http_head_parse(buf, len, &seen, &head);
	assert(rc == whole);
}

struct decoded {
	enum http_chunks_result result;
	size_t used, n;
	uint64_t sum;		/* of the data, by position */
};

static struct decoded chunks_decode(const char *buf, size_t len, size_t step)
{
	struct http_chunks chunks = { 0 };
	struct decoded d = { HTTP_CHUNKS_MORE, 0, 0, 0 };
	struct slice data;
	size_t used;

	while (d.used < len && d.result <= HTTP_CHUNKS_DATA) {
		size_t n = len - d.used < step ? len - d.used : step;
		struct slice in = { buf + d.used, n };

		d.result = http_chunks_next(&chunks, in, &used, &data);
		assert(used && used <= n);
		d.used += used;
		if (d.result == HTTP_CHUNKS_DATA)
			for (size_t i = 0; i < data.n; i++)
				d.sum += ++d.n * (unsigned char)data.p[i];
	}
	if (d.result == HTTP_CHUNKS_DATA)
		d.result = HTTP_CHUNKS_MORE;
	return d;
}

static void chunks_check(const char *buf, size_t len)
{
	struct decoded whole = chunks_decode(buf, len, len);
	struct decoded split = chunks_decode(buf, len, 1);

	assert(whole.result == split.result && whole.used == split.used);
	assert(whole.n == split.n && whole.sum == split.sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *buf = copy((const char *)data, size);

	head_check(buf, size);
	chunks_check(buf, size);
	target_check((struct slice){ buf, size });
	value_check((struct slice){ buf, size });
	free(buf);
	return 0;
}
