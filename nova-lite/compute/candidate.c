/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/compute/candidate.h"

const char *const match_names[] = { "base", "nearest", "exact" };

/* -- the question -------------------------------------------------------- */

static void put_id(const char *id, void *arg)
{
	j_str(arg, NULL, id);
}

/* Images in the cache, and contents: they came with the job. */
static void put_cached(struct jw *w, struct job *j, const struct wanted *want)
{
	j_arr(w, "cached");
	image_cache_list(&job_agent(j)->images, put_id, w);
	for (size_t i = 0; i < want->n; i++)
		if (want->have[i])
			j_str(w, NULL, wanted_sha256(want, i));
	j_end(w);
}

static json_t *ask(struct job *j, const struct wanted *want, struct err *e)
{
	const struct row *row = &job_server(j)->row;
	_cleanup_(buf_fini) struct buf body = { 0 };
	struct jw w;

	jw_init(&w, &body);
	j_obj(&w, NULL);
	wanted_write(&w, want);
	put_cached(&w, j, want);
	j_str(&w, "host", job_agent(j)->host);
	j_str(&w, "project_id", row_text(row, server__project_id));
	j_end(&w);
	return glance_candidate(job_agent(j)->images.glance,
				row_text(row, server__image_id), &body, e);
}

/* -- the answer ---------------------------------------------------------- */

static void own_json_decref(void *json)
{
	json_decref(json);
}

static const char *text(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

static enum match match_of(const char *name)
{
	for (int m = MATCH_EXACT; m > MATCH_BASE; m--)
		if (strcmp(match_names[m], name) == 0)
			return m;
	return MATCH_BASE;
}

static int read_missing(struct job *j, const json_t *list,
			const struct wanted *w, struct candidate *c,
			struct err *e)
{
	size_t n = json_array_size(list), i;

	c->adds = arena_zalloc(&j->arena, (n + 1) * sizeof(*c->adds));
	for (i = 0; i < n; i++) {
		const char *path = text(json_array_get(list, i), "path");
		const struct inject_file *f = wanted_find(w, path);

		if (!f)
			return err_internal(e, "candidate: %.200s was not "
					    "asked for", path);
		c->adds[c->nadds++] = *f;
		c->bytes_held -= f->size;
	}
	return wanted_has(w, c->adds, c->nadds, e);
}

static void read_excess(struct job *j, const json_t *list,
			struct candidate *c)
{
	size_t n = json_array_size(list);

	c->removes = arena_zalloc(&j->arena, (n + 1) * sizeof(*c->removes));
	for (size_t i = 0; i < n; i++)
		c->removes[c->nremoves++] =
			text(json_array_get(list, i), "path");
}

static double total(const json_t *cost)
{
	return json_number_value(json_is_object(cost) ?
				 json_object_get(cost, "total") : cost);
}

static int read_answer(struct job *j, const json_t *answer,
		       const struct wanted *w, struct candidate *c,
		       struct err *e)
{
	*c = (struct candidate){
		.match = match_of(text(answer, "match")),
		.image_id = text(answer, "image_id"),
		.digest = text(answer, "digest"),
		.seconds_saved = total(json_object_get(answer, "base_cost")) -
				 total(json_object_get(answer, "cost")),
		.bytes_held = w->bytes,
	};
	if (!*c->image_id || !*c->digest)
		return err_internal(e, "candidate: no image or digest");
	read_excess(j, json_object_get(answer, "excess"), c);
	return read_missing(j, json_object_get(answer, "missing"), w, c, e);
}

/* -- what else the image says -------------------------------------------- */

/* A property that is a JSON array of paths, as the agent has written it. */
static const char **paths(struct job *j, const json_t *doc, const char *key,
			  size_t *n_r)
{
	const char *value = text(doc, key), **out;
	json_t *list = json_loads(*value ? value : "[]", 0, NULL);
	size_t n = json_array_size(list), i;

	out = arena_zalloc(&j->arena, (n + 1) * sizeof(*out));
	*n_r = 0;
	for (i = 0; i < n; i++)
		if (json_is_string(json_array_get(list, i)))
			out[(*n_r)++] = arena_strdup(&j->arena,
				json_string_value(json_array_get(list, i)));
	json_decref(list);
	return out;
}

static int read_image(struct job *j, struct candidate *c, struct err *e)
{
	json_t *doc = glance_image_doc(job_agent(j)->images.glance,
				       c->image_id, e);

	if (!doc)
		return -1;
	c->made = paths(j, doc, "inject_made", &c->nmade);
	c->replaced = paths(j, doc, "inject_replaced", &c->nreplaced);
	json_decref(doc);
	return 0;
}

/*
 * Removing a file does not bring back what the base had in its place: an image
 * of which such a file would have to go is not what we need.
 */
static bool loses_a_file(const struct candidate *c, const struct wanted *w)
{
	for (size_t i = 0; i < c->nreplaced; i++)
		for (size_t k = 0; k < c->nremoves; k++)
			if (strcmp(c->replaced[i], c->removes[k]) == 0 &&
			    !wanted_find(w, c->removes[k]))
				return true;
	return false;
}

/* All of the set, into the base. */
static int from_base(struct job *j, const struct wanted *w,
		     struct candidate *c, struct err *e)
{
	*c = (struct candidate){
		.image_id = row_text(&job_server(j)->row, server__image_id),
		.digest = c->digest, .adds = w->files, .nadds = w->n,
	};
	return wanted_has(w, w->files, w->n, e);
}

int candidate_find(struct job *j, const struct wanted *w,
		   struct candidate *c_r, struct err *e)
{
	json_t *answer = ask(j, w, e);

	if (!answer)
		return -1;
	arena_own(&j->arena, answer, own_json_decref);
	if (read_answer(j, answer, w, c_r, e) < 0)
		return -1;
	if (c_r->match != MATCH_NEAREST)
		return 0;
	if (read_image(j, c_r, e) < 0)
		return -1;
	return loses_a_file(c_r, w) ? from_base(j, w, c_r, e) : 0;
}
