/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/microversion.h"
#include "nova-lite/nova.h"

static void version_head(struct req *rq)
{
	struct jw *w = &rq->w;

	j_str(w, "id", "v2.1");
	j_str(w, "status", "CURRENT");
	j_strf(w, "version", "2.%d", MICROVERSION_MAX);
	j_str(w, "min_version", "2.1");
	j_str(w, "updated", "2013-07-23T11:33:21Z");
	j_arr(w, "links");
	j_obj(w, NULL);
	j_str(w, "rel", "self");
	j_strf(w, "href", "%s/v2.1/", rq->base_url);
	j_end(w);
}

int version_list(struct req *rq)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_arr(w, "versions");
	j_obj(w, NULL);
	version_head(rq);
	j_end(w);
	j_end(w);
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

int version_show(struct req *rq)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_obj(w, "version");
	version_head(rq);
	j_obj(w, NULL);
	j_str(w, "rel", "describedby");
	j_str(w, "type", "text/html");
	j_str(w, "href", "http://docs.openstack.org/");
	j_end(w);
	j_end(w);
	j_arr(w, "media-types");
	j_obj(w, NULL);
	j_str(w, "base", "application/json");
	j_str(w, "type",
	      "application/vnd.openstack.compute+json;version=2.1");
	j_end(w);
	j_end(w);
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}
