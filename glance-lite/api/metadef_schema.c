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
#define REF(name) "{\"$ref\":\"#/definitions/" name "\"}"

/* What every schema may refer to. */
#define COUNTS "\"positiveInteger\":{\"type\":\"integer\",\"minimum\":0}," \
	"\"positiveIntegerDefault0\":{\"allOf\":[" REF("positiveInteger") \
	",{\"default\":0}]},\"stringArray\":{\"type\":\"array\",\"items\":" \
	STRING ",\"uniqueItems\":true}"

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

#define DEFINITIONS "\"definitions\":{" COUNTS ",\"property\":{\"type\":" \
	"\"object\",\"additionalProperties\":{\"type\":\"object\"," \
	"\"required\":[\"title\",\"type\"],\"properties\":{" PROPERTY "}}}}"

#define OBJECT "\"name\":" SHORT ",\"description\":" STRING \
	",\"required\":" REF("stringArray") ",\"properties\":" REF("property")

static const char namespace[] = "{\"name\":\"namespace\",\"properties\":{"
	"\"namespace\":" SHORT ",\"display_name\":" SHORT ",\"description\":"
	"{\"type\":\"string\",\"maxLength\":500},\"visibility\":{\"type\":"
	"\"string\",\"enum\":[\"public\",\"private\"]},\"protected\":"
	"{\"type\":\"boolean\"},\"owner\":{\"type\":\"string\",\"maxLength\":"
	"255},\"created_at\":" TIME ",\"updated_at\":" TIME ",\"schema\":"
	GIVEN ",\"self\":" GIVEN ",\"resource_type_associations\":{\"type\":"
	"\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"name\":"
	STRING ",\"prefix\":" STRING ",\"properties_target\":" STRING "}}},"
	"\"properties\":" REF("property") ",\"objects\":{\"type\":\"array\","
	"\"items\":{\"type\":\"object\",\"properties\":{" OBJECT "}}},"
	"\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	"\"properties\":{\"name\":" STRING "}}}},\"additionalProperties\":"
	"false," DEFINITIONS ",\"required\":[\"namespace\"]}";

static const char property[] = "{\"name\":\"property\",\"properties\":{"
	PROPERTY "},\"additionalProperties\":false,\"definitions\":{" COUNTS
	"},\"required\":[\"type\",\"title\",\"name\"]}";

static const char object[] = "{\"name\":\"object\",\"properties\":{" OBJECT
	",\"schema\":" GIVEN ",\"self\":" GIVEN ",\"created_at\":" TIME
	",\"updated_at\":" TIME "},\"additionalProperties\":false,"
	DEFINITIONS ",\"required\":[\"name\"]}";

static const char tag[] = "{\"name\":\"tag\",\"properties\":{\"name\":" SHORT
	",\"created_at\":" TIME ",\"updated_at\":" TIME "},"
	"\"additionalProperties\":false,\"required\":[\"name\"]}";

static const char resource_type[] = "{\"name\":\"resource_type_association\","
	"\"properties\":{\"name\":" SHORT ",\"prefix\":" SHORT
	",\"properties_target\":" SHORT ",\"created_at\":" TIME
	",\"updated_at\":" TIME "},\"additionalProperties\":false,"
	"\"required\":[\"name\"]}";

static int reply_schema(struct req *rq, const char *text)
{
	j_raw(&rq->w, NULL, text, strlen(text));
	return reply(rq, 200);
}

int schema_metadef_namespace(struct req *rq)
{
	return reply_schema(rq, namespace);
}

int schema_metadef_property(struct req *rq)
{
	return reply_schema(rq, property);
}

int schema_metadef_object(struct req *rq)
{
	return reply_schema(rq, object);
}

int schema_metadef_tag(struct req *rq)
{
	return reply_schema(rq, tag);
}

int schema_metadef_resource_type(struct req *rq)
{
	return reply_schema(rq, resource_type);
}
