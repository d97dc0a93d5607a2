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

int http_media_parse(struct slice value, struct http_media *media_r)
{
	struct slice params = value;
	struct slice type = slice_trim(slice_cut(&params, ';'));
	struct slice sub = type;
	struct slice top = slice_cut(&sub, '/');

	if (!top.n || !sub.n || memchr(sub.p, '/', sub.n) ||
	    memchr(type.p, ' ', type.n) || memchr(type.p, ',', type.n))
		return -1;
	*media_r = (struct http_media){ type, params };
	return 0;
}

/* Takes "name=value" with an optionally quoted value off *params. */
static struct slice param_cut(struct slice *params)
{
	struct slice param = { params->p, 0 };
	bool quoted = false;

	while (param.n < params->n && (quoted || param.p[param.n] != ';')) {
		if (param.p[param.n] == '"')
			quoted = !quoted;
		else if (quoted && param.p[param.n] == '\\' &&
			 param.n + 1 < params->n)
			param.n++;
		param.n++;
	}
	params->p += param.n;
	params->n -= param.n;
	if (params->n)
		params->p++, params->n--;
	return param;
}

bool http_media_param(const struct http_media *media, const char *name,
		      struct slice *value_r)
{
	struct slice params = media->params;

	while (params.n) {
		struct slice value = param_cut(&params);
		struct slice key = slice_trim(slice_cut(&value, '='));

		if (!slice_is_nocase(key, name))
			continue;
		value = slice_trim(value);
		if (value.n >= 2 && value.p[0] == '"' &&
		    value.p[value.n - 1] == '"')
			value = (struct slice){ value.p + 1, value.n - 2 };
		*value_r = value;
		return true;
	}
	return false;
}
