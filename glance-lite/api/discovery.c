/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "glance-lite/api/attr.h"
#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

/* -- versions ------------------------------------------------------------- */

/* v2.14 never was: Glance 25 offers these. */
static const char *const versions[] = { "v2.15", "v2.13", "v2.12", "v2.11",
	"v2.10", "v2.9", "v2.8", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3",
	"v2.2", "v2.1", "v2.0" };

static int versions_view(struct req *rq, int status)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_arr(w, "versions");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		j_obj(w, NULL);
		j_str(w, "id", versions[i]);
		j_str(w, "status", i == 0 ? "CURRENT" : "SUPPORTED");
		j_arr(w, "links");
		j_obj(w, NULL);
		j_str(w, "rel", "self");
		j_strf(w, "href", "%s/v2/", rq->base_url);
		j_end(w);
		j_end(w);
		j_end(w);
	}
	j_end(w);
	j_end(w);
	return reply(rq, status);
}

int version_choices(struct req *rq)
{
	return versions_view(rq, 300);
}

int version_list(struct req *rq)
{
	return versions_view(rq, 200);
}

int healthcheck(struct req *rq)
{
	j_obj(&rq->w, NULL);
	j_bool(&rq->w, "detailed", false);
	j_arr(&rq->w, "reasons");
	j_str(&rq->w, NULL, "OK");
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* -- schemas -------------------------------------------------------------- */

static void write_property(struct jw *w, const char *name, const char *type)
{
	j_obj(w, name);
	j_str(w, "type", type);
	j_end(w);
}

static void write_link(struct jw *w, const char *name)
{
	j_obj(w, NULL);
	j_str(w, "rel", name);
	j_strf(w, "href", "{%s}", strcmp(name, "describedby") ? name
		: "schema");
	j_end(w);
}

int schema_image(struct req *rq)
{
	j_obj(&rq->w, NULL);
	attr_write_schema(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int schema_images(struct req *rq)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_str(w, "name", "images");
	j_obj(w, "properties");
	j_obj(w, "images");
	j_str(w, "type", "array");
	j_obj(w, "items");
	attr_write_schema(w);
	j_end(w);
	j_end(w);
	write_property(w, "first", "string");
	write_property(w, "next", "string");
	write_property(w, "schema", "string");
	j_end(w);
	j_arr(w, "links");
	write_link(w, "first");
	write_link(w, "next");
	write_link(w, "describedby");
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

static void write_described(struct jw *w, const char *name, const char *doc,
			    const char *pattern)
{
	j_obj(w, name);
	j_str(w, "type", "string");
	j_str(w, "description", doc);
	if (pattern)
		j_str(w, "pattern", pattern);
	j_end(w);
}

static void write_member_schema(struct jw *w)
{
	static const char *const statuses[] = { "pending", "accepted",
						"rejected" };

	j_str(w, "name", "member");
	j_obj(w, "properties");
	write_described(w, "member_id",
			"An identifier for the image member (tenantId)", NULL);
	write_described(w, "image_id", "An identifier for the image",
			attr_uuid_pattern);
	write_described(w, "created_at",
			"Date and time of image member creation", NULL);
	write_described(w, "updated_at", "Date and time of last modification "
			"of image member", NULL);
	j_obj(w, "status");
	j_str(w, "type", "string");
	j_str(w, "description", "The status of this image member");
	j_arr(w, "enum");
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		j_str(w, NULL, statuses[i]);
	j_end(w);
	j_end(w);
	j_obj(w, "schema");
	j_bool(w, "readOnly", true);
	j_str(w, "type", "string");
	j_end(w);
	j_end(w);
}

int schema_member(struct req *rq)
{
	j_obj(&rq->w, NULL);
	write_member_schema(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int schema_members(struct req *rq)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_str(w, "name", "members");
	j_obj(w, "properties");
	j_obj(w, "members");
	j_str(w, "type", "array");
	j_obj(w, "items");
	write_member_schema(w);
	j_end(w);
	j_end(w);
	write_property(w, "schema", "string");
	j_end(w);
	j_arr(w, "links");
	write_link(w, "describedby");
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

/* -- what this service can do --------------------------------------------- */

int info_import(struct req *rq)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_obj(w, "import-methods");
	j_str(w, "description", "Import methods available.");
	j_str(w, "type", "array");
	j_arr(w, "value");
	j_str(w, NULL, IMPORT_METHOD);
	j_end(w);
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

static void open_store(struct jw *w)
{
	j_obj(w, NULL);
	j_arr(w, "stores");
	j_obj(w, NULL);
	j_str(w, "id", STORE_ID);
	j_str(w, "default", "true");
}

static void close_store(struct jw *w)
{
	j_end(w);
	j_end(w);
	j_end(w);
}

int info_stores(struct req *rq)
{
	open_store(&rq->w);
	close_store(&rq->w);
	return reply(rq, 200);
}

int info_store_details(struct req *rq)
{
	open_store(&rq->w);
	j_str(&rq->w, "type", "file");
	j_obj(&rq->w, "properties");
	j_str(&rq->w, "data_dir", store_dir(glance()->store));
	j_int(&rq->w, "chunk_size", STORE_CHUNK);
	j_bool(&rq->w, "thin_provisioning", false);
	j_end(&rq->w);
	close_store(&rq->w);
	return reply(rq, 200);
}

/* Usage is shown against limits, and images have none. */
int info_usage(struct req *rq)
{
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "usage");
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}
