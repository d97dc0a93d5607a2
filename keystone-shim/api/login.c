/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/api/login.h"

#include <string.h>

/* A member that must be of a type when it is there. */
static int member(struct req *rq, json_t *obj, const char *key,
		  json_type type, json_t **v_r)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object", [JSON_ARRAY] = "array",
		[JSON_STRING] = "string",
	};
	json_t *v = json_object_get(obj, key);

	*v_r = NULL;
	if (v && json_typeof(v) != type)
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
			    "'%s': not of type '%s'", key, names[type]);
	*v_r = v;
	return 0;
}

static int text(struct req *rq, json_t *obj, const char *key,
		const char **s_r)
{
	json_t *v;

	if (member(rq, obj, key, JSON_STRING, &v) < 0)
		return -1;
	*s_r = json_string_value(v);
	return 0;
}

/* An object that must be there, inside the one that is called `in`. */
static int inner(struct req *rq, json_t *obj, const char *key, const char *in,
		 json_t **v_r)
{
	if (member(rq, obj, key, JSON_OBJECT, v_r) < 0)
		return -1;
	return *v_r ? 0 : wire_expecting(rq, key, in);
}

/*
 * By id, or by name and (where has_domain) the domain of the name. Where both
 * are given the name counts, as in Keystone, and one thing is meant only.
 */
static int named_read(struct req *rq, json_t *obj, const char *what,
		      bool has_domain, struct named *n_r)
{
	json_t *domain;

	if (text(rq, obj, "id", &n_r->id) < 0 ||
	    text(rq, obj, "name", &n_r->name) < 0)
		return -1;
	if (!n_r->id && !n_r->name)
		return wire_expecting(rq, "id or name", what);
	if (!n_r->name)
		return 0;
	n_r->id = NULL;
	if (!has_domain)
		return 0;
	if (inner(rq, obj, "domain", what, &domain) < 0 ||
	    text(rq, domain, "id", &n_r->domain_id) < 0 ||
	    text(rq, domain, "name", &n_r->domain_name) < 0)
		return -1;
	if (!n_r->domain_id && !n_r->domain_name)
		return wire_expecting(rq, "id or name", "domain");
	if (n_r->domain_name)
		n_r->domain_id = NULL;
	return 0;
}

static int password_read(struct req *rq, json_t *identity, struct login *in)
{
	json_t *method, *user;

	if (inner(rq, identity, "password", "identity", &method) < 0 ||
	    inner(rq, method, "user", "password", &user) < 0 ||
	    named_read(rq, user, "user", true, &in->user) < 0)
		return -1;
	in->by_password = true;
	return text(rq, user, "password", &in->password);
}

static int token_read(struct req *rq, json_t *identity, struct login *in)
{
	json_t *method;

	if (inner(rq, identity, "token", "identity", &method) < 0 ||
	    text(rq, method, "id", &in->token) < 0)
		return -1;
	in->by_token = true;
	return in->token ? 0 : wire_expecting(rq, "id", "token");
}

static int method_read(struct req *rq, json_t *identity, json_t *method,
		       struct login *in)
{
	const char *name = json_string_value(method);

	if (!name)
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
			    "'methods': not of type 'string'");
	if (strcmp(name, "password") == 0)
		return password_read(rq, identity, in);
	if (strcmp(name, "token") == 0)
		return token_read(rq, identity, in);
	if (!json_object_get(identity, name))
		return wire_expecting(rq, name, "identity");
	return fail(rq, ERR_UNAUTHORIZED, "Attempted to authenticate with an "
		    "unsupported method.");
}

static int identity_read(struct req *rq, json_t *identity, struct login *in)
{
	json_t *methods;
	size_t i;

	if (member(rq, identity, "methods", JSON_ARRAY, &methods) < 0)
		return -1;
	if (!methods)
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
			    "'identity': 'methods' is a required property");
	for (i = 0; i < json_array_size(methods); i++)
		if (method_read(rq, identity, json_array_get(methods, i),
				in) < 0)
			return -1;
	if (!in->by_password && !in->by_token)
		return fail(rq, ERR_UNAUTHORIZED, NULL);
	return 0;
}

static int system_read(struct req *rq, json_t *system)
{
	if (json_is_true(json_object_get(system, "all")))
		return 0;
	return wire_expecting(rq, "all", "system");
}

static int scope_read(struct req *rq, json_t *scope, struct login *in)
{
	json_t *project = json_object_get(scope, "project");
	json_t *domain = json_object_get(scope, "domain");
	json_t *system = json_object_get(scope, "system");
	json_t *unscoped = json_object_get(scope, "unscoped");

	if (!!project + !!domain + !!system + !!unscoped > 1)
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
			    "'scope': more than one scope was given.");
	if ((project && !json_is_object(project)) ||
	    (domain && !json_is_object(domain)))
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
			    "'scope': not of type 'object'");
	in->scope_kind = project ? SCOPE_PROJECT : domain ? SCOPE_DOMAIN :
			 system ? SCOPE_SYSTEM :
			 unscoped ? SCOPE_UNSCOPED : SCOPE_NONE;
	if (project)
		return named_read(rq, project, "project", true, &in->scope);
	if (domain)
		return named_read(rq, domain, "domain", false, &in->scope);
	return system ? system_read(rq, system) : 0;
}

/* "scope": "unscoped" is a word of its own; the rest are objects. */
static int scope_or_word_read(struct req *rq, json_t *scope, struct login *in)
{
	if (!scope || json_is_null(scope))
		return 0;
	if (json_is_object(scope))
		return scope_read(rq, scope, in);
	if (!json_is_string(scope) ||
	    !strstr(json_string_value(scope), "unscoped"))
		return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
			    "'scope': not of type 'object'");
	in->scope_kind = SCOPE_UNSCOPED;
	return 0;
}

int login_read(struct req *rq, struct login *in_r)
{
	json_t *body, *auth, *identity;

	*in_r = (struct login){ 0 };
	if (rq->http->body_len == 0)
		return wire_expecting(rq, "auth", "request body");
	body = req_json(rq);
	if (!body)
		return -1;
	if (!json_is_object(body))
		return wire_expecting(rq, "valid JSON", "request body");
	if (inner(rq, body, "auth", "request body", &auth) < 0)
		return -1;
	if (member(rq, auth, "identity", JSON_OBJECT, &identity) < 0)
		return -1;
	if (!identity)
		return fail(rq, ERR_BAD_REQUEST,
			    "'identity' is a required property");
	if (scope_or_word_read(rq, json_object_get(auth, "scope"), in_r) < 0)
		return -1;
	return identity_read(rq, identity, in_r);
}

bool password_is_asked(struct req *rq)
{
	json_t *body = rq->http->body_len > 0 ? req_json(rq) : NULL;
	json_t *identity = json_object_get(json_object_get(body, "auth"),
					   "identity");

	return json_object_get(identity, "password") ||
	       json_object_get(json_object_get(body, "user"), "password");
}
