/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes requests: whatever passes can be done to a folder, each path being
 * what a plain reading of the rules allows, and no two in each other's way.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/inject.h"

#define FILES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct inject_limits limits = { "files", 6, 100, 600,
					    NULL, 0 };

/* The rules, one byte at a time. */
static void assert_path(const char *p)
{
	size_t n = 0;
	const char *c;

	assert(p[0] == '/' && strlen(p) <= INJECT_PATH_MAX);
	for (c = p + 1; ; c++) {
		if (*c && *c != '/') {
			n++;
			continue;
		}
		assert(n > 0 && n <= INJECT_NAME_MAX);
		assert(!(n == 1 && c[-1] == '.'));
		assert(!(n == 2 && c[-1] == '.' && c[-2] == '.'));
		n = 0;
		if (!*c)
			return;
	}
}

static void assert_apart(const char *a, const char *b)
{
	size_t n = strlen(a);

	assert(strcmp(a, b) != 0);
	assert(!(strncmp(a, b, n) == 0 && b[n] == '/'));
}

static void assert_good(const struct inject_request *rq)
{
	size_t i, k;

	assert(rq->nadds <= 6);
	for (i = 0; i < rq->nadds; i++) {
		const struct inject_file *f = &rq->adds[i];

		assert_path(f->path);
		assert(f->path_len == strlen(f->path) && f->path_len <= 600);
		assert(f->size <= 100 && f->mode <= 07777);
		for (k = 0; k < rq->nadds; k++) {
			if (k != i)
				assert_apart(f->path, rq->adds[k].path);
		}
		for (k = 0; k < rq->nremoves; k++)
			assert(strcmp(f->path, rq->removes[k]) != 0);
	}
	for (i = 0; i < rq->nremoves; i++)
		assert_path(rq->removes[i]);
}

/* Lines: the first byte says what it is (r: a removal) and how large. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_free) char *text = xmalloc(size + 1);
	struct inject_file adds[FILES];
	const char *removes[FILES];
	struct inject_request rq = { .adds = adds, .removes = removes };
	struct err e = { 0 };
	char *line, *end;

	memcpy(text, data, size);
	text[size] = '\0';
	for (line = text; line < text + size; line = end + 1) {
		end = memchr(line, '\n', text + size - line);
		end = end ? end : text + size;
		*end = '\0';
		if (line == end)
			continue;
		if (*line == 'r' && rq.nremoves < FILES)
			removes[rq.nremoves++] = line + 1;
		else if (*line != 'r' && rq.nadds < FILES)
			adds[rq.nadds++] = (struct inject_file){
				.path = line + 1, .path_len = end - line - 1,
				.size = (uint8_t)*line, .mode = 0644 };
	}
	if (inject_check(&rq, &limits, &e) == 0)
		assert_good(&rq);
	else
		assert(e.msg[0] && (e.kind == ERR_BAD_REQUEST ||
				    e.kind == ERR_TOO_LARGE));
	return 0;
}
