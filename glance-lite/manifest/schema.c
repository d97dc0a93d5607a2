/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "glance-lite/manifest/body.h"
#include "glance-lite/routes.h"

/* JSON Schema of the bodies, from the tables that check them. */

static json_t *schema_of(const struct jfield *f)
{
	struct buf b = { 0 };
	json_t *v;

	json_schema_print(f, &b);
	v = json_loadb(b.data, b.len, 0, NULL);
	buf_fini(&b);
	return v;
}

/* Says what the members of the property are; takes the schema. */
static void describe(json_t *schema, const char *name, const char *as,
		     json_t *what)
{
	json_t *properties = json_object_get(schema, "properties");

	json_object_set_new(json_object_get(properties, name), as, what);
}

/* An array of files, each as the table of files says. */
static json_t *with_files(const struct jfield *f)
{
	json_t *schema = schema_of(f);

	describe(schema, "files", "items", schema_of(set_file_fields));
	describe(schema, "files", "maxItems", json_integer(SET_FILES_MAX));
	return schema;
}

static int schema_reply(struct req *rq, const char *name, json_t *schema)
{
	char *text;

	json_object_set_new(schema, "name", json_string(name));
	text = json_dumps(schema, JSON_COMPACT);
	j_raw(&rq->w, NULL, text, strlen(text));
	free(text);
	json_decref(schema);
	return reply(rq, 200);
}

static void add_read_only(json_t *schema, const char *name, const char *type)
{
	json_object_set_new(json_object_get(schema, "properties"), name,
			    json_pack("{ss sb}", "type", type, "readOnly",
				      true));
}

int schema_manifest(struct req *rq)
{
	json_t *schema = with_files(manifest_fields);

	add_read_only(schema, "image_id", "string");
	add_read_only(schema, "digest", "string");
	add_read_only(schema, "file_count", "integer");
	add_read_only(schema, "size", "integer");
	add_read_only(schema, "schema", "string");
	return schema_reply(rq, "manifest", schema);
}

static json_t *with_numbers(json_t *schema)
{
	json_t *properties = json_object_get(schema, "properties");

	json_object_set_new(properties, "weights", schema_of(weights_fields));
	json_object_set_new(properties, "rates", schema_of(rates_fields));
	describe(schema, "cached", "items", json_pack("{ss}", "type",
						      "string"));
	return schema;
}

int schema_candidate(struct req *rq)
{
	return schema_reply(rq, "candidate",
			    with_numbers(with_files(candidate_fields)));
}

int schema_plan(struct req *rq)
{
	json_t *schema = with_numbers(schema_of(plan_fields));

	describe(schema, "sets", "items", with_files(plan_set_fields));
	describe(schema, "sets", "maxItems", json_integer(PLAN_SETS_MAX));
	return schema_reply(rq, "plan", schema);
}
