/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/api/patch.h"

#include <string.h>

#include "common/http/value.h"
#include "glance-lite/api/attr.h"

static const char *const op_names[] = {
	[CHANGE_ADD] = "add", [CHANGE_REPLACE] = "replace",
	[CHANGE_REMOVE] = "remove",
};

int patch_dialect(const char *content_type)
{
	static const char *const types[] = {
		"application/openstack-images-v2.0-json-patch",
		"application/openstack-images-v2.1-json-patch",
	};

	for (int i = 0; i < 2; i++)
		if (http_media_is(content_type, types[i]))
			return 20 + i;
	return -1;
}

static int op_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(op_names); i++)
		if (strcmp(op_names[i], name) == 0)
			return (int)i;
	return -1;
}

static int missing(struct err *e, const char *key)
{
	return err_set(e, ERR_BAD_REQUEST,
		       "Unable to find '%s' in JSON Schema change", key);
}

/* {"replace": "/name", ...}: the operation's name is the path's key. */
static int parse_20(json_t *item, struct change *c, const char **path_r,
		    struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(op_names); i++) {
		*path_r = json_string_value(json_object_get(item,
							    op_names[i]));
		if (*path_r) {
			c->op = (enum change_op)i;
			return 0;
		}
	}
	return err_set(e, ERR_BAD_REQUEST, "Operation objects must contain "
		       "exactly one member named \"add\", \"remove\", or "
		       "\"replace\".");
}

static int parse_21(json_t *item, struct change *c, const char **path_r,
		    struct err *e)
{
	const char *name = json_string_value(json_object_get(item, "op"));
	int op;

	if (!name)
		return missing(e, "op");
	op = op_find(name);
	if (op < 0)
		return err_set(e, ERR_BAD_REQUEST, "Invalid operation: `%s`. "
			       "It must be one of the following: add, remove, "
			       "replace.", name);
	*path_r = json_string_value(json_object_get(item, "path"));
	if (!*path_r)
		return missing(e, "path");
	c->op = (enum change_op)op;
	return 0;
}

/* RFC 6901: ~0 is ~, ~1 is /, nothing else follows a ~. */
static bool escapes_fit(const char *p)
{
	while ((p = strchr(p, '~'))) {
		if (p[1] != '0' && p[1] != '1')
			return false;
		p += 2;
	}
	return true;
}

static int check_pointer(const char *p, struct err *e)
{
	const char *why = NULL;

	if (p[0] != '/')
		why = "does not start with \"/\"";
	else if (strstr(p + 1, "//"))
		why = "contains adjacent \"/\"";
	else if (p[1] && p[strlen(p) - 1] == '/')
		why = "end with \"/\"";
	else if (!p[1])
		why = "does not contains valid token";
	else if (!escapes_fit(p))
		why = "contains \"~\" not part of a recognized escape "
		      "sequence";
	return why ? err_set(e, ERR_BAD_REQUEST, "Pointer `%s` %s.", p, why)
		   : 0;
}

static char *unescape(struct arena *arena, const char *p, size_t n)
{
	char *out = arena_strndup(arena, p, n), *to = out;

	for (const char *from = out; *from; from++) {
		if (*from != '~')
			*to++ = *from;
		else
			*to++ = *++from == '1' ? '/' : '~';
	}
	*to = '\0';
	return out;
}

/* One token, but locations may be followed by a position. */
static int parse_path(const char *path, struct arena *arena,
		      struct change *c, struct err *e)
{
	const char *rest;

	if (check_pointer(path, e) < 0)
		return -1;
	rest = strchr(path + 1, '/');
	c->name = unescape(arena, path + 1, rest ? (size_t)(rest - path - 1)
						 : strlen(path + 1));
	if (!rest || (strcmp(c->name, "locations") == 0 &&
		      c->op != CHANGE_REPLACE && !strchr(rest + 1, '/')))
		return 0;
	return err_set(e, ERR_BAD_REQUEST,
		       "Invalid JSON pointer for this resource: '%s'", path);
}

static int parse_change(json_t *item, int dialect, struct arena *arena,
			struct change *c, struct err *e)
{
	const char *path;

	if (!json_is_object(item))
		return err_set(e, ERR_BAD_REQUEST,
			       "Operations must be JSON objects.");
	if ((dialect == 20 ? parse_20 : parse_21)(item, c, &path, e) < 0 ||
	    parse_path(path, arena, c, e) < 0 ||
	    attr_check_settable(c->name, e) < 0)
		return -1;
	if (strcmp(c->name, "id") == 0)
		return err_set(e, ERR_FORBIDDEN,
			       "Attribute 'id' is read-only.");
	c->value = json_object_get(item, "value");
	if (c->op == CHANGE_REMOVE)
		return 0;
	if (!c->value)
		return err_set(e, ERR_BAD_REQUEST, "Operation \"%s\" requires "
			       "a member named \"value\".", op_names[c->op]);
	/* An element of locations is no value of it. */
	return strcmp(c->name, "locations") == 0 ? 0
		: attr_check(c->name, c->value, e);
}

int patch_parse(json_t *body, int dialect, struct arena *arena,
		struct change *changes_r, struct err *e)
{
	json_t *item;
	size_t i;

	if (!json_is_array(body))
		return err_set(e, ERR_BAD_REQUEST, "Request body must be a "
			       "JSON array of operation objects.");
	json_array_foreach(body, i, item)
		if (parse_change(item, dialect, arena, &changes_r[i], e) < 0)
			return -1;
	return (int)json_array_size(body);
}
