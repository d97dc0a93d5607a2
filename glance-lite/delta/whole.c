/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/delta/whole.h"

#include <stdatomic.h>

#include "common/job/flight.h"
#include "gen/glance_sql.h"
#include "glance-lite/api/upload.h"
#include "glance-lite/delta/convert.h"
#include "glance-lite/glance.h"

/* Of the body threads, so that some are left for data that is there. */
enum { WAITERS_MAX = 32, ROUNDS_MAX = 5 };

static struct flight *flight;
static atomic_int waiters;

void whole_init(void)
{
	flight = flight_new();
}

void whole_fini(void)
{
	flight_free(flight);
	flight = NULL;
}

/* -- one ------------------------------------------------------------------- */

struct whole {
	struct req *rq;
	const char *id, *base_id, *base_driver;
	struct store_put put;
	char checksum[DIGEST_HEX_SIZE], hash[DIGEST_HEX_SIZE];
};

static int fill(struct whole *w)
{
	const struct store *s = glance()->store;
	_cleanup_(cleanup_free) char *delta = store_path(s, w->id,
							 STORE_DELTA);
	_cleanup_(cleanup_free) char *base = store_path(s, w->base_id,
							STORE_IMAGE);
	_cleanup_(cleanup_free) char *out = store_put_path(&w->put);
	struct convert c = { .delta = delta, .base = base, .out = out,
			     .base_driver = w->base_driver,
			     .size_max = glance()->size_cap };

	if (convert_run(&c, &w->rq->err) < 0)
		return -1;
	return store_put_written(&w->put, &w->rq->err);
}

static int store_whole(struct whole *w)
{
	struct err *e = &w->rq->err;

	if (store_put_begin(glance()->store, w->id, STORE_IMAGE, &w->put,
			    e) < 0)
		return -1;
	if (fill(w) < 0 ||
	    store_put_sum(&w->put, w->checksum, w->hash, e) < 0) {
		store_put_abort(&w->put);
		return -1;
	}
	return store_put_commit(&w->put, e);
}

static int gone(const struct whole *w)
{
	return fail(w->rq, ERR_NOT_FOUND, IMAGE_LOST, w->id);
}

/* Of an image that was deleted meanwhile, the intent stays until the next
 * start, which looks for what is left of it. */
static int finish(struct whole *w)
{
	int64_t n = outcome_record(w->rq, &SQL_whole_made,
		ARGS(w->id, w->put.size, (const char *)w->checksum, "sha512",
		     (const char *)w->hash));

	if (n != 0)
		return n < 0 ? -1 : 0;
	store_remove(glance()->store, w->id, &(struct err){ 0 });
	return gone(w);
}

static int undo(struct whole *w)
{
	struct err why = w->rq->err;

	if (outcome_record(w->rq, &SQL_whole_undone, ARGS(w->id)) == 0)
		return gone(w);
	w->rq->err = why;
	return -1;
}

static int make(struct whole *w)
{
	struct req *rq = w->rq;
	struct row row;
	int found = sql_maybe(rq, &SQL_whole_begin, &row,
			      ARGS(w->id, store_id(glance()->store)));

	if (found <= 0)
		return found;
	w->base_id = arena_strdup(req_arena(rq),
				  row_text(&row, whole_base__id));
	w->base_driver = row_text(&row, whole_base__driver);
	sql_release(rq);
	return store_whole(w) < 0 ? undo(w) : finish(w);
}

static int make_alone(void *arg, struct err *e)
{
	struct whole *w = arg;
	int ret = make(w);

	if (ret < 0)
		*e = w->rq->err;
	return ret;
}

int whole_make(struct req *rq, const char *id)
{
	struct whole w = { .rq = rq, .id = id };
	int ret;

	sql_release(rq);
	if (atomic_fetch_add(&waiters, 1) < WAITERS_MAX)
		ret = flight_do(flight, id, make_alone, &w, &rq->err);
	else
		ret = fail(rq, ERR_UNAVAILABLE, "Too many images are being "
			   "made complete. Please try again later.");
	atomic_fetch_sub(&waiters, 1);
	return ret;
}

/* -- all that rest on a base ----------------------------------------------- */

int whole_make_all(struct req *rq, const char *base)
{
	const struct rows *rows;
	struct row row;

	/* More may come while it works; the delete refuses what is left. */
	for (int i = 0; i < ROUNDS_MAX; i++) {
		if (sql_rows(rq, &SQL_delta_rest, &rows,
			     ARGS(IMAGE_ASKED(rq, base),
				  store_id(glance()->store))) < 0)
			return -1;
		for (int k = 0; k < rows->n; k++) {
			row = rows_at(rows, k);
			if (whole_make(rq, arena_strdup(req_arena(rq),
				row_text(&row, delta_rest__image_id))) < 0)
				return -1;
		}
		if (rows->n == 0)
			break;
	}
	return 0;
}
