/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"

/* The agents, as administrators see and switch them. */

/* -- list ----------------------------------------------------------------- */

static int services_bind(struct req *rq)
{
	const char *binary = req_query(rq, "binary");
	const char *host = req_query(rq, "host");

	/* Agents are the only services that have rows. */
	if (binary && strcmp(binary, "nova-compute") != 0)
		host = "";
	req_args(rq, host);
	return 0;
}

static void service_view(struct req *rq, const char *key,
			 const struct row *row)
{
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "binary", "nova-compute");
	j_str(w, "host", row_text(row, zone_service__name));
	if (req_mv(rq, 53))
		j_str(w, "id", row_text(row, zone_service__uuid));
	else
		j_int(w, "id", row_int(row, zone_service__id));
	j_str(w, "zone", row_text(row, zone_service__zone));
	j_str(w, "status", row_bool(row, zone_service__disabled) ?
	      "disabled" : "enabled");
	j_str(w, "state", row_bool(row, zone_service__up) ? "up" : "down");
	if (row_null(row, zone_service__heartbeat))
		j_null(w, "updated_at");
	else
		j_time(w, "updated_at",
		       row_time(row, zone_service__heartbeat), TIME_USEC);
	j_str(w, "disabled_reason",
	      row_text(row, zone_service__disabled_reason));
	if (req_mv(rq, 11))
		j_bool(w, "forced_down",
		       row_bool(row, zone_service__forced_down));
	j_end(w);
}

static int services_view(struct req *rq, const struct rows *rows)
{
	struct row row;
	int i;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "services");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		service_view(rq, NULL, &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op host_service_list = {
	&SQL_host_service_list, services_bind, services_view
};

/* -- changes -------------------------------------------------------------- */

/* What may be changed; a null argument leaves it. */
struct change {
	const char *uuid, *host;	/* one of them says whose */
	struct sql_arg disabled, forced_down;
	const char *reason;
};

static int change_run(struct req *rq, const struct change *c,
		      struct row *row_r)
{
	return sql_maybe(rq, &SQL_host_service_update, row_r,
			 ARGS(c->uuid, c->host, c->disabled, c->reason,
			      c->forced_down));
}

struct service_in {
	const char *status, *disabled_reason;
	json_t *forced_down;
};

static int check_service(struct req *rq, const struct service_in *in)
{
	bool on = in->status && strcmp(in->status, "enabled") == 0;
	bool off = in->status && strcmp(in->status, "disabled") == 0;

	if (in->status && !on && !off)
		return bad_string(rq, "status", in->status,
				  "is not one of ['enabled', 'disabled']");
	if (in->forced_down && !json_is_boolean(in->forced_down))
		return bad_value(rq, "forced_down", in->forced_down,
				 "is not of type 'boolean'");
	if (!in->status && !in->forced_down)
		return fail(rq, ERR_BAD_REQUEST, "No updates were requested. "
			    "Fields 'status' or 'forced_down' should be "
			    "specified.");
	if (on && in->disabled_reason)
		return fail(rq, ERR_BAD_REQUEST, "Specifying "
			    "'disabled_reason' when status is 'enabled' is "
			    "invalid.");
	return 0;
}

int host_service_update(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_STR(struct service_in, status, 0, 0, 255),
		JF_STR(struct service_in, disabled_reason, 0, 1, 255),
		JF_JSON(struct service_in, forced_down, 0),
		JF_END
	};
	const char *id = req_path(rq, "service_id");
	struct change c = { .uuid = id };
	struct service_in in = { 0 };
	struct row row;
	int n;

	if (!is_uuid(id))
		return fail(rq, ERR_BAD_REQUEST, "Invalid uuid %s", id);
	if (req_body(rq, NULL, fields, &in) < 0 || check_service(rq, &in) < 0)
		return -1;
	if (in.status)
		c.disabled = sql_arg_bool(strcmp(in.status, "disabled") == 0);
	if (in.forced_down)
		c.forced_down = sql_arg_bool(json_is_true(in.forced_down));
	c.reason = in.disabled_reason;
	n = change_run(rq, &c, &row);
	if (n <= 0)
		return n < 0 ? -1 : fail(rq, ERR_NOT_FOUND, "Service %s could "
					 "not be found.", id);
	j_obj(&rq->w, NULL);
	service_view(rq, "service", &row);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* Before 2.53 an agent is called by its host, the change by the path. */
struct switch_in {
	const char *host, *binary, *disabled_reason;
	bool forced_down;
};

static int switched(struct req *rq, const struct switch_in *in,
		    const struct change *c)
{
	struct jw *w = &rq->w;
	struct row row;
	int n = strcmp(in->binary, "nova-compute") != 0 ? 0 :
		change_run(rq, c, &row);

	if (n <= 0)
		return n < 0 ? -1 : fail(rq, ERR_NOT_FOUND, "Could not find "
					 "binary %s on host %s.", in->binary,
					 in->host);
	j_obj(w, NULL);
	j_obj(w, "service");
	j_str(w, "host", in->host);
	j_str(w, "binary", in->binary);
	if (c->disabled.type != SQL_NULL)
		j_str(w, "status", row_bool(&row, zone_service__disabled) ?
		      "disabled" : "enabled");
	else
		j_bool(w, "forced_down", in->forced_down);
	if (c->reason)
		j_str(w, "disabled_reason", c->reason);
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

static const struct jfield host_fields[] = {
	JF_STR(struct switch_in, host, J_REQ, 1, 255),
	JF_STR(struct switch_in, binary, J_REQ, 1, 255),
	JF_END
};

static int enable(struct req *rq, bool disabled)
{
	struct switch_in in = { 0 };
	struct change c = { .disabled = sql_arg_bool(disabled) };

	if (req_body(rq, NULL, host_fields, &in) < 0)
		return -1;
	c.host = in.host;
	return switched(rq, &in, &c);
}

int host_service_enable(struct req *rq)
{
	return enable(rq, false);
}

int host_service_disable(struct req *rq)
{
	return enable(rq, true);
}

int host_service_disable_reason(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_STR(struct switch_in, host, J_REQ, 1, 255),
		JF_STR(struct switch_in, binary, J_REQ, 1, 255),
		JF_STR(struct switch_in, disabled_reason, J_REQ, 1, 255),
		JF_END
	};
	struct change c = { .disabled = sql_arg_bool(true) };
	struct switch_in in = { 0 };

	if (req_body(rq, NULL, fields, &in) < 0)
		return -1;
	c.host = in.host;
	c.reason = in.disabled_reason;
	return switched(rq, &in, &c);
}

int host_service_force_down(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_STR(struct switch_in, host, J_REQ, 1, 255),
		JF_STR(struct switch_in, binary, J_REQ, 1, 255),
		JF_BOOL(struct switch_in, forced_down, J_LAX),
		JF_END
	};
	struct switch_in in = { 0 };
	struct change c = { 0 };

	if (req_body(rq, NULL, fields, &in) < 0)
		return -1;
	c.host = in.host;
	c.forced_down = sql_arg_bool(in.forced_down);
	return switched(rq, &in, &c);
}
