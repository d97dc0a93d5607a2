/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_CANDIDATE_H
#define NOVA_COMPUTE_CANDIDATE_H

#include "nova-lite/compute/wanted.h"

/*
 * From which image a wanted set is made at the lowest cost for this host: the
 * Image service's answer (api-ref/manifests.md), with what else must be known
 * of that image.
 */
enum match { MATCH_BASE, MATCH_NEAREST, MATCH_EXACT };
extern const char *const match_names[];		/* "base", "nearest" ... */

struct candidate {
	enum match match;
	const char *image_id;
	const char *digest;		/* of the wanted set */
	/* What is to be done to it, in this order. */
	const char **removes;
	size_t nremoves;
	struct inject_file *adds;
	size_t nadds;
	/* Of a made image: folders that injections made, and files that took
	 * the place of the base's. */
	const char **made, **replaced;
	size_t nmade, nreplaced;
	double seconds_saved;		/* against the way from the base */
	int64_t bytes_held;		/* of the wanted files, by the image */
};

/* Lives as long as the job's run. Fails with BAD_REQUEST when the contents of
 * a missing file are nowhere. */
int candidate_find(struct job *j, const struct wanted *w,
		   struct candidate *c_r, struct err *e);

#endif
