/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_TREE_H
#define NOVA_INJECT_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "nova-lite/inject/inject.h"

/*
 * A file system as an injection sees it: folders with a number each, entries
 * by name. Over libext2fs there is one (ext.h), over a kernel another
 * (appliance/tree.h); how paths are followed (walk.h) and what is done in
 * which order (edit.h) is the same for both.
 */

/* What a name stands for. */
struct node {
	uint64_t id;			/* 0: nothing */
	uint32_t mode;			/* with its type */
};

/* Where a path leads: an entry of a folder. */
struct place {
	uint64_t dir;			/* 0: not even the folder is there */
	struct node node;
	char name[INJECT_NAME_MAX + 1];
};

struct tree_space {
	uint64_t block;			/* bytes */
	uint64_t blocks, files;		/* free */
};

/*
 * All but file_blocks return 0 or -1 and tell errors of tree->path; a full
 * file system is a CONFLICT.
 */
struct tree {
	const struct tree_ops *ops;
	uint64_t root;			/* folder */
	const char *path;		/* what the caller is about */
};

struct tree_ops {
	int (*lookup)(struct tree *t, uint64_t dir, const char *name,
		      struct node *node_r, struct err *e);
	/* Appends what the link says. */
	int (*read_link)(struct tree *t, const struct place *p,
			 struct buf *target, struct err *e);
	/* 0755 root:root */
	int (*make_folder)(struct tree *t, uint64_t dir, const char *name,
			   uint64_t *id_r, struct err *e);
	/* A new file, in place of another if there is one. */
	int (*add)(struct tree *t, const struct place *p,
		   const struct inject_file *f, struct err *e);
	int (*remove)(struct tree *t, const struct place *p, struct err *e);
	/* If it is empty. */
	int (*remove_folder)(struct tree *t, const struct place *p,
			     bool *removed_r, struct err *e);
	int (*space)(struct tree *t, struct tree_space *space_r,
		     struct err *e);
	/* The most that a file of this size can take. */
	uint64_t (*file_blocks)(struct tree *t, uint64_t size);
	/* Has everything reach the disk. */
	int (*flush)(struct tree *t, struct err *e);
};

/* CONFLICT about tree->path; -1. */
int tree_conflict(const struct tree *t, const char *what, struct err *e);
/* The CONFLICT of a full file system. */
int tree_full(const struct tree *t, struct err *e);

/* Paths of folders. */
struct folders {
	char **at;
	size_t n;
};

void folders_add(struct folders *f, const char *path, size_t n);
void folders_fini(struct folders *f);

#endif
