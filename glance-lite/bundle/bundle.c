/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/bundle/bundle.h"

#include <stdio.h>
#include <string.h>

#include "common/base/program.h"
#include "glance-lite/glance.h"
#include "glance-lite/tool.h"

/* The first line, for the client. */
static int refused(struct tool *t, struct err *e)
{
	t->said[strcspn(t->said, "\n")] = '\0';
	return err_set(e, ERR_BAD_REQUEST, "Image data is refused as the "
		       "bundle of an OS image: %s.", t->said);
}

int bundle_make(struct bundle *b, struct err *e)
{
	char program[PROGRAM_PATH], max_mb[24];
	const char *argv[] = { program_beside("glance-lite-bundle", program),
			       b->in, b->out, b->script, max_mb, NULL };
	struct tool t = { .argv = argv, .size_max = glance()->size_cap };

#ifdef __SANITIZE_ADDRESS__
	t.sanitized = true;
#endif
	snprintf(max_mb, sizeof(max_mb), "%lld",
		 (long long)glance()->bundle_max_mb);
	if (tool_run(&t, e) < 0)
		return t.code == BUNDLE_REFUSED ? refused(&t, e) : -1;
	b->has_script = strcmp(t.said, "script\n") == 0;
	return 0;
}
