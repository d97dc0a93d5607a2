/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/service/service.h"
#include "nova-lite/metadata/doors.h"
#include "nova-lite/metadata/first_boot.h"
#include "nova-lite/metadata/wire.h"

#define SECTION "metadata"

struct metadata_conf metadata_conf;

static const struct conf_opt opts[] = {
	{ SECTION, "state_path", CONF_STR, "/var/lib/nova-lite",
	  "the compute agent's folder, where the guests' sockets are" },
	{ SECTION, "socket_group", CONF_STR, "libvirt-qemu",
	  "group that may connect to them, when we are root" },
	{ SECTION, "dhcp_domain", CONF_STR, "novalocal",
	  "domain of the guests' host names" },
	{ SECTION, "bridge", CONF_STR, NULL,
	  "bridge whose guests reach the address served; unset: none" },
	{ SECTION, "shared_secret_file", CONF_STR, NULL,
	  "file with the secret of proxies that sign X-Instance-ID; unset: "
	  "none" },
	FIRST_BOOT_OPTS,
	{ NULL, NULL, CONF_STR, NULL, NULL }
};

static const struct route routes[] = {
#define READ(m, p, op, a, pol, v0, v1, d) \
	ROUTE_ROW(READ, m, p, op, a, pol, v0, v1, d, &op, NULL)
#define WRITE(m, p, op, a, pol, v0, v1, d) \
	ROUTE_ROW(WRITE, m, p, op, a, pol, v0, v1, d, NULL, op)
#include "nova-lite/metadata/routes.tbl"
#undef READ
#undef WRITE
	{ 0 }
};

/* Not a part of the tree: /metrics, and of /openstack/VERSION what brings first
 * boots. */
static bool is_routed(const char *path)
{
	const char *last = strrchr(path, '/');

	if (strcmp(path, "/metrics") == 0)
		return true;
	return last && strncmp(path, "/openstack/", 11) == 0 &&
		(strcmp(last, "/first_boot") == 0 ||
		 strcmp(last, "/first_boot_keys") == 0 ||
		 strcmp(last, "/vendor_data.json") == 0);
}

/* A GET's path is the view's business. */
static int before_route(struct req *rq)
{
	const char *method = rq->http->method;

	if ((strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) &&
	    !is_routed(rq->path))
		rq->path = "/";
	return 0;
}

/* A member that is not what it should be, of the body or (path) a part. */
static int bad_field(struct req *rq, const char *path, const struct jbad *bad)
{
	return fail(rq, ERR_BAD_REQUEST, "%s%s%s: %.200s", path ? path : "",
		    path && bad->field[0] ? "." : "", bad->field,
		    bad->text[0] ? bad->text : bad->rule);
}

static int no_route(struct req *rq)
{
	return fail(rq, rq->match.path_known ? ERR_BAD_METHOD :
					       ERR_NOT_FOUND, NULL);
}

/* -- errors, as WebOb words them ----------------------------------------- */

static const char *title_of(int status)
{
	switch (status) {
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 410: return "Gone";
	case 503: return "Service Unavailable";
	default: return "Internal Server Error";
	}
}

static void render_json(struct req *rq, int status, const char *title)
{
	reply_header(rq, "Content-Type", "application/json");
	j_obj(&rq->w, NULL);
	j_strf(&rq->w, "message", "%s<br /><br />\n\n\n", rq->err.msg);
	j_strf(&rq->w, "code", "%d %s", status, title);
	j_str(&rq->w, "title", title);
	j_end(&rq->w);
}

static void render_html(struct req *rq, int status, const char *title)
{
	reply_header(rq, "Content-Type", "text/html; charset=UTF-8");
	buf_printf(&rq->http->out,
		   "<html>\n <head>\n  <title>%d %s</title>\n </head>\n"
		   " <body>\n  <h1>%d %s</h1>\n  %s<br /><br />\n\n\n\n"
		   " </body>\n</html>", status, title, status, title,
		   rq->err.msg);
}

static void render_error(struct req *rq)
{
	const char *accept = req_header(rq, "Accept");
	int status = err_status(rq->err.kind);
	const char *title = title_of(status);

	if (accept && (strstr(accept, "html") || strstr(accept, "*/*"))) {
		render_html(rq, status, title);
	} else if (accept && strstr(accept, "application/json")) {
		render_json(rq, status, title);
	} else {
		reply_header(rq, "Content-Type", "text/plain; charset=UTF-8");
		buf_printf(&rq->http->out, "%d %s\n\n%s\n\n   ", status, title,
			   rq->err.msg);
	}
}

static void finish(struct req *rq)
{
	(void)rq;
}

/* -- start --------------------------------------------------------------- */

static int read_secret(const char *path, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return err_errno(e, "%s", path);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	if (!text[0])
		return err_internal(e, "%s: no secret", path);
	metadata_conf.secret = xstrdup(text);
	mem_clear(text, sizeof(text));
	return 0;
}

static int start(const struct conf *conf, struct sql_conn *conn,
		 struct err *e)
{
	const char *secret = conf_str(conf, SECTION, "shared_secret_file");

	metadata_conf.state_path = conf_str(conf, SECTION, "state_path");
	metadata_conf.dhcp_domain = conf_str(conf, SECTION, "dhcp_domain");
	metadata_conf.bridge = conf_str(conf, SECTION, "bridge");
	metadata_conf.socket_group = conf_str(conf, SECTION, "socket_group");
	if (secret && read_secret(secret, e) < 0)
		return -1;
	return first_boot_start(conf, conn, e);
}

static void stop(void)
{
	first_boot_stop();
	free(metadata_conf.secret);
}

/* One loop holds all the sockets: guests ask little and seldom. */
static int loop_start(struct http_loop *l, struct err *e)
{
	return http_loop_index(l) == 0 ? doors_start(l, e) : 0;
}

static const struct subcommand commands[] = {
	{ "rotate_signing_key", "sign what is given out with a new key, too",
	  first_boot_rotate },
	{ "reseal", "seal all that is kept with the first key of "
	  "[first_boot] seal_key_file", first_boot_reseal },
	{ .name = NULL }
};

static const struct service service = {
	.name = "nova-lite-metadata",
	.doc = "169.254.169.254 for the guests of one host",
	.default_port = 8775,
	.routes = routes,
	.opts = opts,
	.before_route = before_route,
	.bad_field = bad_field,
	.no_route = no_route,
	.render_error = render_error,
	.finish = finish,
	.start = start,
	.loop_start = loop_start,
	.subcommands = commands,
	.stop = stop,
};

int main(int argc, char **argv)
{
	return service_main(&service, argc, argv);
}
