/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gen/glance_sql.h"
#include "glance-lite/api/attr.h"
#include "glance-lite/api/image.h"
#include "glance-lite/glance.h"

static void value_drop(void *v)
{
	json_decref(v);
}

static json_t *owned(struct req *rq, json_t *v)
{
	arena_own(req_arena(rq), v, value_drop);
	return v;
}

void image_doc_init(struct image_doc *doc, struct req *rq)
{
	*doc = (struct image_doc){
		.status = "queued",
		.owner = rq->token->project_id,
		.visibility = "shared",
		.properties = owned(rq, json_object()),
		.tags = owned(rq, json_array()),
	};
}

void image_doc_load(struct image_doc *doc, struct req *rq,
		    const struct row *row)
{
	struct row r = *row;

	*doc = (struct image_doc){
		.id = arena_strdup(req_arena(rq), row_text(&r, image__id)),
		.status = row_text(&r, image__status),
		.name = row_text(&r, image__name),
		.owner = row_text(&r, image__owner),
		.visibility = row_text(&r, image__visibility),
		.disk_format = row_text(&r, image__disk_format),
		.container_format = row_text(&r, image__container_format),
		.protected = row_bool(&r, image__protected),
		.os_hidden = row_bool(&r, image__os_hidden),
		.min_disk = row_int(&r, image__min_disk),
		.min_ram = row_int(&r, image__min_ram),
		.properties = owned(rq, json_loadb(
			row_text(&r, image__properties),
			row_len(&r, image__properties), 0, NULL)),
		.tags = owned(rq, json_loadb(row_text(&r, image__tags),
			row_len(&r, image__tags), 0, NULL)),
	};
}

/* -- setters: one for each attribute that has a rule ---------------------- */

static int set_name(struct image_doc *doc, struct req *rq, json_t *v)
{
	(void)rq;
	doc->name = json_string_value(v);
	return 0;
}

static int set_id(struct image_doc *doc, struct req *rq, json_t *v)
{
	char *id = arena_strdup(req_arena(rq), json_string_value(v));

	doc->id = id;
	for (; *id; id++)
		*id = (char)tolower((unsigned char)*id);
	return 0;
}

static int set_owner(struct image_doc *doc, struct req *rq, json_t *v)
{
	const char *owner = json_string_value(v);

	if (!owner)
		owner = rq->token->project_id;
	if (rq->token->is_admin || strcmp(owner, doc->owner) == 0) {
		doc->owner = owner;
		return 0;
	}
	if (!doc->id)
		return fail(rq, ERR_FORBIDDEN, "You are not permitted to "
			    "create images owned by '%s'.", owner);
	return fail(rq, ERR_FORBIDDEN, "Owner can't be updated by non admin.");
}

static int set_visibility(struct image_doc *doc, struct req *rq, json_t *v)
{
	const char *visibility = json_string_value(v);

	if (strcmp(visibility, "public") == 0 && !rq->token->is_admin &&
	    strcmp(doc->visibility, "public") != 0)
		return fail(rq, ERR_FORBIDDEN, "You are not authorized to "
			    "complete publicize_image action.");
	doc->visibility = visibility;
	return 0;
}

static int set_format(struct image_doc *doc, struct req *rq, json_t *v,
		      const char *name, const char **format)
{
	if (strcmp(doc->status, "queued") != 0)
		return fail(rq, ERR_FORBIDDEN, "Attribute %s can be only "
			    "replaced for a queued image.", name);
	*format = json_string_value(v);
	return 0;
}

static int set_disk_format(struct image_doc *doc, struct req *rq, json_t *v)
{
	return set_format(doc, rq, v, "disk_format", &doc->disk_format);
}

static int set_container_format(struct image_doc *doc, struct req *rq,
				json_t *v)
{
	return set_format(doc, rq, v, "container_format",
			  &doc->container_format);
}

static int set_size(struct req *rq, json_t *v, const char *name,
		    int64_t *size)
{
	json_int_t n = json_integer_value(v);

	if (n < 0)
		return fail(rq, ERR_BAD_REQUEST, "Invalid value for '%s': "
			    "Cannot be a negative value.", name);
	if (n > INT_MAX)
		return fail(rq, ERR_BAD_REQUEST, "Invalid value for '%s': "
			    "it is too large.", name);
	*size = n;
	return 0;
}

static int set_min_disk(struct image_doc *doc, struct req *rq, json_t *v)
{
	return set_size(rq, v, "min_disk", &doc->min_disk);
}

static int set_min_ram(struct image_doc *doc, struct req *rq, json_t *v)
{
	return set_size(rq, v, "min_ram", &doc->min_ram);
}

static int set_protected(struct image_doc *doc, struct req *rq, json_t *v)
{
	(void)rq;
	doc->protected = json_is_true(v);
	return 0;
}

static int set_os_hidden(struct image_doc *doc, struct req *rq, json_t *v)
{
	(void)rq;
	doc->os_hidden = json_is_true(v);
	return 0;
}

static bool has_tag(json_t *tags, const char *tag)
{
	json_t *v;
	size_t i;

	json_array_foreach(tags, i, v)
		if (strcmp(json_string_value(v), tag) == 0)
			return true;
	return false;
}

static int set_tags(struct image_doc *doc, struct req *rq, json_t *v)
{
	json_t *tag;
	size_t i;

	(void)rq;
	json_array_clear(doc->tags);
	json_array_foreach(v, i, tag)
		if (!has_tag(doc->tags, json_string_value(tag)))
			json_array_append(doc->tags, tag);
	return 0;
}

static int set_locations(struct image_doc *doc, struct req *rq, json_t *v)
{
	(void)v;
	return fail(rq, ERR_FORBIDDEN, doc->id
		    ? "It's not allowed to add locations if locations are "
		      "invisible." : "Attribute 'locations' is reserved.");
}

static const struct setter {
	const char *name;
	int (*set)(struct image_doc *doc, struct req *rq, json_t *v);
} setters[] = {
	{ "name", set_name },
	{ "id", set_id },
	{ "owner", set_owner },
	{ "visibility", set_visibility },
	{ "disk_format", set_disk_format },
	{ "container_format", set_container_format },
	{ "min_disk", set_min_disk },
	{ "min_ram", set_min_ram },
	{ "protected", set_protected },
	{ "os_hidden", set_os_hidden },
	{ "tags", set_tags },
	{ "locations", set_locations },
};

int image_doc_set(struct image_doc *doc, struct req *rq, const char *name,
		  json_t *v)
{
	if (attr_check_settable(name, &rq->err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(setters); i++)
		if (strcmp(setters[i].name, name) == 0)
			return setters[i].set(doc, rq, v);
	/* null, which some well-known properties may be, is none. */
	if (json_is_null(v))
		json_object_del(doc->properties, name);
	else
		json_object_set(doc->properties, name, v);
	return 0;
}

/* -- the whole ------------------------------------------------------------ */

int image_doc_check(const struct image_doc *doc, struct req *rq)
{
	const struct glance *g = glance();
	size_t props = json_object_size(doc->properties);
	size_t tags = json_array_size(doc->tags);

	if ((int64_t)props > g->property_quota)
		return fail(rq, ERR_TOO_LARGE, "The limit has been exceeded "
			    "on the number of allowed image properties. "
			    "Attempted: %zu, Maximum: %lld", props,
			    (long long)g->property_quota);
	if ((int64_t)tags > g->tag_quota)
		return fail(rq, ERR_TOO_LARGE, "The limit has been exceeded "
			    "on the number of allowed image tags. "
			    "Attempted: %zu, Maximum: %lld", tags,
			    (long long)g->tag_quota);
	return 0;
}

const char *image_doc_text(struct req *rq, json_t *v)
{
	char *text = json_dumps(v, JSON_COMPACT);

	arena_own(req_arena(rq), text, free);
	return text;
}
