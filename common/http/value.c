/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/value.h"

/* Decimal digits only; saturates. Returns 0, or -1 when there are none. */
static int number_parse(struct slice s, int64_t *n_r)
{
	int64_t n = 0;

	if (!s.n)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9)
			return -1;
		if (n > (INT64_MAX - digit) / 10)
			n = INT64_MAX;
		else
			n = n * 10 + digit;
	}
	*n_r = n;
	return 0;
}

enum http_range_result http_range_parse(struct slice value, int64_t size,
					int64_t *first_r, int64_t *last_r)
{
	struct slice unit = slice_cut(&value, '=');
	struct slice from, to = slice_trim(value);
	int64_t first, last = INT64_MAX;

	if (!slice_is_nocase(slice_trim(unit), "bytes") || !to.n)
		return HTTP_RANGE_BAD;
	if (memchr(to.p, ',', to.n))
		return HTTP_RANGE_MANY;
	if (!memchr(to.p, '-', to.n))
		return HTTP_RANGE_BAD;
	from = slice_cut(&to, '-');
	if (to.n && number_parse(to, &last) < 0)
		return HTTP_RANGE_BAD;
	if (!from.n) {			/* "-n": the last n bytes */
		if (!to.n)
			return HTTP_RANGE_BAD;
		first = last < size ? size - last : 0;
		if (!last)
			first = size;
		last = INT64_MAX;
	} else if (number_parse(from, &first) < 0 || first > last) {
		return HTTP_RANGE_BAD;
	}
	if (first >= size)
		return HTTP_RANGE_EMPTY;
	*first_r = first;
	*last_r = last < size ? last : size - 1;
	return HTTP_RANGE_OK;
}

int http_digest_find(struct slice value, const char *algorithm,
		     struct slice *text_r)
{
	while (value.n) {
		struct slice text = slice_trim(slice_cut(&value, ','));
		struct slice key = slice_cut(&text, '=');

		if (!slice_is(key, algorithm))
			continue;
		if (text.n < 2 || text.p[0] != ':' ||
		    text.p[text.n - 1] != ':')
			return -1;
		*text_r = (struct slice){ text.p + 1, text.n - 2 };
		return 1;
	}
	return 0;
}

bool http_media_is(const char *content_type, const char *type)
{
	size_t n = strlen(type);

	return content_type && strncasecmp(content_type, type, n) == 0 &&
	       strchr("; \t", content_type[n]);
}
