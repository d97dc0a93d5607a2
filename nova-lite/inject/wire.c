/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/wire.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/tree.h"

#define FORMAT 0x6c6974652d696a31	/* to be changed with what follows */
#define COUNT_MAX 1000000u		/* of anything */

/* -- values --------------------------------------------------------------- */

static void put(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof(v));
}

static void put_string(struct buf *b, const char *s)
{
	size_t n = s ? strlen(s) + 1 : 0;

	put(b, n);
	if (s)
		buf_add(b, s, n);
}

static void put_strings(struct buf *b, const char *const *s, size_t n)
{
	size_t i;

	put(b, n);
	for (i = 0; i < n; i++)
		put_string(b, s[i]);
}

static uint64_t get(struct wire *w)
{
	uint64_t v;

	if (w->bad || w->end - w->p < (ptrdiff_t)sizeof(v)) {
		w->bad = true;
		return 0;
	}
	memcpy(&v, w->p, sizeof(v));
	w->p += sizeof(v);
	return v;
}

static size_t get_count(struct wire *w)
{
	uint64_t n = get(w);

	/* Each takes a byte at least. */
	if (n > COUNT_MAX || n > (uint64_t)(w->end - w->p))
		w->bad = true;
	return w->bad ? 0 : n;
}

static const char *get_string(struct wire *w)
{
	size_t n = get_count(w);
	const char *s = w->p;

	if (n == 0)
		return NULL;
	if (s[n - 1] != '\0') {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return s;
}

static const char **get_strings(struct wire *w, size_t *n_r)
{
	size_t n = get_count(w), i;
	const char **s = xcalloc(n + 1, sizeof(*s));

	for (i = 0; i < n; i++) {
		s[i] = get_string(w);
		w->bad |= !s[i];
	}
	*n_r = n;
	return s;
}

/* -- the call ------------------------------------------------------------- */

static void put_file(struct buf *b, const struct inject_file *f)
{
	put_string(b, f->path);
	put(b, f->size);
	put(b, f->mode);
	put(b, f->uid);
	put(b, f->gid);
	put(b, f->mtime);
}

static struct inject_file get_file(struct wire *w)
{
	struct inject_file f = { .path = get_string(w) };

	f.path_len = f.path ? strlen(f.path) : 0;
	f.size = get(w);
	f.mode = get(w);
	f.uid = get(w);
	f.gid = get(w);
	f.mtime = get(w);
	w->bad |= !f.path;
	return f;
}

void wire_put_call(struct buf *b, const struct inject_disk *disk,
		   const struct inject_request *rq,
		   const struct inject_options *o)
{
	size_t i;

	put(b, FORMAT);
	put(b, disk->nlayers);
	for (i = 0; i < disk->nlayers; i++) {
		put_string(b, disk->layers[i].path);
		put_string(b, disk->layers[i].format);
	}
	put_string(b, o->root);
	put_string(b, o->temp_dir);
	put(b, o->deadline_ms);
	put_string(b, o->appliance);
	put(b, o->kvm);
	put_strings(b, rq->removes, rq->nremoves);
	put_strings(b, rq->made, rq->nmade);
	put(b, rq->nadds);
	for (i = 0; i < rq->nadds; i++)
		put_file(b, &rq->adds[i]);
}

int wire_get_call(struct wire *w, struct wire_call *call_r)
{
	struct wire_call *c = call_r;
	struct inject_file *adds;
	size_t i;

	memset(c, 0, sizeof(*c));
	if (get(w) != FORMAT)
		return -1;
	c->disk.nlayers = get_count(w);
	if (c->disk.nlayers > INJECT_LAYERS_MAX)
		return -1;
	for (i = 0; i < c->disk.nlayers; i++) {
		c->layers[i].path = get_string(w);
		c->layers[i].format = get_string(w);
	}
	c->disk.layers = c->layers;
	c->options.root = get_string(w);
	c->options.temp_dir = get_string(w);
	c->options.deadline_ms = get(w);
	c->options.appliance = get_string(w);
	c->options.kvm = get(w) != 0;
	c->rq.removes = get_strings(w, &c->rq.nremoves);
	c->rq.made = get_strings(w, &c->rq.nmade);
	c->rq.nadds = get_count(w);
	adds = xcalloc(c->rq.nadds + 1, sizeof(*adds));
	for (i = 0; i < c->rq.nadds; i++)
		adds[i] = get_file(w);
	c->rq.adds = adds;
	return w->bad ? -1 : 0;
}

int wire_get_contents(struct wire *w, struct wire_call *call)
{
	struct inject_file *adds = (struct inject_file *)call->rq.adds;
	size_t i;

	for (i = 0; i < call->rq.nadds; i++) {
		if (adds[i].size > (uint64_t)(w->end - w->p))
			return -1;
		adds[i].data = w->p;
		w->p += adds[i].size;
	}
	return 0;
}

void wire_free_call(struct wire_call *call)
{
	free((void *)call->rq.adds);
	free((void *)call->rq.removes);
	free((void *)call->rq.made);
}

/* -- the reply ------------------------------------------------------------ */

void wire_put_reply(struct buf *b, int rc, const struct inject_report *r,
		    size_t nadds, const struct err *e)
{
	size_t i;

	put(b, rc < 0);
	if (rc < 0) {
		put(b, e->kind);
		put_string(b, e->msg);
		put_string(b, e->detail);
		return;
	}
	put(b, r->nadded);
	put(b, r->nreplaced);
	put(b, r->nremoved);
	put(b, r->bytes);
	put(b, r->serve);
	put(b, r->remove);
	put(b, r->add);
	put(b, r->flush);
	for (i = 0; i < nadds; i++)
		put(b, r->replaced[i]);
	put_strings(b, (const char *const *)r->made, r->nmade);
}

static int get_failure(struct wire *w, struct err *e)
{
	uint64_t kind = get(w);
	const char *msg = get_string(w), *detail = get_string(w);

	if (w->bad || kind == ERR_NONE || kind >= ERR_KINDS || !msg)
		return err_internal(e, "inject: a bad reply");
	err_set(e, kind, "%s", msg);
	return err_detail(e, "%s", detail ? detail : "");
}

static void get_report(struct wire *w, size_t nadds, struct inject_report *r)
{
	struct folders made = { 0 };
	size_t i, n;

	r->nadded = get(w);
	r->nreplaced = get(w);
	r->nremoved = get(w);
	r->bytes = get(w);
	r->serve = get(w);
	r->remove = get(w);
	r->add = get(w);
	r->flush = get(w);
	r->replaced = xcalloc(nadds + 1, sizeof(bool));
	for (i = 0; i < nadds; i++)
		r->replaced[i] = get(w) != 0;
	n = get_count(w);
	for (i = 0; i < n && !w->bad; i++) {
		const char *path = get_string(w);

		if (path)
			folders_add(&made, path, strlen(path));
	}
	r->made = made.at;
	r->nmade = made.n;
}

int wire_get_reply(struct wire *w, size_t nadds,
		   struct inject_report *report_r, struct err *e)
{
	struct inject_report r = { 0 };

	if (get(w) != 0 || w->bad)
		return get_failure(w, e);
	get_report(w, nadds, &r);
	if (w->bad || w->p != w->end) {
		inject_report_fini(&r);
		return err_internal(e, "inject: a bad reply");
	}
	*report_r = r;
	return 0;
}
