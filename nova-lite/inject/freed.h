/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_FREED_H
#define NOVA_INJECT_FREED_H

#include "nova-lite/inject/root.h"

/*
 * The blocks of removed files. Their contents would stay in the layer, and in
 * all that is made of it: what is still free at the end is made zeros, which
 * take no room there. Zeroed memory is none.
 */
struct freed {
	ext2fs_block_bitmap blocks;
};

/* What fs frees between these two calls is noted. */
errcode_t freed_watch(struct freed *f, ext2_filsys fs);
void freed_unwatch(ext2_filsys fs);

/* When everything else was written. */
int freed_zero(const struct freed *f, const struct root *root,
	       struct err *e);
void freed_fini(struct freed *f);

#endif
