/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/service/route.h"

/*
 * A tree of path segments. Children of a node are few, so they stand in a
 * list; literals are tried before the one {parameter} child, and a literal
 * that leads nowhere, or to other methods only, falls back to the parameter.
 */
struct node {
	const char *seg;		/* "" for a {parameter} */
	size_t len;
	struct node *child, *next;
	struct node *param;
	const struct route **routes;
	int n;
	char names[ROUTE_PARAMS][32];	/* of the parameters on the way here */
};

struct router {
	struct node root;
};

static size_t segment_len(const char *p)
{
	return strcspn(p, "/#");
}

static struct node *node_new(const struct node *parent, const char *seg,
			     size_t len)
{
	struct node *n = xcalloc(1, sizeof(*n));

	memcpy(n->names, parent->names, sizeof(n->names));
	n->seg = seg;
	n->len = len;
	return n;
}

static struct node *child_literal(struct node *n, const char *seg, size_t len)
{
	struct node *c;

	for (c = n->child; c; c = c->next)
		if (c->len == len && memcmp(c->seg, seg, len) == 0)
			return c;
	c = node_new(n, seg, len);
	c->next = n->child;
	n->child = c;
	return c;
}

static struct node *child_param(struct node *n, const char *seg, size_t len,
				int depth)
{
	assert(depth < ROUTE_PARAMS && len - 2 < sizeof(n->names[0]));
	if (!n->param) {
		n->param = node_new(n, "", 0);
		memcpy(n->param->names[depth], seg + 1, len - 2);
		n->param->names[depth][len - 2] = '\0';
	}
	/* Two names for one place would leave one of them unfilled. */
	assert(strncmp(n->param->names[depth], seg + 1, len - 2) == 0);
	return n->param;
}

static void router_add(struct router *r, const struct route *rt)
{
	struct node *n = &r->root;
	const char *p = rt->path;
	int depth = 0, i;

	assert(*p == '/');
	while (*p == '/') {
		size_t len = segment_len(++p);

		if (len == 0)
			break;
		if (*p == '{')
			n = child_param(n, p, len, depth++);
		else
			n = child_literal(n, p, len);
		p += len;
	}
	n->routes = xrealloc(n->routes, (size_t)(n->n + 1) *
			     sizeof(*n->routes));
	/* Rows of one method stay together, in the order of the table. */
	for (i = n->n; i > 0 && strcmp(n->routes[i - 1]->method,
				       rt->method) > 0; i--)
		n->routes[i] = n->routes[i - 1];
	n->routes[i] = rt;
	n->n++;
}

struct router *router_new(const struct route *routes)
{
	struct router *r = xcalloc(1, sizeof(*r));

	for (; routes->op; routes++)
		router_add(r, routes);
	return r;
}

static void node_fini(struct node *n)
{
	struct node *c, *next;

	for (c = n->child; c; c = next) {
		next = c->next;
		node_fini(c);
		free(c);
	}
	if (n->param) {
		node_fini(n->param);
		free(n->param);
	}
	free(n->routes);
}

void router_free(struct router *r)
{
	if (!r)
		return;
	node_fini(&r->root);
	free(r);
}

/* HEAD is GET without a body, unless a row says otherwise. */
static bool serves(const struct node *n, const char *method)
{
	for (int i = 0; i < n->n; i++)
		if (strcmp(n->routes[i]->method, method) == 0)
			return true;
	return strcmp(method, "HEAD") == 0 && serves(n, "GET");
}

/* method NULL: any. */
static const struct node *find(const struct node *n, const char *p,
			       const char *method, struct route_match *m)
{
	const struct node *c, *hit;
	size_t len;

	if (*p == '/')
		p++;
	len = strcspn(p, "/");
	if (len == 0)
		return *p == '\0' && n->n && (!method || serves(n, method))
			? n : NULL;
	for (c = n->child; c; c = c->next)
		if (c->len == len && memcmp(c->seg, p, len) == 0) {
			hit = find(c, p + len, method, m);
			if (hit)
				return hit;
			break;
		}
	if (!n->param)
		return NULL;
	m->params[m->nparams].value = p;
	m->params[m->nparams++].len = len;
	hit = find(n->param, p + len, method, m);
	if (!hit)
		m->nparams--;
	return hit;
}

static void allow_add(char *allow, size_t size, const char *method)
{
	size_t len = strlen(allow);

	if (strstr(allow, method))
		return;
	assert(len + strlen(method) + 3 < size);
	if (len)
		strcat(allow, ", ");
	strcat(allow, method);
}

/* The rows of a node are sorted by method, so a method's are one run. */
static void match_run(const struct node *n, const char *method,
		      struct route_match *m)
{
	int i = 0;

	while (i < n->n && strcmp(n->routes[i]->method, method) != 0)
		i++;
	m->routes = n->routes + i;
	while (i + m->n < n->n &&
	       strcmp(n->routes[i + m->n]->method, method) == 0)
		m->n++;
}

void router_match(const struct router *r, const char *method,
		  const char *path, struct route_match *m)
{
	const struct node *n;
	int i;

	m->n = m->nparams = 0;
	m->path_known = false;
	m->allow[0] = '\0';
	n = find(&r->root, path, method, m);
	if (!n)
		n = find(&r->root, path, NULL, m);
	if (!n)
		return;
	m->path_known = true;
	for (i = 0; i < m->nparams; i++)
		m->params[i].name = n->names[i];
	match_run(n, method, m);
	if (m->n == 0 && strcmp(method, "HEAD") == 0)
		match_run(n, "GET", m);
	for (i = 0; m->n == 0 && i < n->n; i++)
		allow_add(m->allow, sizeof(m->allow), n->routes[i]->method);
}
