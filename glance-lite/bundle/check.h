/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_BUNDLE_CHECK_H
#define GLANCE_BUNDLE_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What may stand in the bundle of an OS image: files, folders and links that
 * stay inside the tree; nothing that would be a device, or a way to more rights
 * that no distribution has. Knows no archive format: entries come one by one,
 * in the order of the archive.
 */
enum bundle_type { BUNDLE_FILE, BUNDLE_DIR, BUNDLE_SYMLINK, BUNDLE_HARDLINK,
		   BUNDLE_OTHER };

struct bundle_entry {
	const char *path;		/* as the archive has it */
	enum bundle_type type;
	mode_t mode;
	int64_t uid, gid;
	const char *target;		/* of links */
	bool capable;			/* has file capabilities */
};

#define BUNDLE_PATH_MAX 4096
#define BUNDLE_WHY_MAX 512

struct bundle_tree {
	void *nodes;			/* tsearch's */
	int64_t n;
	char path[BUNDLE_PATH_MAX];	/* of the entry last taken: normal */
	char target[BUNDLE_PATH_MAX];	/* and of a hard link */
	char why[BUNDLE_WHY_MAX];
};

void bundle_tree_init(struct bundle_tree *t);
void bundle_tree_fini(struct bundle_tree *t);

/*
 * Takes an entry: 0, with its path relative to the tree in t->path ("" is the
 * tree itself), or -1 with the reason in t->why.
 */
int bundle_take(struct bundle_tree *t, const struct bundle_entry *entry);

/* Whether there is an entry with this path relative to the tree. */
bool bundle_has(const struct bundle_tree *t, const char *path);
bool bundle_is_dir(const struct bundle_tree *t, const char *path);

/* Whether an absolute path leads, links and all, to a file that may be
 * executed. */
bool bundle_executes(const struct bundle_tree *t, const char *path);

#endif
