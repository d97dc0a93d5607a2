/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/wire.h"

#include <ctype.h>
#include <string.h>

#include "common/http/slice.h"
#include "nova-lite/microversion.h"
#include "nova-lite/nova.h"

#define ROOT "/v2.1/"

/* -- /v2.1/{project_id}/... ----------------------------------------------- */

/* The length of a project's id at s (32 hex digits, perhaps with dashes). */
static size_t project_length(const char *s)
{
	size_t n = strcspn(s, "/"), i, hex = 0;

	for (i = 0; i < n; i++) {
		if (isxdigit((unsigned char)s[i]))
			hex++;
		else if (s[i] != '-')
			return 0;
	}
	return hex == 32 ? n : 0;
}

static size_t url_project_length(const struct req *rq)
{
	const char *path = rq->http->path;

	if (strncmp(path, ROOT, sizeof(ROOT) - 1) != 0)
		return 0;
	return project_length(path + sizeof(ROOT) - 1);
}

const char *wire_url_project(struct req *rq)
{
	size_t n = url_project_length(rq);

	if (n == 0)
		return NULL;
	return arena_strndup(req_arena(rq),
			     rq->http->path + sizeof(ROOT) - 1, n);
}

int wire_before_route(struct req *rq)
{
	size_t n = url_project_length(rq);

	if (n)
		rq->path = req_printf(rq, "/v2.1%s", rq->http->path +
				      sizeof(ROOT) - 1 + n);
	return 0;
}

int wire_after_auth(struct req *rq)
{
	const char *project = wire_url_project(rq);

	if (!project || strcmp(project, rq->token->project_id) == 0)
		return 0;
	return fail(rq, ERR_BAD_REQUEST, "Malformed request URL: URL's "
		    "project_id '%s' doesn't match Context's project_id '%s'",
		    project, rq->token->project_id);
}

/* -- microversions -------------------------------------------------------- */

static struct microversion asked(const struct req *rq)
{
	return microversion_parse(req_header(rq, "OpenStack-API-Version"),
				  req_header(rq,
					     "X-OpenStack-Nova-API-Version"));
}

int wire_negotiate(struct req *rq)
{
	struct microversion mv = asked(rq);

	if (strcmp(rq->path, "/") == 0)
		return 0;
	switch (mv.result) {
	case MICROVERSION_MALFORMED:
		return fail(rq, ERR_BAD_REQUEST, "API Version String %s is of "
			    "invalid format. Must be of format "
			    "MajorNum.MinorNum.", mv.asked);
	case MICROVERSION_UNSUPPORTED:
		return fail(rq, ERR_NOT_ACCEPTABLE, "Version %s is not "
			    "supported by the API. Minimum is 2.1 and maximum "
			    "is 2.%d.", mv.asked, MICROVERSION_MAX);
	case MICROVERSION_OK:
		break;
	}
	rq->mv = mv.minor;
	return 0;
}

/* Nova echoes the version it used, and one that it refused as well. */
static void echo_version(struct req *rq, const char *version)
{
	reply_header(rq, "OpenStack-API-Version", "compute %s", version);
	reply_header(rq, "X-OpenStack-Nova-API-Version", "%s", version);
	reply_header(rq, "Vary", "OpenStack-API-Version");
	reply_header(rq, "Vary", "X-OpenStack-Nova-API-Version");
}

void wire_finish(struct req *rq)
{
	reply_header(rq, "X-OpenStack-Request-Id", "%s", rq->id);
	reply_header(rq, "X-Compute-Request-Id", "%s", rq->id);
	if (rq->err.kind == ERR_NOT_ACCEPTABLE)
		echo_version(rq, asked(rq).asked);
	else if (rq->mv)
		echo_version(rq, req_printf(rq, "2.%d", rq->mv));
}

/* -- refusals ------------------------------------------------------------- */

int wire_deny(struct req *rq)
{
	return fail(rq, ERR_FORBIDDEN,
		    "Policy doesn't allow %s to be performed.",
		    rq->route->policy);
}

/* What Nova removed from its API: below the root, below a server, and of a
 * server's actions. */
static const char *const gone_roots[] = {
	"os-agents", "os-cells", "os-certificates", "os-cloudpipe",
	"os-fixed-ips", "os-floating-ip-dns", "os-floating-ips-bulk",
	"os-fping", "os-security-group-default-rules", NULL
};
static const char *const gone_parts[] = {
	"consoles", "os-virtual-interfaces", NULL
};
static const char *const gone_actions[] = {
	"injectNetworkInfo", "resetNetwork", NULL
};

static bool is_one_of(struct slice word, const char *const *words)
{
	for (; *words; words++)
		if (slice_is(word, *words))
			return true;
	return false;
}

static bool is_gone(const struct req *rq)
{
	struct slice path = { rq->path, strlen(rq->path) }, word;

	if (rq->extra)
		return is_one_of((struct slice){ rq->extra, strlen(rq->extra) },
				 gone_actions);
	if (strncmp(rq->path, ROOT, sizeof(ROOT) - 1) != 0)
		return false;
	slice_cut(&path, '/');
	slice_cut(&path, '/');
	word = slice_cut(&path, '/');
	if (!slice_is(word, "servers"))
		return is_one_of(word, gone_roots);
	slice_cut(&path, '/');
	return is_one_of(slice_cut(&path, '/'), gone_parts);
}

int wire_no_route(struct req *rq)
{
	const char *hash;

	if (is_gone(rq))
		return fail(rq, ERR_GONE, NULL);
	if (rq->match.n == 0) {
		rq->mv = 0;	/* not Nova itself, but its router answers */
		return fail(rq, ERR_NOT_FOUND, NULL);
	}
	hash = strchr(rq->match.routes[0]->path, '#');
	if (!hash)
		return fail(rq, ERR_NOT_FOUND, NULL);
	if (!rq->extra)
		return fail(rq, ERR_BAD_REQUEST, "Malformed request body");
	return fail(rq, ERR_BAD_REQUEST, "There is no such action: %s",
		    rq->extra);
}

int wire_bad_field(struct req *rq, const char *path, const struct jbad *bad)
{
	const char *field = bad->field[0] ? bad->field : path;

	if (strcmp(bad->rule, "media") == 0)
		return fail(rq, ERR_BAD_MEDIA, NULL);
	if (strcmp(bad->rule, "json") == 0)
		return fail(rq, ERR_BAD_REQUEST, "Malformed request body");
	if (strcmp(bad->rule, "empty") == 0)
		return fail(rq, ERR_BAD_REQUEST,
			    "None is not of type 'object'");
	if (strcmp(bad->rule, "name") == 0 || path[0] == '\0')
		return fail(rq, ERR_BAD_REQUEST, "%s", bad->text);
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field/attribute "
		    "%s. Value: %s. %s", field, bad->value, bad->text);
}

/* -- errors --------------------------------------------------------------- */

/* keystonemiddleware answers before Nova sees the request. */
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

/* What Nova's router says of a path that it does not have. */
static void unrouted_view(struct req *rq)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_str(w, "message",
	      "The resource could not be found.<br /><br />\n\n\n");
	j_str(w, "code", "404 Not Found");
	j_str(w, "title", "Not Found");
	j_end(w);
}

void wire_render_error(struct req *rq)
{
	struct jw *w = &rq->w;

	if (rq->err.kind == ERR_UNAUTHORIZED) {
		unauthorized_view(rq);
		return;
	}
	if (rq->err.kind == ERR_NOT_FOUND && rq->match.n == 0) {
		unrouted_view(rq);
		return;
	}
	reply_header(rq, "Content-Type", "application/json; charset=UTF-8");
	j_obj(w, NULL);
	j_obj(w, err_nova_name(rq->err.kind));
	j_int(w, "code", err_status(rq->err.kind));
	j_str(w, "message", rq->err.msg);
	j_end(w);
	j_end(w);
}
