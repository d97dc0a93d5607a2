/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_WALK_H
#define NOVA_INJECT_WALK_H

#include "nova-lite/inject/inject.h"
#include "nova-lite/inject/root.h"

/* Where a path leads: an entry of a folder. */
struct place {
	ext2_ino_t dir;			/* 0: not even the folder is there */
	ext2_ino_t ino;			/* 0: the entry is not there */
	uint16_t mode;			/* of ino, with its type */
	char name[INJECT_NAME_MAX + 1];
};

enum walk_flags {
	WALK_MAKE = 1,			/* missing folders, 0755 root:root */
	WALK_NOFOLLOW = 2,		/* a link at the end is the place */
};

/* Paths of folders. */
struct folders {
	char **at;
	size_t n;
};

/*
 * Follows a path as a process that is chroot'ed into the file system: `..`
 * stops at the root, absolute links begin there. A link at the end that leads
 * nowhere is the place itself. Folders that are made are added to `made`.
 * Fails with CONFLICT: not a folder, more than 40 links, a link to nothing on
 * the way; and as root_failed.
 */
struct walk {
	struct root *root;
	enum walk_flags flags;
	struct folders *made;		/* WALK_MAKE only */
};
int walk_path(const struct walk *w, const char *path, struct place *place_r,
	      struct err *e);

void folders_add(struct folders *f, const char *path, size_t n);
void folders_fini(struct folders *f);

#endif
