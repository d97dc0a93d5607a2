/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_COMPLETE_H
#define NOVA_COMPUTE_COMPLETE_H

#include "nova-lite/compute/candidate.h"

/*
 * Makes image_id, the job's base with the wanted files, out of a candidate:
 * puts it into the cache and leaves the job to store it. One at a time of each
 * image_id. Repeating it makes the image anew, which is fine as long as nobody
 * was told of it. When it fails, nothing is left and the candidate is as it
 * was; errors are those of inject_apply.
 */
int complete(struct job *j, const struct wanted *w,
	     const struct candidate *from, const char *image_id,
	     struct err *e);

#endif
