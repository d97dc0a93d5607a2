/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery: which versions there are and where. */
#include "keystone-shim/wire.h"

static void version_object(struct req *rq, const char *key)
{
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "id", "v3.14");
	j_str(w, "status", "stable");
	j_str(w, "updated", "2020-04-07T00:00:00Z");
	j_arr(w, "links");
	j_obj(w, NULL);
	j_str(w, "rel", "self");
	j_strf(w, "href", "%s/v3/", rq->base_url);
	j_end(w);
	j_end(w);
	j_arr(w, "media-types");
	j_obj(w, NULL);
	j_str(w, "base", "application/json");
	j_str(w, "type", "application/vnd.openstack.identity-v3+json");
	j_end(w);
	j_end(w);
	j_end(w);
}

int version_list(struct req *rq)
{
	reply_header(rq, "Location", "%s/v3/", rq->base_url);
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "versions");
	j_arr(&rq->w, "values");
	version_object(rq, NULL);
	j_end(&rq->w);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 300);
}

int version_show(struct req *rq)
{
	j_obj(&rq->w, NULL);
	version_object(rq, "version");
	j_end(&rq->w);
	return reply(rq, 200);
}

int healthcheck(struct req *rq)
{
	j_obj(&rq->w, NULL);
	j_bool(&rq->w, "detailed", false);
	j_arr(&rq->w, "reasons");
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}
