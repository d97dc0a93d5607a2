/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/manifest/nearest.h"

#include <math.h>
#include <string.h>

#include "gen/glance_sql.h"
#include "glance-lite/glance.h"

/* Uses of files that a first look goes through; see candidate_nearest. */
#define FIRST_LOOK 256

struct search {
	struct req *rq;
	const struct ask *ask;
	const char *base;
	const struct set *want;
	int64_t shelf;
	const char *keys, *fetch;	/* arrays as SQL text */
};

static char *arena_text(struct req *rq, struct buf *b)
{
	char *text = arena_strndup(req_arena(rq), buf_str(b), b->len);

	buf_fini(b);
	return text;
}

static void search_arrays(struct search *s)
{
	struct buf keys = { 0 }, fetch = { 0 };
	const struct set_file *f;

	buf_addc(&keys, '{');
	buf_addc(&fetch, '{');
	for (size_t i = 0; i < s->want->n; i++) {
		f = &s->want->files[i];
		buf_printf(&keys, "%s%s", i ? "," : "", f->key);
		buf_printf(&fetch, "%s%lld", i ? "," : "",
			   (long long)ask_fetch(s->ask, f));
	}
	buf_addc(&keys, '}');
	buf_addc(&fetch, '}');
	s->keys = arena_text(s->rq, &keys);
	s->fetch = arena_text(s->rq, &fetch);
}

static const char *price(struct req *rq, double v)
{
	return req_printf(rq, "%.17g", v);
}

/* reach, count: of the rarer files, and of the files of other images. */
static int look(const struct search *s, struct cost_prices p, int64_t reach,
		int64_t count, struct row *row_r)
{

	return sql_one(s->rq, &SQL_candidate_nearest, row_r, ARGS(s->shelf,
		s->keys, s->fetch, reach, s->base, s->ask->images,
		price(s->rq, p.missing), price(s->rq, p.fetch),
		price(s->rq, p.excess), price(s->rq, p.carry), count));
}

/* What is left to do from an image that has these; NULL: none of them. */
static struct cost_work work_left(const struct search *s, const bool *has)
{
	struct cost_work w = { 0 };

	for (size_t i = 0; i < s->want->n; i++) {
		if (has && has[i])
			continue;
		w.missing++;
		w.fetch += ask_fetch(s->ask, &s->want->files[i]);
	}
	return w;
}

static void nearest_of_row(const struct search *s, const struct row *row,
			   struct nearest *near)
{
	const char *has = row_text(row, candidate__has);
	struct cost_work work;

	for (size_t i = 0; i < s->want->n; i++)
		near->has[i] = has[i] == '1';
	work = work_left(s, near->has);
	work.excess = row_int(row, candidate__excess);
	work.carry = row_int(row, candidate__carry);
	near->cost = cost_of(&near->model, &work);
	near->image_id = arena_strdup(req_arena(s->rq),
				      row_text(row, candidate__image_id));
	if (!row_null(row, candidate__files))
		near->excess = row_text(row, candidate__files);
}

/*
 * The number of files up to which an image that the first look passed over
 * could be as good as what it found; 0: none could. Such an image has no other
 * of the wanted files than the common ones, and the rest of it is excess.
 */
static int64_t count_bound(const struct search *s, const struct row *row,
			   const struct nearest *near)
{
	struct cost_work least = work_left(s, NULL);
	int64_t common = row_int(row, candidate__common);
	double slack, each = cost_prices(&near->model).excess * 1e9;

	least.missing -= common;
	least.fetch -= row_int(row, candidate__common_bytes);
	slack = near->cost.total_ns - cost_of(&near->model, &least).total_ns;
	if (common == 0 || slack < 0)
		return 0;
	/* One more, because costs are rounded. */
	slack = (slack + 1) / fmax(each, 1e-300) + 1;
	return slack < INT32_MAX - (double)common ? common + (int64_t)slack
		: INT32_MAX;
}

static int search_run(struct search *s, struct nearest *near)
{
	struct cost_prices p = cost_prices(&near->model);
	struct row row;
	int64_t bound;

	search_arrays(s);
	if (look(s, p, FIRST_LOOK, 0, &row) < 0)
		return -1;
	nearest_of_row(s, &row, near);
	bound = count_bound(s, &row, near);
	if (bound == 0)
		return 0;
	/* Without a bound from the images that hold the common files, else
	 * from the images below it. */
	if (bound == INT32_MAX
	    ? look(s, p, INT64_MAX, 0, &row) < 0
	    : look(s, p, FIRST_LOOK, bound, &row) < 0)
		return -1;
	near->excess = "[]";
	nearest_of_row(s, &row, near);
	return 0;
}

static void all_there(const struct search *s, const char *image_id,
		      struct nearest *near)
{
	near->exact = true;
	near->image_id = arena_strdup(req_arena(s->rq), image_id);
	memset(near->has, true, s->want->n * sizeof(*near->has));
	near->cost = cost_of(&near->model, &(struct cost_work){ 0 });
}

/* Measured rates where the request has none of its own. */
static void fill_rates(const struct row *row, struct cost_rates *r)
{
	if (isnan(r->transfer))
		r->transfer = row_double(row, candidate_base__transfer);
	if (isnan(r->injection))
		r->injection = row_double(row, candidate_base__injection);
	if (isnan(r->removal))
		r->removal = row_double(row, candidate_base__removal);
}

static int base_of(const struct search *s, struct row *row_r)
{
	struct req *rq = s->rq;
	int found = sql_maybe(rq, &SQL_candidate_base, row_r, ARGS(s->base,
		s->ask->project, rq->token->is_admin, s->ask->host,
		(const char *)s->want->digest, s->ask->images));

	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_NOT_FOUND, IMAGE_LOST, s->base);
	if (strcmp(row_text(row_r, candidate_base__status), "active") != 0)
		return fail(rq, ERR_CONFLICT, "Image %s is %s: only active "
			    "images are bases.", s->base,
			    row_text(row_r, candidate_base__status));
	return 0;
}

int nearest_find(struct req *rq, const struct ask *ask, const char *base,
		 const struct set *want, struct nearest *near_r)
{
	struct search s = { .rq = rq, .ask = ask, .base = base, .want = want };
	struct nearest near = { .image_id = base, .model = ask->model,
				.excess = "[]" };
	struct cost_work all;
	struct row row;

	near.has = arena_zalloc(req_arena(rq), (want->n + 1) *
				sizeof(*near.has));
	if (base_of(&s, &row) < 0)
		return -1;
	fill_rates(&row, &near.model.rates);
	all = work_left(&s, NULL);
	near.cost = near.base_cost = cost_of(&near.model, &all);
	s.shelf = row_int(&row, candidate_base__shelf);
	if (want->n == 0)
		all_there(&s, base, &near);
	else if (!row_null(&row, candidate_base__exact))
		all_there(&s, row_text(&row, candidate_base__exact), &near);
	else if (!row_null(&row, candidate_base__shelf) &&
		 search_run(&s, &near) < 0)
		return -1;
	*near_r = near;
	return 0;
}

const char *nearest_match(const struct nearest *near, const char *base)
{
	if (near->exact)
		return "exact";
	return strcmp(near->image_id, base) == 0 ? "base" : "nearest";
}

/* -- writing -------------------------------------------------------------- */

void cost_write(struct jw *w, const struct cost *c)
{
	j_obj(w, "cost");
	j_double(w, "download", c->download);
	j_double(w, "injection", c->injection);
	j_double(w, "removal", c->removal);
	j_double(w, "transport", c->transport);
	j_double(w, "total", c->total_ns / 1e9);
	j_end(w);
}

void model_write(struct jw *w, const struct cost_model *m)
{
	j_int(w, "model", m->number);
	j_obj(w, "weights");
	j_double(w, "download", m->weights.download);
	j_double(w, "injection", m->weights.injection);
	j_double(w, "removal", m->weights.removal);
	j_end(w);
	j_obj(w, "rates");
	j_double(w, "transfer", m->rates.transfer);
	j_double(w, "injection", m->rates.injection);
	j_double(w, "removal", m->rates.removal);
	j_end(w);
}

void missing_write(struct jw *w, const struct set *want, const bool *has)
{
	j_arr(w, "missing");
	for (size_t i = 0; i < want->n; i++)
		if (!has[i])
			set_file_write(w, &want->files[i]);
	j_end(w);
}
