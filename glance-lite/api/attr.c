/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/api/attr.h"

#include <string.h>

#include "common/json/repr.h"
#include "common/json/text.h"
#include "glance-lite/api/pretty.h"

static const char *const statuses[] = { "queued", "saving", "active", "killed",
	"deleted", "uploading", "importing", "pending_delete", "deactivated",
	NULL };
static const char *const visibilities[] = { "community", "public", "private",
	"shared", NULL };
static const char *const container_formats[] = { "ami", "ari", "aki", "bare",
	"ovf", "ova", "docker", "compressed", NULL };
static const char *const disk_formats[] = { "ami", "ari", "aki", "vhd", "vhdx",
	"vmdk", "raw", "qcow2", "vdi", "iso", "ploop", NULL };
static const char *const key_policies[] = { "on_image_deletion",
	"do_not_delete", NULL };

static const struct attr attrs[] = {
#define ATTR(name, type, flags, len, choices, doc) \
	{ #name, AT_##type, flags, len, choices, doc },
#include "glance-lite/api/attr.tbl"
#undef ATTR
};
#define NATTRS (sizeof(attrs) / sizeof(attrs[0]))

const char attr_uuid_pattern[] = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-"
	"([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$";

const struct attr *attr_find(const char *name)
{
	for (size_t i = 0; i < NATTRS; i++)
		if (strcmp(attrs[i].name, name) == 0)
			return &attrs[i];
	return NULL;
}

bool attr_is_base(const char *name)
{
	const struct attr *a = attr_find(name);

	return a && !(a->flags & A_PROP);
}

bool attr_is_uuid(const char *s)
{
	return strlen(s) == 36 && text_is_uuid(s);
}

/* -- schema --------------------------------------------------------------- */

static const char *const type_names[] = {
	[AT_STRING] = "string", [AT_INTEGER] = "integer",
	[AT_BOOLEAN] = "boolean", [AT_TAGS] = "array",
	[AT_LOCATIONS] = "array",
};

/* The parts of the schema that no other attribute has. */
static const char tags_items[] = "{\"type\": \"string\", \"maxLength\": 255}";
static const char locations_items[] =
	"{\"type\": \"object\", \"properties\": {"
	"\"url\": {\"type\": \"string\", \"maxLength\": 255}, "
	"\"metadata\": {\"type\": \"object\"}, "
	"\"validation_data\": {\"description\": \"Values to be used to "
	"populate the corresponding image properties. If the image status is "
	"not 'queued', values must exactly match those already contained in "
	"the image properties.\", \"type\": \"object\", \"writeOnly\": true, "
	"\"additionalProperties\": false, \"properties\": {"
	"\"checksum\": {\"type\": \"string\", \"minLength\": 32, "
	"\"maxLength\": 32}, "
	"\"os_hash_algo\": {\"type\": \"string\", \"maxLength\": 64}, "
	"\"os_hash_value\": {\"type\": \"string\", \"maxLength\": 128}}, "
	"\"required\": [\"os_hash_algo\", \"os_hash_value\"]}}, "
	"\"required\": [\"url\", \"metadata\"]}";

static void write_type(struct jw *w, const struct attr *a)
{
	if (!(a->flags & A_NULL)) {
		j_str(w, "type", type_names[a->type]);
		return;
	}
	j_arr(w, "type");
	j_str(w, NULL, "null");
	j_str(w, NULL, type_names[a->type]);
	j_end(w);
}

static void write_choices(struct jw *w, const struct attr *a)
{
	j_arr(w, "enum");
	if (a->flags & A_NULL)
		j_null(w, NULL);
	for (const char *const *c = a->choices; *c; c++)
		j_str(w, NULL, *c);
	j_end(w);
}

static void write_attr(struct jw *w, const struct attr *a)
{
	j_obj(w, a->name);
	write_type(w, a);
	if (a->flags & A_RO)
		j_bool(w, "readOnly", true);
	j_str(w, "description", a->doc);
	if (a->choices)
		write_choices(w, a);
	if (a->max_len)
		j_int(w, "maxLength", a->max_len);
	if (a->flags & A_UUID)
		j_str(w, "pattern", attr_uuid_pattern);
	if (a->type == AT_TAGS)
		j_raw(w, "items", tags_items, strlen(tags_items));
	if (a->type == AT_LOCATIONS)
		j_raw(w, "items", locations_items, strlen(locations_items));
	if (a->flags & A_PROP)
		j_bool(w, "is_base", false);
	j_end(w);
}

static void write_link(struct jw *w, const char *rel, const char *href)
{
	j_obj(w, NULL);
	j_str(w, "rel", rel);
	j_str(w, "href", href);
	j_end(w);
}

void attr_write_schema(struct jw *w)
{
	j_str(w, "name", "image");
	j_obj(w, "properties");
	for (size_t i = 0; i < NATTRS; i++)
		write_attr(w, &attrs[i]);
	j_end(w);
	j_obj(w, "additionalProperties");
	j_str(w, "type", "string");
	j_end(w);
	j_arr(w, "links");
	write_link(w, "self", "{self}");
	write_link(w, "enclosure", "{file}");
	write_link(w, "describedby", "{schema}");
	j_end(w);
}

/* -- checks --------------------------------------------------------------- */

struct bad {
	const char *rule;	/* the schema's key that was broken */
	struct buf text;	/* "'x' is too long" */
	char item[24];		/* "[3]" of an array, or "" */
};

static bool type_fits(const struct attr *a, json_t *v)
{
	if (json_is_null(v))
		return a && a->flags & A_NULL;
	switch (a ? a->type : AT_STRING) {
	case AT_STRING:
		return json_is_string(v);
	case AT_INTEGER:
		return json_is_integer(v);
	case AT_BOOLEAN:
		return json_is_boolean(v);
	case AT_TAGS:
	case AT_LOCATIONS:
		return json_is_array(v);
	}
	return false;
}

static bool is_choice(const struct attr *a, const char *s)
{
	for (const char *const *c = a->choices; *c; c++)
		if (strcmp(*c, s) == 0)
			return true;
	return false;
}

static void bad_type(const struct attr *a, struct bad *bad)
{
	bad->rule = "type";
	buf_adds(&bad->text, " is not of type ");
	if (a && a->flags & A_NULL)
		buf_adds(&bad->text, "'null', ");
	buf_printf(&bad->text, "'%s'", type_names[a ? a->type : AT_STRING]);
}

static void bad_choice(const struct attr *a, struct bad *bad)
{
	bad->rule = "enum";
	buf_adds(&bad->text, " is not one of [");
	if (a->flags & A_NULL)
		buf_adds(&bad->text, "None, ");
	for (const char *const *c = a->choices; *c; c++)
		buf_printf(&bad->text, "%s'%s'", c == a->choices ? "" : ", ",
			   *c);
	buf_addc(&bad->text, ']');
}

static bool string_fits(const struct attr *a, const char *s, struct bad *bad)
{
	if (a->choices && !is_choice(a, s)) {
		bad_choice(a, bad);
	} else if (a->max_len && text_chars(s) > a->max_len) {
		bad->rule = "maxLength";
		buf_adds(&bad->text, " is too long");
	} else if (a->flags & A_UUID && !attr_is_uuid(s)) {
		bad->rule = "pattern";
		buf_printf(&bad->text, " does not match '%s'",
			   attr_uuid_pattern);
	} else {
		return true;
	}
	return false;
}

static bool fits(const struct attr *a, json_t *v, struct bad *bad)
{
	if (!type_fits(a, v)) {
		py_repr(&bad->text, v);
		bad_type(a, bad);
		return false;
	}
	if (!a || !json_is_string(v))
		return true;
	py_repr(&bad->text, v);
	return string_fits(a, json_string_value(v), bad);
}

/* As jsonschema words it: what, the part of the schema, the value. */
static int refuse(const char *name, const struct attr *a, json_t *v,
		  struct bad *bad, struct err *e)
{
	struct buf schema = { 0 }, value = { 0 }, text = { 0 };
	struct jw w;
	json_t *part;

	jw_init(&w, &text);
	j_obj(&w, NULL);
	if (a)
		write_attr(&w, a);
	else
		j_raw(&w, name, "{\"type\": \"string\"}", 18);
	j_end(&w);
	part = json_loadb(text.data, text.len, 0, NULL);
	py_pretty(&schema, json_object_get(part, name), 4);
	json_decref(part);
	py_repr(&value, v);
	err_set(e, ERR_BAD_REQUEST, "Provided object does not match schema "
		"'image': %s\n\nFailed validating '%s' in schema%s%s%s%s:\n"
		"    %s\n\nOn instance['%s']%s:\n    %s", buf_str(&bad->text),
		bad->rule, a ? "['properties']['" : "['additionalProperties']",
		a ? name : "", a ? "']" : "", *bad->item ? "['items']" : "",
		buf_str(&schema), name, bad->item, buf_str(&value));
	buf_fini(&schema);
	buf_fini(&value);
	buf_fini(&text);
	return -1;
}

static int check_tags(json_t *tags, struct err *e)
{
	static const struct attr tag = { .name = "tags", .max_len = 255 };
	struct bad bad = { 0 };
	json_t *v;
	size_t i;
	int ret = 0;

	json_array_foreach(tags, i, v) {
		buf_reset(&bad.text);
		snprintf(bad.item, sizeof(bad.item), "[%zu]", i);
		if (!fits(&tag, v, &bad)) {
			ret = refuse("tags", &tag, v, &bad, e);
			break;
		}
	}
	buf_fini(&bad.text);
	return ret;
}

int attr_check(const char *name, json_t *v, struct err *e)
{
	const struct attr *a = attr_find(name);
	struct bad bad = { 0 };
	int ret = 0;

	if (!fits(a, v, &bad))
		ret = refuse(name, a, v, &bad, e);
	else if (a && a->type == AT_TAGS)
		ret = check_tags(v, e);
	buf_fini(&bad.text);
	return ret;
}

int attr_check_settable(const char *name, struct err *e)
{
	static const char *const reserved[] = { "location", "deleted",
						"deleted_at", "is_public" };
	const struct attr *a = attr_find(name);

	if (a && a->flags & A_RO)
		return err_set(e, ERR_FORBIDDEN,
			       "Attribute '%s' is read-only.", name);
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(name, reserved[i]) == 0)
			return err_set(e, ERR_FORBIDDEN,
				       "Attribute '%s' is reserved.", name);
	if (strncmp(name, "os_glance", 9) == 0)
		return err_set(e, ERR_FORBIDDEN,
			       "Attribute '%s' is reserved.", name);
	return 0;
}
