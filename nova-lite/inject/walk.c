/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/walk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define LINKS_MAX 40			/* as Linux */

/*
 * A walk on its way. rest is what is still to follow; all but its last `own`
 * bytes came from links.
 */
struct step {
	const struct walk *walk;
	struct tree *tree;
	const char *path;
	char *rest;
	size_t own;
	int links;
	uint64_t dir;
	struct place link;		/* the one at the path's end, if any */
};

/* The target of a link in front of what is left to follow. */
static int expand_link(struct step *s, const struct place *link,
		       struct err *e)
{
	_cleanup_(buf_fini) struct buf target = { 0 };
	char *rest;

	if (++s->links > LINKS_MAX)
		return tree_conflict(s->tree, "leads through too many links",
				     e);
	if (s->tree->ops->read_link(s->tree, link, &target, e) < 0)
		return -1;
	if (strlen(s->rest) <= s->own)
		s->own = strlen(s->rest);
	rest = xasprintf("%s/%s", buf_str(&target), s->rest);
	free(s->rest);
	s->rest = rest;
	if (rest[0] == '/')
		s->dir = s->tree->root;
	return 0;
}

/* Takes the next component out of rest: 1, or 0 at its end. */
static int next_name(struct step *s, char name[INJECT_NAME_MAX + 1],
		     bool *from_link, struct err *e)
{
	char *begin = s->rest + strspn(s->rest, "/");
	size_t n = strcspn(begin, "/");

	if (n > INJECT_NAME_MAX)
		return tree_conflict(s->tree, "leads through a damaged link",
				     e);
	*from_link = strlen(begin) > s->own;
	memcpy(name, begin, n);
	name[n] = '\0';
	memmove(s->rest, begin + n, strlen(begin + n) + 1);
	return n > 0;
}

static bool at_end(const struct step *s)
{
	return s->rest[strspn(s->rest, "/")] == '\0';
}

static int make_folder(struct step *s, const char *name, struct err *e)
{
	if (s->tree->ops->make_folder(s->tree, s->dir, name, &s->dir, e) < 0)
		return -1;
	folders_add(s->walk->made, s->path, strlen(s->path) - strlen(s->rest));
	return 0;
}

/* What to do about a name that is not there; 1: the walk ends. */
static int missing(struct step *s, const char *name, bool from_link,
		   struct place *p, struct err *e)
{
	if (from_link) {
		if (!s->link.node.id)
			return tree_conflict(s->tree,
					     "leads through a link to nothing",
					     e);
		*p = s->link;
		return 1;
	}
	if (!at_end(s)) {
		if (s->walk->flags & WALK_MAKE)
			return make_folder(s, name, e);
		*p = (struct place){ .dir = 0 };
		return 1;
	}
	*p = (struct place){ .dir = s->dir };
	strcpy(p->name, name);
	return 1;
}

static int found(struct step *s, const struct place *here, bool from_link,
		 struct place *p, struct err *e)
{
	bool end = at_end(s);

	if (S_ISLNK(here->node.mode) &&
	    !(end && !from_link && (s->walk->flags & WALK_NOFOLLOW))) {
		if (end && !from_link)
			s->link = *here;
		return expand_link(s, here, e);
	}
	if (end) {
		*p = *here;
		return 1;
	}
	if (!S_ISDIR(here->node.mode))
		return tree_conflict(s->tree, "leads through something that "
				     "is not a folder", e);
	s->dir = here->node.id;
	return 0;
}

/* One component; 1: the walk ends. */
static int step(struct step *s, struct place *p, struct err *e)
{
	struct place here = { .dir = s->dir };
	bool from_link = false;
	int got = next_name(s, here.name, &from_link, e);

	if (got < 0)
		return -1;
	if (got == 0) {
		*p = (struct place){ s->dir, { s->dir, S_IFDIR }, "" };
		return 1;
	}
	if (strcmp(here.name, ".") == 0 ||
	    (s->dir == s->tree->root && strcmp(here.name, "..") == 0))
		return 0;
	if (s->tree->ops->lookup(s->tree, s->dir, here.name, &here.node,
				 e) < 0)
		return -1;
	if (!here.node.id)
		return missing(s, here.name, from_link, p, e);
	return found(s, &here, from_link, p, e);
}

int walk_path(const struct walk *w, const char *path, struct place *place_r,
	      struct err *e)
{
	struct step s = { .walk = w, .tree = w->tree, .path = path,
			  .rest = xstrdup(path), .own = SIZE_MAX,
			  .dir = w->tree->root };
	struct place p = { 0 };
	int rc;

	w->tree->path = path;
	do {
		rc = step(&s, &p, e);
	} while (rc == 0);
	free(s.rest);
	if (rc > 0)
		*place_r = p;
	return rc > 0 ? 0 : -1;
}
