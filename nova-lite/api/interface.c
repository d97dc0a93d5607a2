/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"

/* What connects a server: addresses, ports, volumes. */

static int server_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq));
	return 0;
}

/* -- addresses ------------------------------------------------------------ */

static int ip_list_bind(struct req *rq)
{
	if (server_bind(rq) < 0)
		return -1;
	req_arg(rq, sql_null());
	return 0;
}

static int ip_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	j_obj(&rq->w, NULL);
	j_raw(&rq->w, "addresses", row_text(&row, bag__addresses),
	      row_len(&row, bag__addresses));
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op ip_list = { &SQL_server_bag, ip_list_bind, ip_list_view };

static int ip_show_bind(struct req *rq)
{
	if (server_bind(rq) < 0)
		return -1;
	req_args(rq, req_path(rq, "network"));
	return 0;
}

static int ip_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, bag__network))
		return fail(rq, ERR_NOT_FOUND,
			    "Instance is not a member of specified network");
	j_obj(&rq->w, NULL);
	j_raw(&rq->w, req_path(rq, "network"), row_text(&row, bag__network),
	      row_len(&row, bag__network));
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op ip_show = { &SQL_server_bag, ip_show_bind, ip_show_view };

/* -- ports ---------------------------------------------------------------- */

static void interface_view(struct req *rq, const char *key,
			   const struct row *row)
{
	bool up = strcmp(row_text(row, interface__vm_state), "active") == 0;
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "net_id", row_text(row, interface__network_id));
	j_str(w, "port_id", row_text(row, interface__id));
	j_str(w, "mac_addr", row_text(row, interface__mac));
	j_str(w, "port_state", up ? "ACTIVE" : "DOWN");
	j_arr(w, "fixed_ips");
	if (!row_null(row, interface__ip)) {
		j_obj(w, NULL);
		j_str(w, "subnet_id", row_text(row, interface__subnet_id));
		j_str(w, "ip_address", row_text(row, interface__ip));
		j_end(w);
	}
	j_end(w);
	if (req_mv(rq, 70))
		j_null(w, "tag");
	j_end(w);
}

static int interface_list_bind(struct req *rq)
{
	if (server_bind(rq) < 0)
		return -1;
	req_arg(rq, sql_null());
	return 0;
}

static int interface_list_view(struct req *rq, const struct rows *rows)
{
	struct row row;
	int i;

	if (rows->n == 0)
		return no_server(rq);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "interfaceAttachments");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (!row_null(&row, interface__id))
			interface_view(rq, NULL, &row);
	}
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op interface_list = {
	&SQL_interface_list, interface_list_bind, interface_list_view
};

static int interface_show_bind(struct req *rq)
{
	if (server_bind(rq) < 0)
		return -1;
	req_args(rq, req_path(rq, "port_id"));
	return 0;
}

static int interface_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	if (row_null(&row, interface__id))
		return fail(rq, ERR_NOT_FOUND, "Port id %s could not be "
			    "found.", req_path(rq, "port_id"));
	j_obj(&rq->w, NULL);
	interface_view(rq, "interfaceAttachment", &row);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op interface_show = {
	&SQL_interface_list, interface_show_bind, interface_show_view
};

/* -- volumes: none here, but clients ask for them ------------------------- */

static int attachments_view(struct req *rq, const struct rows *rows)
{
	if (rows->n == 0)
		return no_server(rq);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "volumeAttachments");
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op attachment_list = {
	&SQL_server_show, server_bind, attachments_view
};
