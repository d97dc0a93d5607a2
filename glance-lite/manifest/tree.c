/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/manifest/tree.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

/* One level: a graph, and how it becomes the next one, in which a circle of
 * nodes is one. */
struct level {
	const double *cost;
	int n;
	int *best;		/* the cheapest source of each node */
	bool *in_circle;
	double *next_cost;
	int next_n, hub;	/* the circle in the next graph */
	int *name;		/* of each node in the next graph */
	int *node;		/* the reverse, but for the hub */
	int *enter, *leave;	/* per node of the next graph: the circle's
				   member that its edge to and from the hub
				   leads to and from */
};

static double cost_at(const struct level *l, int u, int v)
{
	return l->cost[(size_t)u * (size_t)l->n + (size_t)v];
}

static int *ints(int n)
{
	return xcalloc((size_t)n, sizeof(int));
}

static void level_init(struct level *l, const double *cost, int n,
		       int *best)
{
	*l = (struct level){ .cost = cost, .n = n, .best = best };
	l->in_circle = xcalloc((size_t)n, sizeof(*l->in_circle));
	l->name = ints(n);
	l->node = ints(n);
	l->enter = ints(n);
	l->leave = ints(n);
}

static void level_fini(struct level *l)
{
	free(l->in_circle);
	free(l->next_cost);
	free(l->name);
	free(l->node);
	free(l->enter);
	free(l->leave);
}

static void choose_best(struct level *l)
{
	l->best[0] = 0;
	for (int v = 1; v < l->n; v++) {
		assert(cost_at(l, 0, v) < HUGE_VAL);
		l->best[v] = 0;
		for (int u = 1; u < l->n; u++)
			if (u != v && cost_at(l, u, v) <
			    cost_at(l, l->best[v], v))
				l->best[v] = u;
	}
}

/* Marks the first circle that the best sources make; false: there is none. */
static bool find_circle(struct level *l)
{
	int u;

	for (int v = 1; v < l->n; v++) {
		u = v;
		for (int steps = 0; steps < l->n && u; steps++)
			u = l->best[u];
		if (!u)
			continue;
		/* After n steps without the root, u is on a circle. */
		for (; !l->in_circle[u]; u = l->best[u])
			l->in_circle[u] = true;
		return true;
	}
	return false;
}

static void rename_nodes(struct level *l)
{
	for (int v = 0; v < l->n; v++) {
		if (l->in_circle[v])
			continue;
		l->name[v] = l->next_n;
		l->node[l->next_n++] = v;
	}
	l->hub = l->next_n++;
	for (int v = 0; v < l->n; v++)
		if (l->in_circle[v])
			l->name[v] = l->hub;
}

/* An edge into the circle costs what it adds to breaking it there. */
static void add_edge(struct level *l, int u, int v)
{
	int a = l->name[u], b = l->name[v];
	double cost = cost_at(l, u, v), *at;

	if (a == b || u == v || v == 0)
		return;
	if (b == l->hub)
		cost -= cost_at(l, l->best[v], v);
	at = &l->next_cost[(size_t)a * (size_t)l->next_n + (size_t)b];
	if (cost >= *at)
		return;
	*at = cost;
	if (b == l->hub)
		l->enter[a] = v;
	if (a == l->hub)
		l->leave[b] = u;
}

static void contract(struct level *l)
{
	size_t cells;

	rename_nodes(l);
	cells = (size_t)l->next_n * (size_t)l->next_n;
	l->next_cost = xmalloc(cells * sizeof(*l->next_cost));
	for (size_t i = 0; i < cells; i++)
		l->next_cost[i] = HUGE_VAL;
	for (int u = 0; u < l->n; u++)
		for (int v = 0; v < l->n; v++)
			add_edge(l, u, v);
}

/* The answer for the next graph becomes one for this graph. */
static void expand(struct level *l, const int *next_source)
{
	int source;

	for (int b = 1; b < l->next_n; b++) {
		source = next_source[b];
		if (b == l->hub)
			l->best[l->enter[source]] = l->node[source];
		else if (source == l->hub)
			l->best[l->node[b]] = l->leave[b];
		else
			l->best[l->node[b]] = l->node[source];
	}
}

void tree_make(const double *cost, int n, int *source_r)
{
	struct level l;
	int *next;

	level_init(&l, cost, n, source_r);
	choose_best(&l);
	if (find_circle(&l)) {
		contract(&l);
		next = ints(l.next_n);
		tree_make(l.next_cost, l.next_n, next);
		expand(&l, next);
		free(next);
	}
	level_fini(&l);
}

void tree_order(const int *source, int n, int *order_r)
{
	bool *done = xcalloc((size_t)n, sizeof(*done));
	int v;

	done[0] = true;
	for (int i = 0; i < n - 1; i++) {
		for (v = 1; done[v] || !done[source[v]]; v++)
			assert(v + 1 < n);
		done[v] = true;
		order_r[i] = v;
	}
	free(done);
}
