/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_NEAREST_H
#define GLANCE_NEAREST_H

#include "glance-lite/manifest/body.h"

/* The stored image from which a wanted set is made at the lowest cost. */
struct nearest {
	const char *image_id;
	bool exact;			/* nothing to do */
	bool *has;			/* per wanted file: the image has it */
	const char *excess;		/* JSON array of the files to remove */
	struct cost_model model;	/* with all rates */
	struct cost cost, base_cost;	/* base_cost: from the base itself */
};

/*
 * Looks among the active images that the asking project owns on the base, and
 * the base. An image that shares no file with the set is never better than the
 * base and is not looked at. Equal costs: images that hold all of the files
 * first, then those that the host holds, then by id. NOT_FOUND where the
 * project may not see the base, CONFLICT where that is not active. Workers
 * only; the answer lives as long as the request.
 */
int nearest_find(struct req *rq, const struct ask *ask, const char *base,
		 const struct set *want, struct nearest *near_r);

/* In a word: "exact", "base", or "nearest" for all between. */
const char *nearest_match(const struct nearest *near, const char *base);

/* Writing: members of an open object. */
void cost_write(struct jw *w, const struct cost *c);
void model_write(struct jw *w, const struct cost_model *m);
/* "missing": the files of want that has says no of. */
void missing_write(struct jw *w, const struct set *want, const bool *has);

#endif
