/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_MADE_H
#define NOVA_COMPUTE_MADE_H

#include "nova-lite/compute/candidate.h"

/*
 * Made images: a base with a set of files in it, completed offline from the
 * nearest image that there is, so that servers which want the same files share
 * one. In the cache they are deltas over the base (image.h); the job
 * image_snapshot brings them to the Image service.
 */

struct made {
	struct candidate from;		/* what it would be made of */
	const char *image_id;
	bool built;			/* by this call; else it was there */
};

/*
 * The image of the server's base with the wanted files, in this host's cache.
 * made->from is given, the rest is found out. Of all jobs on all hosts that
 * want it at the same time one makes it, the others wait. UNAVAILABLE when the
 * job is to stop.
 */
int made_get(struct job *j, const struct wanted *w, struct made *made,
	     struct err *e);

/* The table of steps that stores one. */
extern const struct job_kind image_snapshot;

#endif
