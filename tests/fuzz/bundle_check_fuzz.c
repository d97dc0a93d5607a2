/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what may stand in a bundle. Input: lines, each an entry: a letter for
 * the type, the path, and behind a '|' the target. Whatever the entries, a path
 * that was taken stays inside the tree.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "glance-lite/bundle/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool stays_inside(const char *path)
{
	if (path[0] == '/')
		return false;
	for (const char *p = path; (p = strstr(p, "..")); p++)
		if ((p == path || p[-1] == '/') &&
		    (p[2] == '/' || p[2] == '\0'))
			return false;
	return true;
}

static void take(struct bundle_tree *t, char *line)
{
	char *bar = strchr(line, '|');
	struct bundle_entry e = {
		.path = line + 1,
		.type = line[0] % 5,
		.mode = line[0] & 0x20 ? 04755 : 0644,
		.capable = line[0] & 0x10,
		.target = bar ? bar + 1 : NULL,
	};

	if (bar)
		*bar = '\0';
	if (bundle_take(t, &e) < 0)
		return;
	assert(stays_inside(t->path));
	assert(e.type != BUNDLE_HARDLINK || stays_inside(t->target));
	assert(e.type != BUNDLE_OTHER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_free) char *text = xcalloc(1, size + 1);
	struct bundle_tree t;
	char *at, *line;

	memcpy(text, data, size);
	bundle_tree_init(&t);
	for (line = strtok_r(text, "\n", &at); line;
	     line = strtok_r(NULL, "\n", &at))
		if (line[0] && line[1])
			take(&t, line);
	bundle_executes(&t, "/sbin/start");
	bundle_tree_fini(&t);
	return 0;
}
