/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in pages: limit, marker, and the links to more. */
#include "glance-lite/api/page.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "glance-lite/glance.h"

int page_limit(struct req *rq, int64_t *limit_r)
{
	const char *s = req_query(rq, "limit");
	int64_t v = glance()->limit_default;
	char *end;

	if (s) {
		errno = 0;
		v = strtoll(s, &end, 10);
		if (errno || end == s || *end)
			return fail(rq, ERR_BAD_REQUEST,
				    "limit param must be an integer");
	}
	if (v < 0)
		return fail(rq, ERR_BAD_REQUEST,
			    "limit param must be positive");
	*limit_r = v < glance()->limit_max ? v : glance()->limit_max;
	return 0;
}

/* As Python's urlencode. */
static void add_encoded(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr("_.-~", *s))
			buf_addc(out, *s);
		else if (*s == ' ')
			buf_addc(out, '+');
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
	}
}

static void add_param(struct buf *url, const char *name, const char *value)
{
	buf_addc(url, strchr(buf_str(url), '?') ? '&' : '?');
	add_encoded(url, name);
	buf_addc(url, '=');
	add_encoded(url, value);
}

void page_link(struct req *rq, const char *key, const char *path,
	       const char *marker)
{
	struct buf url = { 0 };
	const char *name, *value;
	size_t pos = 0;

	buf_adds(&url, path);
	while (http_query_next(rq->http, &pos, &name, &value))
		if (strcmp(name, "marker") != 0)
			add_param(&url, name, value);
	if (marker)
		add_param(&url, "marker", marker);
	j_str(&rq->w, key, buf_str(&url));
	buf_fini(&url);
}
