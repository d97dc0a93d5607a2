/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "glance-lite/glance.h"
#include "glance-lite/manifest/nearest.h"
#include "glance-lite/routes.h"

/* From which image to make a wanted set of files, and what that costs. */
int candidate_find(struct req *rq)
{
	const char *base = image_id(rq, IMAGE_LOST);
	struct ask_in in = { 0 };
	struct ask ask;
	struct set want;
	struct nearest near;

	if (!base || manifest_req_body(rq, NULL, candidate_fields, &in) < 0 ||
	    set_parse(in.files, "files", req_arena(rq), &want,
		      &rq->err) < 0 ||
	    ask_read(rq, &in, &ask) < 0 ||
	    nearest_find(rq, &ask, base, &want, &near) < 0)
		return -1;
	j_obj(&rq->w, NULL);
	j_str(&rq->w, "base_image", base);
	j_str(&rq->w, "digest", want.digest);
	j_str(&rq->w, "image_id", near.image_id);
	j_str(&rq->w, "match", nearest_match(&near, base));
	missing_write(&rq->w, &want, near.has);
	j_raw(&rq->w, "excess", near.excess, strlen(near.excess));
	cost_write(&rq->w, &near.cost);
	j_double(&rq->w, "base_cost", near.base_cost.total_ns / 1e9);
	model_write(&rq->w, &near.model);
	j_end(&rq->w);
	return reply(rq, 200);
}
