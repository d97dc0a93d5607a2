/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_APPLIANCE_TREE_H
#define NOVA_APPLIANCE_TREE_H

#include <sys/types.h>

#include "nova-lite/inject/tree.h"

struct open_folder {
	dev_t dev;
	ino_t ino;
	int fd;				/* -1: removed since */
};

/*
 * A tree over a file system that this kernel has mounted. Each component of
 * a path is looked up by itself and no link is left to the kernel, so nothing
 * leads out of the folder that is the root.
 */
struct mounted_tree {
	struct tree tree;
	struct open_folder *folders;	/* ids count them from 1 */
	size_t n;
};

/* errno tells why not. */
int mounted_tree_open(struct mounted_tree *t, const char *root);
void mounted_tree_close(struct mounted_tree *t);

#endif
