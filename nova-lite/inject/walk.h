/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_WALK_H
#define NOVA_INJECT_WALK_H

#include "nova-lite/inject/tree.h"

enum walk_flags {
	WALK_MAKE = 1,			/* missing folders, 0755 root:root */
	WALK_NOFOLLOW = 2,		/* a link at the end is the place */
};

/*
 * Follows a path as a process that is chroot'ed into the file system: `..`
 * stops at the root, absolute links begin there. A link at the end that leads
 * nowhere is the place itself. Folders that are made are added to `made`.
 * Fails with CONFLICT: not a folder, more than 40 links, a link to nothing on
 * the way; and as the tree does. path becomes what the tree is about.
 */
struct walk {
	struct tree *tree;
	enum walk_flags flags;
	struct folders *made;		/* WALK_MAKE only */
};
int walk_path(const struct walk *w, const char *path, struct place *place_r,
	      struct err *e);

#endif
