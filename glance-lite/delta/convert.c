/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/delta/convert.h"

#include <jansson.h>

#include "common/base/mem.h"
#include "glance-lite/tool.h"

/* The input as a tree of block devices, which leaves nothing to be guessed. */
static char *describe(const struct convert *c)
{
	json_t *v = json_pack("{ss s{ss ss} s{ss s{ss ss} sn}}",
		"driver", "qcow2",
		"file", "driver", "file", "filename", c->delta,
		"backing", "driver", c->base_driver,
			"file", "driver", "file", "filename", c->base,
			"backing");
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
	char *input = text ? xasprintf("json:%s", text) : NULL;

	cleanup_free(&text);
	json_decref(v);
	return input;
}

int convert_run(const struct convert *c, struct err *e)
{
	_cleanup_(cleanup_free) char *input = describe(c);
	const char *argv[] = { "qemu-img", "convert", "-q", "-O", "qcow2",
			       "-c", "-o", "compression_type=zstd", input,
			       c->out, NULL };
	struct tool t = { .argv = argv, .size_max = c->size_max };

	if (!input)
		return err_internal(e, "%s is not UTF-8", c->base);
	return tool_run(&t, e);
}
