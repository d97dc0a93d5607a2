/* SPDX-License-Identifier: Apache-2.0 */
/* The schemas of metadata definitions, which clients check replies by. */
#include <string.h>

#include "glance-lite/glance.h"
#include "glance-lite/routes.h"

#define STRING "{\"type\":\"string\"}"
#define SHORT "{\"type\":\"string\",\"maxLength\":80}"
#define GIVEN "{\"type\":\"string\",\"readOnly\":true}"
#define TIME "{\"type\":\"string\",\"format\":\"date-time\",\"readOnly\":true}"
#define TYPES "[\"array\",\"boolean\",\"integer\",\"number\",\"object\"," \
	"\"string\",null]"
#define LINKS "[{\"rel\":\"first\",\"href\":\"{first}\"}," \
	"{\"rel\":\"next\",\"href\":\"{next}\"}," \
	"{\"rel\":\"describedby\",\"href\":\"{schema}\"}]"
#define REF(name) "{\"$ref\":\"#/definitions/" name "\"}"

/* What schemas may refer to; glance wants a string in the arrays of some. */
#define COUNTS(more) "\"positiveInteger\":{\"type\":\"integer\"," \
	"\"minimum\":0},\"positiveIntegerDefault0\":{\"allOf\":[" \
	REF("positiveInteger") ",{\"default\":0}]},\"stringArray\":" \
	"{\"type\":\"array\",\"items\":" STRING more ",\"uniqueItems\":true}"

#define PROPERTY "\"name\":" SHORT ",\"title\":" STRING \
	",\"description\":" STRING ",\"operators\":{\"type\":\"array\"," \
	"\"items\":" STRING "},\"type\":{\"type\":\"string\",\"enum\":" TYPES \
	"},\"required\":" REF("stringArray") ",\"minimum\":{\"type\":" \
	"\"number\"},\"maximum\":{\"type\":\"number\"},\"maxLength\":" \
	REF("positiveInteger") ",\"minLength\":" \
	REF("positiveIntegerDefault0") ",\"pattern\":{\"type\":\"string\"," \
	"\"format\":\"regex\"},\"enum\":{\"type\":\"array\"},\"readonly\":" \
	"{\"type\":\"boolean\"},\"default\":{},\"items\":{\"type\":" \
	"\"object\",\"properties\":{\"type\":{\"type\":\"string\",\"enum\":" \
	TYPES "},\"enum\":{\"type\":\"array\"}}},\"maxItems\":" \
	REF("positiveInteger") ",\"minItems\":" \
	REF("positiveIntegerDefault0") ",\"uniqueItems\":{\"type\":" \
	"\"boolean\",\"default\":false},\"additionalItems\":{\"type\":" \
	"\"boolean\"}"

#define DEFINITIONS "{" COUNTS("") ",\"property\":{\"type\":\"object\"," \
	"\"additionalProperties\":{\"type\":\"object\",\"required\":" \
	"[\"title\",\"type\"],\"properties\":{" PROPERTY "}}}}"

#define OBJECT "\"name\":" SHORT ",\"description\":" STRING \
	",\"required\":" REF("stringArray") ",\"properties\":" REF("property")

static const struct schema {
	const char *name;
	const char *list;		/* of a list, and its member's */
	const char *properties;
	const char *definitions;	/* NULL: none */
	const char *required;
} namespace = {
	.name = "namespace", .list = "namespaces",
	.properties = "{\"namespace\":" SHORT ",\"display_name\":" SHORT
	",\"description\":{\"type\":\"string\",\"maxLength\":500},"
	"\"visibility\":{\"type\":\"string\",\"enum\":[\"public\","
	"\"private\"]},\"protected\":{\"type\":\"boolean\"},\"owner\":"
	"{\"type\":\"string\",\"maxLength\":255},\"created_at\":" TIME
	",\"updated_at\":" TIME ",\"schema\":" GIVEN ",\"self\":" GIVEN
	",\"resource_type_associations\":{\"type\":\"array\",\"items\":"
	"{\"type\":\"object\",\"properties\":{\"name\":" STRING ",\"prefix\":"
	STRING ",\"properties_target\":" STRING "}}},\"properties\":"
	REF("property") ",\"objects\":{\"type\":\"array\",\"items\":"
	"{\"type\":\"object\",\"properties\":{" OBJECT "}}},\"tags\":"
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":"
	"{\"name\":" STRING "}}}}",
	.definitions = DEFINITIONS, .required = "[\"namespace\"]",
}, property = {
	.name = "property", .list = "properties",
	.properties = "{" PROPERTY "}",
	.definitions = "{" COUNTS(",\"minItems\":1") "}",
	.required = "[\"type\",\"title\",\"name\"]",
}, object = {
	.name = "object", .list = "objects",
	.properties = "{" OBJECT ",\"schema\":" GIVEN ",\"self\":" GIVEN
	",\"created_at\":" TIME ",\"updated_at\":" TIME "}",
	.definitions = DEFINITIONS, .required = "[\"name\"]",
}, tag = {
	.name = "tag", .list = "tags",
	.properties = "{\"name\":" SHORT ",\"created_at\":" TIME
	",\"updated_at\":" TIME "}",
	.required = "[\"name\"]",
}, resource_type = {
	.name = "resource_type_association",
	.list = "resource_type_associations",
	.properties = "{\"name\":" SHORT ",\"prefix\":" SHORT
	",\"properties_target\":" SHORT ",\"created_at\":" TIME
	",\"updated_at\":" TIME "}",
	.required = "[\"name\"]",
};

static void put(struct jw *w, const char *name, const char *text)
{
	j_raw(w, name, text, strlen(text));
}

static void write_definitions(struct jw *w, const struct schema *s)
{
	if (s->definitions)
		put(w, "definitions", s->definitions);
}

static void write_one(struct jw *w, const struct schema *s)
{
	j_str(w, "name", s->name);
	put(w, "properties", s->properties);
	j_bool(w, "additionalProperties", false);
	put(w, "required", s->required);
}

static int reply_one(struct req *rq, const struct schema *s)
{
	j_obj(&rq->w, NULL);
	write_one(&rq->w, s);
	write_definitions(&rq->w, s);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* References are to the definitions of the whole, so they stand there. */
static int reply_list(struct req *rq, const struct schema *s)
{
	bool by_name = s == &property;	/* an object, not an array */
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_str(w, "name", s->list);
	j_obj(w, "properties");
	j_obj(w, s->list);
	j_str(w, "type", by_name ? "object" : "array");
	j_obj(w, by_name ? "additionalProperties" : "items");
	write_one(w, s);
	j_end(w);
	j_end(w);
	put(w, "first", STRING);
	put(w, "next", STRING);
	put(w, "schema", STRING);
	j_end(w);
	write_definitions(w, s);
	put(w, "links", LINKS);
	j_end(w);
	return reply(rq, 200);
}

int schema_metadef_namespace(struct req *rq)
{
	return reply_one(rq, &namespace);
}

int schema_metadef_namespaces(struct req *rq)
{
	return reply_list(rq, &namespace);
}

int schema_metadef_property(struct req *rq)
{
	return reply_one(rq, &property);
}

int schema_metadef_properties(struct req *rq)
{
	return reply_list(rq, &property);
}

int schema_metadef_object(struct req *rq)
{
	return reply_one(rq, &object);
}

int schema_metadef_objects(struct req *rq)
{
	return reply_list(rq, &object);
}

int schema_metadef_tag(struct req *rq)
{
	return reply_one(rq, &tag);
}

int schema_metadef_tags(struct req *rq)
{
	return reply_list(rq, &tag);
}

int schema_metadef_resource_type(struct req *rq)
{
	return reply_one(rq, &resource_type);
}

int schema_metadef_resource_types(struct req *rq)
{
	return reply_list(rq, &resource_type);
}
