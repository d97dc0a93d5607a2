/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "nova-lite/network/network.h"

/* -- networks ------------------------------------------------------------- */

/* How hosts realise it, in the words of Neutron; for administrators. */
static void provider_view(const struct view *v)
{
	bool flat = !row_null(v->row, network__bridge);

	if (!v->rq->token->is_admin)
		return;
	view_str(v, "provider:network_type", flat ? "flat" : "local");
	view_col(v, "provider:physical_network", network__bridge);
	view_null(v, "provider:segmentation_id");
}

static void network_view(const struct view *v)
{
	view_col(v, "id", network__id);
	view_col(v, "name", network__name);
	view_bool(v, "admin_state_up", true);
	view_str(v, "status", "ACTIVE");
	view_int(v, "mtu", row_int(v->row, network__mtu));
	view_json(v, "subnets", network__subnets);
	view_bool(v, "shared", row_bool(v->row, network__shared));
	view_bool(v, "router:external", false);
	view_bool(v, "port_security_enabled", true);
	view_empty(v, "availability_zone_hints");
	view_empty(v, "availability_zones");
	view_null(v, "ipv4_address_scope");
	view_null(v, "ipv6_address_scope");
	view_time(v, "created_at", network__created_at);
	view_time(v, "updated_at", network__updated_at);
	view_common(v, network__project_id);
	provider_view(v);
}

static const struct kind network_kind = {
	"network", "networks", "NetworkNotFound", "Network", network_view,
	network__id
};

/* What all networks here are; a list for anything else is empty. */
static bool all_networks_are(struct req *rq)
{
	const char *external = req_query(rq, "router:external");
	const char *up = req_query(rq, "admin_state_up");

	return !(external && strcasecmp(external, "true") == 0) &&
		!(up && strcasecmp(up, "false") == 0);
}

static int network_list_bind(struct req *rq)
{
	const char *ids = query_list(rq, "id");

	req_args(rq, scope_of(rq), all_networks_are(rq) ? ids : "{}",
		 query_list(rq, "name"), query_project(rq),
		 query_list(rq, "status"), query_bool(rq, "shared"));
	return bind_page(rq);
}

static int network_list_view(struct req *rq, const struct rows *rows)
{
	return kind_list(rq, &network_kind, rows);
}

const struct read_op network_list = {
	&SQL_network_list, network_list_bind, network_list_view
};

static int network_show_bind(struct req *rq)
{
	req_args(rq, scope_of(rq), path_list(rq), sql_null(), sql_null(),
		 sql_null(), sql_null(), sql_null(), 1);
	return 0;
}

static int network_show_view(struct req *rq, const struct rows *rows)
{
	return kind_show(rq, &network_kind, rows);
}

const struct read_op network_show = {
	&SQL_network_list, network_show_bind, network_show_view
};

/* -- subnets -------------------------------------------------------------- */

static void pool_view(const struct view *v)
{
	struct jw *w = &v->rq->w;

	if (!view_wants(v, "allocation_pools"))
		return;
	j_arr(w, "allocation_pools");
	j_obj(w, NULL);
	j_str(w, "start", row_text(v->row, subnet__first));
	j_str(w, "end", row_text(v->row, subnet__last));
	j_end(w);
	j_end(w);
}

static void subnet_view(const struct view *v)
{
	view_col(v, "id", subnet__id);
	view_col(v, "name", subnet__name);
	view_col(v, "network_id", subnet__network_id);
	view_int(v, "ip_version", row_int(v->row, subnet__ip_version));
	view_col(v, "cidr", subnet__cidr);
	view_col(v, "gateway_ip", subnet__gateway);
	pool_view(v);
	view_json(v, "dns_nameservers", subnet__dns);
	view_empty(v, "host_routes");
	view_bool(v, "enable_dhcp", true);
	view_null(v, "subnetpool_id");
	view_null(v, "ipv6_ra_mode");
	view_null(v, "ipv6_address_mode");
	view_empty(v, "service_types");
	view_time(v, "created_at", subnet__created_at);
	view_time(v, "updated_at", subnet__created_at);
	view_common(v, subnet__project_id);
}

static const struct kind subnet_kind = {
	"subnet", "subnets", "SubnetNotFound", "Subnet", subnet_view,
	subnet__id
};

static int subnet_list_bind(struct req *rq)
{
	req_args(rq, scope_of(rq), query_list(rq, "id"),
		 query_list(rq, "name"), query_project(rq),
		 query_list(rq, "network_id"), query_list(rq, "cidr"),
		 query_list(rq, "ip_version"));
	return bind_page(rq);
}

static int subnet_list_view(struct req *rq, const struct rows *rows)
{
	return kind_list(rq, &subnet_kind, rows);
}

const struct read_op subnet_list = {
	&SQL_subnet_list, subnet_list_bind, subnet_list_view
};

static int subnet_show_bind(struct req *rq)
{
	req_args(rq, scope_of(rq), path_list(rq), sql_null(), sql_null(),
		 sql_null(), sql_null(), sql_null(), sql_null(), 1);
	return 0;
}

static int subnet_show_view(struct req *rq, const struct rows *rows)
{
	return kind_show(rq, &subnet_kind, rows);
}

const struct read_op subnet_show = {
	&SQL_subnet_list, subnet_show_bind, subnet_show_view
};

/* -- ports ---------------------------------------------------------------- */

static void fixed_ips_view(const struct view *v)
{
	struct jw *w = &v->rq->w;

	if (!view_wants(v, "fixed_ips"))
		return;
	j_arr(w, "fixed_ips");
	if (!row_null(v->row, port__ip)) {
		j_obj(w, NULL);
		j_str(w, "subnet_id", row_text(v->row, port__subnet_id));
		j_str(w, "ip_address", row_text(v->row, port__ip));
		j_end(w);
	}
	j_end(w);
}

static void device_view(const struct view *v)
{
	const char *state = row_text(v->row, port__vm_state);
	const char *server = row_text(v->row, port__server_id);
	const char *host = row_text(v->row, port__host);

	view_str(v, "status", state && strcmp(state, "active") == 0 ?
		 "ACTIVE" : "DOWN");
	view_str(v, "device_id", server ? server : "");
	view_str(v, "device_owner", server ?
		 req_printf(v->rq, "compute:%s",
			    row_text(v->row, port__zone)) : "");
	if (v->rq->token->is_admin)
		view_str(v, "binding:host_id", host ? host : "");
}

static void port_view(const struct view *v)
{
	view_col(v, "id", port__id);
	view_col(v, "name", port__name);
	view_col(v, "network_id", port__network_id);
	view_col(v, "mac_address", port__mac);
	view_bool(v, "admin_state_up", true);
	device_view(v);
	fixed_ips_view(v);
	view_json(v, "security_groups", port__security_groups);
	view_empty(v, "allowed_address_pairs");
	view_empty(v, "extra_dhcp_opts");
	view_str(v, "binding:vnic_type", "normal");
	view_bool(v, "port_security_enabled", true);
	view_time(v, "created_at", port__created_at);
	view_time(v, "updated_at", port__updated_at);
	view_common(v, port__project_id);
}

static const struct kind port_kind = {
	"port", "ports", "PortNotFound", "Port", port_view, port__id
};

/* fixed_ips=ip_address=10.0.0.3 is how clients ask for an address. */
static const char *query_address(struct req *rq)
{
	static const char key[] = "ip_address=";
	const char *s = req_query(rq, "fixed_ips");

	if (!s || strncmp(s, key, sizeof(key) - 1) != 0)
		return NULL;
	s += sizeof(key) - 1;
	if (strpbrk(s, "\",{}\\"))
		return "{}";
	return req_printf(rq, "{\"%s\"}", s);
}

static int port_list_bind(struct req *rq)
{
	req_args(rq, scope_of(rq), query_list(rq, "id"),
		 query_list(rq, "name"), query_project(rq),
		 query_list(rq, "network_id"), query_list(rq, "device_id"),
		 query_list(rq, "mac_address"), query_address(rq),
		 query_list(rq, "status"));
	return bind_page(rq);
}

static int port_list_view(struct req *rq, const struct rows *rows)
{
	return kind_list(rq, &port_kind, rows);
}

const struct read_op port_list = {
	&SQL_port_list, port_list_bind, port_list_view
};

static int port_show_bind(struct req *rq)
{
	req_args(rq, scope_of(rq), path_list(rq), sql_null(), sql_null(),
		 sql_null(), sql_null(), sql_null(), sql_null(), sql_null(),
		 sql_null(), 1);
	return 0;
}

static int port_show_view(struct req *rq, const struct rows *rows)
{
	return kind_show(rq, &port_kind, rows);
}

const struct read_op port_show = {
	&SQL_port_list, port_show_bind, port_show_view
};
