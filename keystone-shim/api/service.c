/* SPDX-License-Identifier: Apache-2.0 */
/* Services of the cloud and their endpoints. */
#include "keystone-shim/api/resource.h"

#include <string.h>

#include "common/crypto/digest.h"

/* -- services ------------------------------------------------------------- */

struct service_in {
	const char *type, *name, *description;
	bool enabled;
};

static const struct jfield service_new_fields[] = {
	JF_STR(struct service_in, type, J_REQ, 1, 255),
	JF_STR(struct service_in, name, 0, 0, 255),
	JF_STR(struct service_in, description, J_NULL, 0, 65535),
	JF_BOOL(struct service_in, enabled, 0),
	JF_END_OPEN
};

static const struct jfield service_fields[] = {
	JF_STR(struct service_in, type, 0, 1, 255),
	JF_STR(struct service_in, name, 0, 0, 255),
	JF_STR(struct service_in, description, J_NULL, 0, 65535),
	JF_BOOL(struct service_in, enabled, 0),
	JF_END_OPEN
};

static void service_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_splice(w, row_text(row, service__extra),
		 row_len(row, service__extra));
	if (!row_null(row, service__name))
		j_str(w, "name", row_text(row, service__name));
	if (!row_null(row, service__description))
		j_str(w, "description", row_text(row, service__description));
	j_str(w, "id", row_text(row, service__id));
	j_str(w, "type", row_text(row, service__type));
	j_bool(w, "enabled", row_bool(row, service__enabled));
}

static const struct resource service = {
	"service", "services", service_members, service__id
};

static int service_show_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "service_id"));
	return allow_reader(rq);
}

static int service_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &service, rows, req_path(rq, "service_id"));
}

const struct read_op service_show = {
	&SQL_service_show, service_show_bind, service_show_view
};

static int service_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "name"), query_text(rq, "type"));
	return allow_reader(rq);
}

static int service_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &service, rows);
}

const struct read_op service_list = {
	&SQL_service_list, service_list_bind, service_list_view
};

int service_create(struct req *rq)
{
	struct service_in in = { 0 };
	const char *doc = resource_body(rq, "service", service_new_fields,
					&in, NULL);
	char id[UUID_HEX_SIZE];
	struct row row;

	if (!doc)
		return -1;
	uuid_v4_hex(id);
	if (sql_one(rq, &SQL_service_create, &row, ARGS(id, doc)) < 0)
		return -1;
	return resource_reply(rq, &service, &row, 201);
}

int service_update(struct req *rq)
{
	const char *id = req_path(rq, "service_id");
	struct service_in in = { 0 };
	const char *doc = resource_body(rq, "service", service_fields, &in,
					NULL);
	struct row row;
	int n;

	if (!doc)
		return -1;
	n = sql_maybe(rq, &SQL_service_update, &row, ARGS(id, doc));
	if (n == 0)
		return resource_missing(rq, "service", id);
	return n < 0 ? -1 : resource_reply(rq, &service, &row, 200);
}

int service_delete(struct req *rq)
{
	return resource_delete(rq, &service, &SQL_service_delete,
			       req_path(rq, "service_id"));
}

/* -- endpoints ------------------------------------------------------------ */

struct endpoint_in {
	const char *service_id, *region, *region_id, *interface, *url;
	bool enabled;
};

static const struct jfield endpoint_new_fields[] = {
	JF_STR(struct endpoint_in, service_id, J_REQ, 1, 255),
	JF_STR(struct endpoint_in, region, J_NULL, 1, 255),
	JF_STR(struct endpoint_in, region_id, J_NULL, 1, 255),
	JF_STR(struct endpoint_in, interface, J_REQ, 0, 255),
	JF_STR(struct endpoint_in, url, J_REQ, 1, 2048),
	JF_BOOL(struct endpoint_in, enabled, 0),
	JF_END_OPEN
};

static const struct jfield endpoint_fields[] = {
	JF_STR(struct endpoint_in, service_id, 0, 1, 255),
	JF_STR(struct endpoint_in, region, J_NULL, 1, 255),
	JF_STR(struct endpoint_in, region_id, J_NULL, 1, 255),
	JF_STR(struct endpoint_in, interface, 0, 0, 255),
	JF_STR(struct endpoint_in, url, 0, 1, 2048),
	JF_BOOL(struct endpoint_in, enabled, 0),
	JF_END_OPEN
};

static void endpoint_members(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_splice(w, row_text(row, endpoint__extra),
		 row_len(row, endpoint__extra));
	j_str(w, "id", row_text(row, endpoint__id));
	j_str(w, "interface", row_text(row, endpoint__interface));
	j_str(w, "region_id", row_text(row, endpoint__region_id));
	j_str(w, "service_id", row_text(row, endpoint__service_id));
	j_str(w, "url", row_text(row, endpoint__url));
	j_bool(w, "enabled", row_bool(row, endpoint__enabled));
	j_str(w, "region", row_text(row, endpoint__region_id));
}

static const struct resource endpoint = {
	"endpoint", "endpoints", endpoint_members, endpoint__id
};

static int endpoint_show_bind(struct req *rq)
{
	req_args(rq, req_path(rq, "endpoint_id"));
	return allow_reader(rq);
}

static int endpoint_show_view(struct req *rq, const struct rows *rows)
{
	return resource_show(rq, &endpoint, rows, req_path(rq, "endpoint_id"));
}

const struct read_op endpoint_show = {
	&SQL_endpoint_show, endpoint_show_bind, endpoint_show_view
};

static int endpoint_list_bind(struct req *rq)
{
	req_args(rq, query_text(rq, "interface"), query_text(rq, "service_id"),
		 query_text(rq, "region_id"));
	return allow_reader(rq);
}

static int endpoint_list_view(struct req *rq, const struct rows *rows)
{
	return resource_list(rq, &endpoint, rows);
}

const struct read_op endpoint_list = {
	&SQL_endpoint_list, endpoint_list_bind, endpoint_list_view
};

/* What a field table cannot say: one of three words. */
static int interface_check(struct req *rq, const char *interface)
{
	if (!interface || strcmp(interface, "admin") == 0 ||
	    strcmp(interface, "internal") == 0 ||
	    strcmp(interface, "public") == 0)
		return 0;
	return fail(rq, ERR_BAD_REQUEST, "Invalid input for field "
		    "'interface': '%s' is not one of ['admin', 'internal', "
		    "'public']", interface);
}

int endpoint_create(struct req *rq)
{
	struct endpoint_in in = { 0 };
	const char *doc = resource_body(rq, "endpoint", endpoint_new_fields,
					&in, NULL);
	char id[UUID_HEX_SIZE];
	struct row row;

	if (!doc || interface_check(rq, in.interface) < 0)
		return -1;
	uuid_v4_hex(id);
	if (sql_one(rq, &SQL_endpoint_create, &row, ARGS(id, doc)) < 0)
		return -1;
	return resource_reply(rq, &endpoint, &row, 201);
}

int endpoint_update(struct req *rq)
{
	const char *id = req_path(rq, "endpoint_id");
	struct endpoint_in in = { 0 };
	const char *doc = resource_body(rq, "endpoint", endpoint_fields, &in,
					NULL);
	struct row row;
	int n;

	if (!doc || interface_check(rq, in.interface) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_endpoint_update, &row, ARGS(id, doc));
	if (n == 0)
		return resource_missing(rq, "endpoint", id);
	return n < 0 ? -1 : resource_reply(rq, &endpoint, &row, 200);
}

int endpoint_delete(struct req *rq)
{
	return resource_delete(rq, &endpoint, &SQL_endpoint_delete,
			       req_path(rq, "endpoint_id"));
}
