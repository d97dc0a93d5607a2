/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/tree.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

int tree_conflict(const struct tree *t, const char *what, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "%.900s %s", t->path, what);
}

int tree_full(const struct tree *t, struct err *e)
{
	return tree_conflict(t, "does not fit into the file system", e);
}

void folders_add(struct folders *f, const char *path, size_t n)
{
	char *copy = xmalloc(n + 1);

	memcpy(copy, path, n);
	copy[n] = '\0';
	f->at = xrealloc(f->at, (f->n + 1) * sizeof(*f->at));
	f->at[f->n++] = copy;
}

void folders_fini(struct folders *f)
{
	while (f->n > 0)
		free(f->at[--f->n]);
	free(f->at);
}

void inject_report_fini(struct inject_report *r)
{
	struct folders made = { r->made, r->nmade };

	folders_fini(&made);
	free(r->replaced);
	memset(r, 0, sizeof(*r));
}
