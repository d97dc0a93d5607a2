/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_EXT_H
#define NOVA_INJECT_EXT_H

#include "nova-lite/inject/freed.h"
#include "nova-lite/inject/tree.h"

/* A tree over a file system that root_open has opened, until it is closed. */
struct ext_tree {
	struct tree tree;
	struct root *root;
	struct freed freed;
};

void ext_tree_init(struct ext_tree *t, struct root *root);
void ext_tree_fini(struct ext_tree *t);

#endif
