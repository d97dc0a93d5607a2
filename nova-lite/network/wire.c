/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/network/network.h"

/* How Neutron looks on the wire: the hooks of struct service. */

int wire_deny(struct req *rq)
{
	return fail(rq, ERR_FORBIDDEN, "(rule:%s) is disallowed by policy",
		    rq->route->policy);
}

int wire_bad_field(struct req *rq, const char *path, const struct jbad *bad)
{
	(void)path;
	return fail(rq, ERR_BAD_REQUEST, "%s", bad->text);
}

/* This API is for reading: what exists refuses other methods. */
int wire_no_route(struct req *rq)
{
	if (!rq->match.path_known)
		return fail(rq, ERR_NOT_FOUND, NULL);
	return fail(rq, ERR_BAD_METHOD, NULL);
}

static const char *type_of(const struct req *rq)
{
	if (rq->extra)
		return rq->extra;	/* the operation's own, see kind_lost */
	switch (rq->err.kind) {
	case ERR_BAD_REQUEST:
		return "HTTPBadRequest";
	case ERR_FORBIDDEN:
		return "PolicyNotAuthorized";
	case ERR_NOT_FOUND:
		return "HTTPNotFound";
	case ERR_BAD_METHOD:
		return "HTTPMethodNotAllowed";
	default:
		return "HTTPInternalServerError";
	}
}

static void unauthorized_view(struct req *rq)
{
	struct jw *w = &rq->w;

	reply_header(rq, "WWW-Authenticate", "Keystone uri=\"%s\"",
		     conf_str(service_conf(), "keystone_authtoken",
			      "www_authenticate_uri"));
	j_obj(w, NULL);
	j_obj(w, "error");
	j_int(w, "code", 401);
	j_str(w, "title", "Unauthorized");
	j_str(w, "message", rq->err.msg);
	j_end(w);
	j_end(w);
}

void wire_render_error(struct req *rq)
{
	struct jw *w = &rq->w;

	if (rq->err.kind == ERR_UNAUTHORIZED) {
		unauthorized_view(rq);
		return;
	}
	if (rq->err.kind == ERR_BAD_METHOD)
		reply_header(rq, "Allow", "%s", rq->match.allow);
	j_obj(w, NULL);
	j_obj(w, "NeutronError");
	j_str(w, "type", type_of(rq));
	j_str(w, "message", rq->err.msg);
	j_str(w, "detail", "");
	j_end(w);
	j_end(w);
}

void wire_finish(struct req *rq)
{
	reply_header(rq, "X-Openstack-Request-Id", "%s", rq->id);
}
