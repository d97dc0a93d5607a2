/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "glance-lite/api/attr.h"
#include "glance-lite/glance.h"
#include "glance-lite/manifest/nearest.h"
#include "glance-lite/manifest/tree.h"
#include "glance-lite/routes.h"

/*
 * Several wanted sets: each is made from a stored image or from another of
 * them, at the lowest cost of all together. Set number i of the request is
 * node i + 1 of the graph, the stored images are the root: of the edges from
 * them to a set only the cheapest can be in the answer.
 */
struct plan {
	struct req *rq;
	struct ask ask;
	int n;				/* nodes */
	struct wanted {
		const char *base;
		struct set set;
		struct nearest near;
	} *wanted;			/* by node; [0] is empty */
	struct cost *cost;		/* n * n; of making the second from
					   the first */
	int *source;
};

static struct cost *cost_cell(const struct plan *p, int u, int v)
{
	return &p->cost[u * p->n + v];
}

static int read_set(struct plan *p, json_t *v, int node)
{
	struct req *rq = p->rq;
	struct wanted *w = &p->wanted[node];
	char *where = req_printf(rq, "sets[%d]", node - 1);
	struct plan_set_in in = { 0 };

	if (body_fields(v, where, plan_set_fields, &in, &rq->err) < 0)
		return -1;
	w->base = body_uuid(rq, in.base_image);
	return set_parse(in.files, req_printf(rq, "%s.files", where),
			 req_arena(rq), &w->set, &rq->err);
}

static int read_sets(struct plan *p, json_t *sets)
{
	struct arena *a = req_arena(p->rq);
	size_t n = json_array_size(sets) + 1;

	if (n > PLAN_SETS_MAX + 1)
		return fail(p->rq, ERR_TOO_LARGE, "Invalid sets: more than %d",
			    PLAN_SETS_MAX);
	p->n = (int)n;
	p->wanted = arena_zalloc(a, n * sizeof(*p->wanted));
	p->cost = arena_zalloc(a, n * n * sizeof(*p->cost));
	p->source = arena_zalloc(a, n * sizeof(*p->source));
	for (int v = 1; v < p->n; v++)
		if (read_set(p, json_array_get(sets, (size_t)v - 1), v) < 0)
			return -1;
	return 0;
}

/* A set that was made on the host is there: nothing of it must be carried. */
static struct cost cost_between(const struct plan *p, int u, int v)
{
	const struct wanted *from = &p->wanted[u], *to = &p->wanted[v];
	const struct set_file **files = arena_alloc(req_arena(p->rq),
		(from->set.n + to->set.n + 1) * sizeof(*files));
	struct cost_work work = { 0 };

	if (strcmp(from->base, to->base) != 0)
		return (struct cost){ .total_ns = HUGE_VAL };
	work.excess = (int64_t)set_minus(&from->set, &to->set, files);
	work.missing = (int64_t)set_minus(&to->set, &from->set, files);
	for (int64_t i = 0; i < work.missing; i++)
		work.fetch += ask_fetch(&p->ask, files[i]);
	return cost_of(&to->near.model, &work);
}

static int find_costs(struct plan *p)
{
	struct wanted *w;

	for (int v = 1; v < p->n; v++) {
		w = &p->wanted[v];
		if (nearest_find(p->rq, &p->ask, w->base, &w->set,
				 &w->near) < 0)
			return -1;
		*cost_cell(p, 0, v) = w->near.cost;
	}
	sql_release(p->rq);
	for (int u = 1; u < p->n; u++)
		for (int v = 1; v < p->n; v++)
			if (u != v)
				*cost_cell(p, u, v) = cost_between(p, u, v);
	return 0;
}

static void choose(struct plan *p)
{
	size_t cells = (size_t)p->n * (size_t)p->n;
	double *total = arena_alloc(req_arena(p->rq), cells * sizeof(*total));

	for (size_t i = 0; i < cells; i++)
		total[i] = p->cost[i].total_ns;
	tree_make(total, p->n, p->source);
}

/* -- the answer ----------------------------------------------------------- */

static void set_source_write(struct plan *p, int u, int v)
{
	const struct set *from = &p->wanted[u].set, *to = &p->wanted[v].set;
	const struct set_file **files = arena_alloc(req_arena(p->rq),
		(from->n + to->n + 1) * sizeof(*files));
	struct jw *w = &p->rq->w;
	size_t n;

	j_obj(w, "source");
	j_int(w, "set", u - 1);
	j_end(w);
	j_str(w, "match", strcmp(from->digest, to->digest) ? "nearest"
	      : "exact");
	n = set_minus(to, from, files);
	set_files_write(w, "missing", files, n);
	n = set_minus(from, to, files);
	set_files_write(w, "excess", files, n);
}

static void image_source_write(struct plan *p, int v)
{
	struct jw *w = &p->rq->w;
	const struct wanted *to = &p->wanted[v];

	j_obj(w, "source");
	j_str(w, "image_id", to->near.image_id);
	j_end(w);
	j_str(w, "match", nearest_match(&to->near, to->base));
	missing_write(w, &to->set, to->near.has);
	j_raw(w, "excess", to->near.excess, strlen(to->near.excess));
}

static void step_write(struct plan *p, int v)
{
	struct jw *w = &p->rq->w;
	int u = p->source[v];

	j_obj(w, NULL);
	j_int(w, "set", v - 1);
	j_str(w, "base_image", p->wanted[v].base);
	j_str(w, "digest", p->wanted[v].set.digest);
	if (u)
		set_source_write(p, u, v);
	else
		image_source_write(p, v);
	cost_write(w, cost_cell(p, u, v));
	j_end(w);
}

static void plan_write(struct plan *p)
{
	int *order = arena_alloc(req_arena(p->rq), (size_t)p->n *
				 sizeof(*order));
	struct jw *w = &p->rq->w;
	double total = 0;

	tree_order(p->source, p->n, order);
	j_obj(w, NULL);
	j_arr(w, "steps");
	for (int i = 0; i < p->n - 1; i++) {
		step_write(p, order[i]);
		total += cost_cell(p, p->source[order[i]],
				   order[i])->total_ns;
	}
	j_end(w);
	j_double(w, "cost", total / 1e9);
	model_write(w, &p->wanted[1].near.model);
	j_end(w);
}

int plan_make(struct req *rq)
{
	struct plan p = { .rq = rq };
	struct ask_in in = { 0 };

	if (manifest_req_body(rq, NULL, plan_fields, &in) < 0 ||
	    ask_read(rq, &in, &p.ask) < 0 || read_sets(&p, in.sets) < 0)
		return -1;
	if (p.n == 1)
		return fail(rq, ERR_BAD_REQUEST, "Invalid sets: it is empty");
	if (find_costs(&p) < 0)
		return -1;
	choose(&p);
	plan_write(&p);
	return reply(rq, 200);
}
