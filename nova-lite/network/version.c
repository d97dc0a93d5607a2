/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/network/network.h"

static void link_view(struct req *rq, const char *path)
{
	j_arr(&rq->w, "links");
	j_obj(&rq->w, NULL);
	j_str(&rq->w, "rel", "self");
	j_strf(&rq->w, "href", "%s%s", rq->base_url, path);
	j_end(&rq->w);
	j_end(&rq->w);
}

int version_list(struct req *rq)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_arr(w, "versions");
	j_obj(w, NULL);
	j_str(w, "id", "v2.0");
	j_str(w, "status", "CURRENT");
	link_view(rq, "/v2.0/");
	j_end(w);
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

int resource_list(struct req *rq)
{
	static const char *const names[][2] = {
		{ "network", "networks" }, { "subnet", "subnets" },
		{ "port", "ports" }, { "security-group", "security-groups" },
		{ "security-group-rule", "security-group-rules" },
		{ "router", "routers" }, { "floatingip", "floatingips" },
		{ "extension", "extensions" },
	};
	size_t i;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "resources");
	for (i = 0; i < ARRAY_LEN(names); i++) {
		j_obj(&rq->w, NULL);
		j_str(&rq->w, "name", names[i][0]);
		j_str(&rq->w, "collection", names[i][1]);
		link_view(rq, req_printf(rq, "/v2.0/%s", names[i][1]));
		j_end(&rq->w);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* -- extensions ----------------------------------------------------------- */

/* Clients take what is named here for granted, so only what is here is. */
static const struct extension {
	const char *alias, *name, *doc, *updated;
} extensions[] = {
	{ "net-mtu", "Network MTU", "Provides MTU attribute for a network "
	  "resource.", "2015-03-25T10:00:00-00:00" },
	{ "project-id", "project_id field enabled", "Extension that indicates "
	  "that project_id field is enabled.", "2016-09-09T09:09:09-09:09" },
	{ "quota_details", "Quota details management support",
	  "Expose functions for quotas usage statistics per project",
	  "2017-02-10T10:00:00-00:00" },
	{ "quotas", "Quota management support", "Expose functions for quotas "
	  "management per project", "2012-07-29T10:00:00-00:00" },
	{ "security-group", "security-group",
	  "The security groups extension.", "2012-10-05T10:00:00-00:00" },
	{ "standard-attr-timestamp", "Resource timestamps", "Adds created_at "
	  "and updated_at fields to all Neutron resources that have Neutron "
	  "standard attributes.", "2016-09-12T10:00:00-00:00" },
};

static void extension_view(struct jw *w, const char *key,
			   const struct extension *x)
{
	j_obj(w, key);
	j_str(w, "alias", x->alias);
	j_str(w, "name", x->name);
	j_str(w, "description", x->doc);
	j_str(w, "updated", x->updated);
	j_arr(w, "links");
	j_end(w);
	j_end(w);
}

int extension_list(struct req *rq)
{
	size_t i;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "extensions");
	for (i = 0; i < ARRAY_LEN(extensions); i++)
		extension_view(&rq->w, NULL, &extensions[i]);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int extension_show(struct req *rq)
{
	const char *alias = req_path(rq, "alias");
	size_t i;

	for (i = 0; i < ARRAY_LEN(extensions); i++) {
		if (strcmp(extensions[i].alias, alias) != 0)
			continue;
		j_obj(&rq->w, NULL);
		extension_view(&rq->w, "extension", &extensions[i]);
		j_end(&rq->w);
		return reply(rq, 200);
	}
	return fail(rq, ERR_NOT_FOUND, "Extension with alias %s does not exist",
		    alias);
}
