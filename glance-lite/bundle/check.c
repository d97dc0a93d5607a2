/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/bundle/check.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/mem.h"

enum { ENTRIES_MAX = 1000000, NAME_BYTES = 255, LINKS_MAX = 40 };

struct node {
	enum bundle_type type;
	bool executable;
	char *target;			/* of a symbolic link */
	char path[];
};

/* -- the tree ------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->path,
		      ((const struct node *)b)->path);
}

static void node_free(void *arg)
{
	struct node *n = arg;

	free(n->target);
	free(n);
}

void bundle_tree_init(struct bundle_tree *t)
{
	memset(t, 0, sizeof(*t));
}

void bundle_tree_fini(struct bundle_tree *t)
{
	tdestroy(t->nodes, node_free);
	t->nodes = NULL;
}

static struct node *node_new(const char *path, size_t len)
{
	struct node *n = xcalloc(1, sizeof(*n) + len + 1);

	memcpy(n->path, path, len);
	return n;
}

/* The entry of the first len bytes of path, or NULL. */
static struct node *find(const struct bundle_tree *t, const char *path,
			 size_t len)
{
	struct node *key = node_new(path, len), **found;

	found = tfind(key, &t->nodes, by_path);
	free(key);
	return found ? *found : NULL;
}

/* -- paths ---------------------------------------------------------------- */

static int refuse(struct bundle_tree *t, const char *why)
{
	snprintf(t->why, sizeof(t->why), "%s", why);
	return -1;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

/* "./a//b/" is "a/b". Says what is wrong with it, or NULL. */
static const char *normalise(const char *path, char out_r[BUNDLE_PATH_MAX])
{
	size_t at = 0, n;

	if (path[0] == '/')
		return "it is an absolute path";
	if (has_control(path))
		return "its name has control characters";
	for (; *path; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.'))
			continue;
		if (n == 2 && path[0] == '.' && path[1] == '.')
			return "its path has \"..\"";
		if (n > NAME_BYTES || at + n + 2 > BUNDLE_PATH_MAX)
			return "its name is too long";
		if (at)
			out_r[at++] = '/';
		memcpy(out_r + at, path, n);
		at += n;
	}
	out_r[at] = '\0';
	return NULL;
}

/* What a link that came before would lead elsewhere. */
static int check_parents(struct bundle_tree *t)
{
	const char *slash = t->path;
	const struct node *n;

	while ((slash = strchr(slash, '/'))) {
		n = find(t, t->path, (size_t)(slash - t->path));
		if (n && n->type != BUNDLE_DIR) {
			snprintf(t->why, sizeof(t->why), "it is below %.200s, "
				 "which is not a folder", n->path);
			return -1;
		}
		slash++;
	}
	return 0;
}

/* -- rights --------------------------------------------------------------- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* Where distributions have programs. */
static bool is_system_place(const char *path)
{
	static const char *const places[] = {
		"bin", "sbin", "lib", "lib64", "libexec", "usr/bin",
		"usr/sbin", "usr/lib", "usr/lib64", "usr/libexec",
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (is_below(path, places[i]))
			return true;
	return false;
}

static const char *check_rights(const struct bundle_tree *t,
				const struct bundle_entry *e)
{
	if (e->type != BUNDLE_FILE ||
	    !((e->mode & (S_ISUID | S_ISGID)) || e->capable))
		return NULL;
	if (!is_system_place(t->path))
		return "it is set-user-ID, set-group-ID or has capabilities "
			"outside of the system's folders";
	if ((e->mode & S_ISUID) && e->uid != 0)
		return "it is set-user-ID to another user than root";
	if (e->mode & (S_IWGRP | S_IWOTH))
		return "it is set-user-ID, set-group-ID or has capabilities, "
			"and others may write to it";
	return NULL;
}

/* -- entries -------------------------------------------------------------- */

static const char *check_kind(const struct bundle_entry *e)
{
	if (e->type == BUNDLE_OTHER)
		return "it is a device, pipe or socket";
	if (e->type == BUNDLE_SYMLINK &&
	    (!e->target || !e->target[0] || has_control(e->target) ||
	     strlen(e->target) >= BUNDLE_PATH_MAX))
		return "it is a link without a proper target";
	return NULL;
}

static int check_hardlink(struct bundle_tree *t, const struct bundle_entry *e)
{
	const char *why = e->target ? normalise(e->target, t->target) : "none";
	const struct node *n;

	n = why ? NULL : find(t, t->target, strlen(t->target));
	if (n && n->type == BUNDLE_FILE)
		return 0;
	snprintf(t->why, sizeof(t->why), "it is a hard link to %.200s, which "
		 "is not a file of the archive before it",
		 e->target ? e->target : "nothing");
	return -1;
}

static int add(struct bundle_tree *t, const struct bundle_entry *e)
{
	struct node *n = node_new(t->path, strlen(t->path));
	const struct node *other;

	/* A hard link is the file; so is a link to it. */
	n->type = e->type == BUNDLE_HARDLINK ? BUNDLE_FILE : e->type;
	n->executable = e->mode & 0111;
	if (e->type == BUNDLE_HARDLINK) {
		other = find(t, t->target, strlen(t->target));
		n->executable = other->executable;
	}
	if (e->type == BUNDLE_SYMLINK)
		n->target = xstrdup(e->target);
	tsearch(n, &t->nodes, by_path);
	t->n++;
	return 0;
}

int bundle_take(struct bundle_tree *t, const struct bundle_entry *e)
{
	const char *why = normalise(e->path, t->path);
	const struct node *before;

	if (!why)
		why = check_kind(e);
	if (!why)
		why = check_rights(t, e);
	if (why)
		return refuse(t, why);
	if (!t->path[0])
		return e->type == BUNDLE_DIR ? 0 :
			refuse(t, "it stands for the tree itself");
	if (check_parents(t) < 0 ||
	    (e->type == BUNDLE_HARDLINK && check_hardlink(t, e) < 0))
		return -1;
	before = find(t, t->path, strlen(t->path));
	if (before && before->type == BUNDLE_DIR && e->type == BUNDLE_DIR)
		return 0;
	if (before)
		return refuse(t, "it stands there twice");
	if (t->n == ENTRIES_MAX)
		return refuse(t, "it is one too many");
	return add(t, e);
}

bool bundle_has(const struct bundle_tree *t, const char *path)
{
	return find(t, path, strlen(path));
}

bool bundle_is_dir(const struct bundle_tree *t, const char *path)
{
	const struct node *n = find(t, path, strlen(path));

	return n && n->type == BUNDLE_DIR;
}

/* -- the script ----------------------------------------------------------- */

/* One step of a walk: puts a link's target before what is left of the path. */
static bool follow(const struct node *n, char rest[BUNDLE_PATH_MAX],
		   char at[BUNDLE_PATH_MAX])
{
	char left[BUNDLE_PATH_MAX];
	char *slash;

	snprintf(left, sizeof(left), "%s", rest);
	if ((size_t)snprintf(rest, BUNDLE_PATH_MAX, "%s/%s", n->target,
			     left) >= BUNDLE_PATH_MAX)
		return false;
	slash = strrchr(at, '/');
	if (n->target[0] == '/' || !slash)
		at[0] = '\0';
	else
		*slash = '\0';
	return true;
}

static void leave(char *at)
{
	char *slash = strrchr(at, '/');

	if (slash)
		*slash = '\0';
	else
		at[0] = '\0';
}

/* Takes the next name off rest and goes there. */
static void step(char *rest, char at[BUNDLE_PATH_MAX])
{
	size_t skip = strspn(rest, "/"), n = strcspn(rest + skip, "/");
	size_t have = strlen(at);
	const char *name = rest + skip;

	if (n == 2 && strncmp(name, "..", 2) == 0)
		leave(at);
	else if (n > 0 && !(n == 1 && name[0] == '.') &&
		 have + n + 2 <= BUNDLE_PATH_MAX)
		sprintf(at + have, "%s%.*s", have ? "/" : "", (int)n, name);
	memmove(rest, name + n, strlen(name + n) + 1);
}

bool bundle_executes(const struct bundle_tree *t, const char *path)
{
	char rest[BUNDLE_PATH_MAX], at[BUNDLE_PATH_MAX] = "";
	const struct node *n = NULL;
	int links = 0;

	snprintf(rest, sizeof(rest), "%s", path);
	while (rest[strspn(rest, "/")]) {
		step(rest, at);
		n = find(t, at, strlen(at));
		if (n && n->type == BUNDLE_SYMLINK &&
		    (links++ == LINKS_MAX || !follow(n, rest, at)))
			return false;
	}
	return n && n->type == BUNDLE_FILE && n->executable;
}
