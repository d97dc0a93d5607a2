/* SPDX-License-Identifier: Apache-2.0 */
#include "keystone-shim/wire.h"

#include <string.h>

const struct sql_constraint wire_constraints[] = {
	{ "projects_name_key", ERR_CONFLICT,
	  "Conflict occurred attempting to store project - it is not "
	  "permitted to have two projects with either the same name or same "
	  "id in the same domain." },
	{ "domains_name_key", ERR_CONFLICT,
	  "Conflict occurred attempting to store project - it is not "
	  "permitted to have two projects acting as domains with the same "
	  "name." },
	{ "projects_parent_id_fkey", ERR_FORBIDDEN,
	  "You are not authorized to perform the requested action: cannot "
	  "delete a project since it is not a leaf in the hierarchy." },
	{ "users_name_key", ERR_CONFLICT,
	  "Conflict occurred attempting to store user - Duplicate entry "
	  "found with that name at that domain ID." },
	{ "users_domain_fkey", ERR_NOT_FOUND, "Could not find domain." },
	{ "groups_name_key", ERR_CONFLICT,
	  "Conflict occurred attempting to store group - Duplicate entry "
	  "found with that name." },
	{ "groups_domain_id_fkey", ERR_NOT_FOUND, "Could not find domain." },
	{ "roles_name_key", ERR_CONFLICT,
	  "Conflict occurred attempting to store role - Duplicate entry "
	  "found with that name." },
	{ "roles_domain_id_fkey", ERR_BAD_REQUEST, "Could not find domain." },
	{ "regions_pkey", ERR_CONFLICT,
	  "Conflict occurred attempting to store region - Duplicate ID." },
	{ "regions_parent_fkey", ERR_FORBIDDEN,
	  "Unable to delete region because it or its child regions have "
	  "associated endpoints." },
	{ "endpoints_region_fkey", ERR_FORBIDDEN,
	  "Unable to delete region because it or its child regions have "
	  "associated endpoints." },
	{ "endpoints_service_fkey", ERR_BAD_REQUEST,
	  "Expecting to find endpoint service_id in service table. The "
	  "server could not comply with the request since it is either "
	  "malformed or otherwise incorrect. The client is assumed to be in "
	  "error." },
	{ NULL, ERR_NONE, NULL },
};

int wire_expecting(struct req *rq, const char *what, const char *where)
{
	return fail(rq, ERR_BAD_REQUEST,
		    "Expecting to find %s in %s. The server could not comply "
		    "with the request since it is either malformed or "
		    "otherwise incorrect. The client is assumed to be in "
		    "error.", what, where);
}

int wire_deny(struct req *rq)
{
	return fail(rq, ERR_FORBIDDEN, "You are not authorized to perform the "
		    "requested action: %s.", rq->route->policy);
}

/* As Keystone words jsonschema's errors; path is not part of the words. */
int wire_bad_field(struct req *rq, const char *path, const struct jbad *bad)
{
	(void)path;
	if (strcmp(bad->rule, "media") == 0)
		return wire_expecting(rq, "application/json",
				      "Content-Type header");
	if (strcmp(bad->rule, "json") == 0 || strcmp(bad->rule, "empty") == 0)
		return wire_expecting(rq, "valid JSON", "request body");
	if (bad->field[0] == '\0' && strcmp(bad->rule, "type") == 0)
		return wire_expecting(rq, "valid JSON", "request body");
	if (strcmp(bad->rule, "required") == 0 ||
	    strcmp(bad->rule, "additionalProperties") == 0)
		return fail(rq, ERR_BAD_REQUEST, "%s", bad->text);
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field '%s': %s",
		    bad->field, bad->text);
}

int wire_no_route(struct req *rq)
{
	return fail(rq, rq->match.path_known ? ERR_BAD_METHOD : ERR_NOT_FOUND,
		    NULL);
}

/* Flask answers these itself, before Keystone's own words. */
static void render_no_route(struct req *rq)
{
	static const char html[] =
		"<!doctype html>\n<html lang=en>\n"
		"<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
		"<p>The requested URL was not found on the server. If you "
		"entered the URL manually please check your spelling and try "
		"again.</p>\n";

	if (rq->err.kind == ERR_NOT_FOUND) {
		reply_bytes(rq, 404, "text/html; charset=utf-8", html,
			    sizeof(html) - 1);
		return;
	}
	reply_header(rq, "Allow", "%s", rq->match.allow);
	j_obj(&rq->w, NULL);
	j_str(&rq->w, "message", rq->err.msg);
	j_end(&rq->w);
}

/* The reason phrases of RFC 9110 for the statuses that we send. */
static const char *title_of(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{ 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 408, "Request Timeout" },
		{ 409, "Conflict" }, { 411, "Length Required" },
		{ 413, "Request Entity Too Large" },
		{ 414, "Request-URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" }, { 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Internal Server Error";
}

void wire_render_error(struct req *rq)
{
	int status = rq->http->status;

	if (!rq->route && (rq->err.kind == ERR_NOT_FOUND ||
			   rq->err.kind == ERR_BAD_METHOD)) {
		render_no_route(rq);
		return;
	}
	if (status == 401)
		reply_header(rq, "WWW-Authenticate", "Keystone uri=\"%s/v3\"",
			     rq->base_url);
	j_obj(&rq->w, NULL);
	j_obj(&rq->w, "error");
	j_int(&rq->w, "code", status);
	j_str(&rq->w, "message", rq->err.msg);
	j_str(&rq->w, "title", title_of(status));
	j_end(&rq->w);
	j_end(&rq->w);
}

void wire_finish(struct req *rq)
{
	reply_header(rq, "Vary", "X-Auth-Token");
	reply_header(rq, "x-openstack-request-id", "%s", rq->id);
}
