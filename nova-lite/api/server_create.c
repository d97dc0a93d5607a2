/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/json/text.h"
#include "nova-lite/check.h"
#include "nova-lite/first_boot.h"
#include "nova-lite/job_secret.h"
#include "nova-lite/server_in.h"

#define COUNT_MAX 100000

static const struct jfield server_fields[] = {
	JF_STR(struct server_in, name, J_REQ | J_NAME, 1, 255),
	JF_STR_K(struct server_in, image, "imageRef", 0, 0, 255),
	JF_JSON_K(struct server_in, flavor, "flavorRef", J_REQ),
	JF_STR(struct server_in, key_name, 0, 1, 255),
	JF_STR(struct server_in, user_data, J_NULL, 0, INT32_MAX),
	JF_STR_K(struct server_in, password, "adminPass", 0, 0, 255),
	JF_STR_K(struct server_in, zone, "availability_zone", 0, 1, 255),
	JF_BOOL(struct server_in, config_drive, J_LAX),
	JF_JSON(struct server_in, metadata, J_OBJ),
	JF_JSON_MV(struct server_in, networks, "networks", J_ARR, 0, 36),
	JF_JSON_MV(struct server_in, networks, "networks", J_REQ, 37, 999),
	JF_JSON(struct server_in, security_groups, J_ARR),
	JF_JSON_MV(struct server_in, files.plain, "personality", J_ARR, 0, 56),
	JF_JSON_K(struct server_in, files.lite, "lite:files", J_ARR),
	JF_JSON_K(struct server_in, devices, "block_device_mapping_v2", J_ARR),
	JF_INT(struct server_in, min_count, J_LAX, 1, COUNT_MAX),
	JF_INT(struct server_in, max_count, J_LAX, 1, COUNT_MAX),
	JF_BOOL(struct server_in, return_reservation_id, J_LAX),
	JF_STR_K(struct server_in, v4, "accessIPv4", J_NULL, 0, 15),
	JF_STR_K(struct server_in, v6, "accessIPv6", J_NULL, 0, 45),
	JF_STR_K(struct server_in, disk_config, "OS-DCF:diskConfig", 0, 1, 6),
	JF_STR_MV(struct server_in, description, J_NULL, 0, 255, 19, 999),
	JF_JSON_MV(struct server_in, tags, "tags", J_ARR, 52, 999),
	JF_STR_MV(struct server_in, host, 0, 1, 255, 74, 999),
	JF_STR_MV(struct server_in, hypervisor_hostname, 0, 1, 255, 74, 999),
	JF_STR_MV(struct server_in, hostname, 0, 1, 255, 90, 999),
	JF_END
};

static const struct jfield root_fields[] = {
	JF_JSON(struct server_in, server, J_REQ),
	JF_JSON_K(struct server_in, hints, "os:scheduler_hints", J_OBJ),
	JF_JSON_K(struct server_in, hints, "OS-SCH-HNT:scheduler_hints",
		  J_OBJ),
	JF_END
};

/* -- checks --------------------------------------------------------------- */

/* "zone:host:node" is an administrator's way to place a server by hand. */
static int split_zone(struct req *rq, struct server_in *in)
{
	char *host = in->zone ? strchr(in->zone, ':') : NULL, *node;

	if (!host)
		return 0;
	if (!rq->token->is_admin)
		return fail(rq, ERR_FORBIDDEN, "Policy doesn't allow "
			    "os_compute_api:servers:create:forced_host to be "
			    "performed.");
	in->zone = arena_strndup(req_arena(rq), in->zone,
				 (size_t)(host - in->zone));
	in->on_host = host = arena_strdup(req_arena(rq), host + 1);
	node = strchr(host, ':');
	if (node) {
		*node = '\0';
		in->on_node = node[1] ? node + 1 : NULL;
	}
	if (!*in->on_host)
		in->on_host = NULL;
	if (!*in->zone)
		in->zone = NULL;
	return 0;
}

static int check_place(struct req *rq, struct server_in *in)
{
	if (split_zone(rq, in) < 0)
		return -1;
	if (!in->host && !in->hypervisor_hostname)
		return 0;
	if (!rq->token->is_admin)
		return fail(rq, ERR_FORBIDDEN, "Policy doesn't allow "
			    "compute:servers:create:requested_destination to "
			    "be performed.");
	in->place_known = true;
	in->on_host = in->host;
	in->on_node = in->hypervisor_hostname;
	return 0;
}

static int check_counts(struct req *rq, struct server_in *in)
{
	if (!in->min_count)
		in->min_count = 1;
	if (!in->max_count)
		in->max_count = in->min_count;
	if (in->min_count > in->max_count)
		return fail(rq, ERR_BAD_REQUEST,
			    "min_count must be <= max_count");
	return 0;
}

static int check_refs(struct req *rq, struct server_in *in)
{
	if (json_is_integer(in->flavor))
		in->flavor_id = json_text(rq, in->flavor);
	else
		in->flavor_id = json_string_value(in->flavor);
	if (!in->flavor_id)
		return bad_value(rq, "flavorRef", in->flavor,
				 "is not of type 'string', 'integer'");
	if (in->image && *in->image && !text_is_uuid(in->image))
		return bad_string(rq, "imageRef", in->image, "is not valid "
				  "under any of the given schemas");
	return 0;
}

static int check_group_hint(struct req *rq, const struct server_in *in)
{
	const json_t *group = json_object_get(in->hints, "group");

	if (group && !(json_is_string(group) &&
		       text_is_uuid(json_string_value(group))))
		return bad_value(rq, "group", group, "is not a 'uuid'");
	return 0;
}

static int check_text(struct req *rq, const struct server_in *in)
{
	if (check_user_data(rq, in->user_data) < 0 ||
	    check_disk_config(rq, in->disk_config) < 0 ||
	    check_address(rq, "accessIPv4", in->v4) < 0 ||
	    check_hostname(rq, in->hostname) < 0)
		return -1;
	if (in->metadata &&
	    (check_string_map(rq, "metadata", in->metadata) < 0 ||
	     check_first_boot(rq, in->metadata, in->config_drive) < 0))
		return -1;
	return in->tags ? check_tags(rq, in->tags) : 0;
}

static int read_server(struct req *rq, struct server_in *in)
{
	if (req_body(rq, NULL, root_fields, in) < 0 ||
	    req_fields(rq, in->server, "server", server_fields, in) < 0 ||
	    check_refs(rq, in) < 0 || check_text(rq, in) < 0 ||
	    check_networks(rq, in) < 0 || check_security_groups(rq, in) < 0 ||
	    check_files(rq, &in->files) < 0 || check_group_hint(rq, in) < 0 ||
	    check_counts(rq, in) < 0 || check_place(rq, in) < 0)
		return -1;
	in->files.first_boot = asks_first_boot(in->metadata);
	return check_devices(rq, in);
}

/* -- what the catalog gets ------------------------------------------------ */

static void raw_or(struct jw *w, const char *key, const char *json,
		   const char *dflt)
{
	json = json ? json : dflt;
	j_raw(w, key, json, strlen(json));
}

static const char *text_of(struct req *rq, const json_t *v)
{
	return v ? json_text(rq, v) : NULL;
}

/* What only the agent needs goes with the job, and away with it. */
static void job_view(struct req *rq, struct jw *w, const struct server_in *in)
{
	j_obj(w, "job");
	j_str(w, "sealed_admin_pass",
	      job_secret_put(req_arena(rq), in->password));
	j_raw(w, "files", in->files.text, strlen(in->files.text));
	j_end(w);
}

static void owner_view(struct req *rq, struct jw *w)
{
	j_bool(w, "admin", rq->token->is_admin);
	j_str(w, "project_id", rq->token->project_id);
	j_str(w, "user_id", rq->token->user_id);
	j_str(w, "request_id", rq->id);
}

static void place_view(struct jw *w, const struct server_in *in)
{
	j_str(w, "zone", in->zone);
	j_str(w, "on_host", in->on_host);
	j_str(w, "on_node", in->on_node);
	j_bool(w, "place_known", in->place_known);
	j_int(w, "least", in->min_count);
	j_int(w, "most", in->max_count);
}

static void names_view(struct jw *w, const struct server_in *in)
{
	char hostname[HOSTNAME_SIZE];

	j_str(w, "name", in->name);
	if (in->hostname)
		j_str(w, "hostname", in->hostname);
	else if (hostname_of(in->name, hostname))
		j_str(w, "hostname", hostname);
	else
		j_null(w, "hostname");
	j_str(w, "description", in->description);
}

/* The argument of compute.server_create, which says what may stand in it. */
static const char *draft(struct req *rq, const struct server_in *in)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct jw w;

	jw_init(&w, &out);
	j_obj(&w, NULL);
	owner_view(rq, &w);
	place_view(&w, in);
	names_view(&w, in);
	j_strf(&w, "reservation_id", "r-%s",
	       random_text(rq, 8, "0123456789abcdefghijklmnopqrstuvwxyz"));
	j_str(&w, "image_id", in->image);
	j_str(&w, "flavor_id", in->flavor_id);
	j_str(&w, "key_name", in->key_name);
	j_str(&w, "user_data", null_if_empty(in->user_data));
	j_bool(&w, "config_drive", in->config_drive);
	j_str(&w, "access_ip_v4", null_if_empty(in->v4));
	j_str(&w, "access_ip_v6", null_if_empty(in->v6));
	j_str(&w, "disk_config", in->disk_config ? in->disk_config : "MANUAL");
	raw_or(&w, "metadata", text_of(rq, in->metadata), "{}");
	raw_or(&w, "tags", text_of(rq, in->tags), "[]");
	raw_or(&w, "scheduler_hints", text_of(rq, in->hints), "{}");
	raw_or(&w, "networks", in->networks_text, "null");
	raw_or(&w, "groups", in->groups_text, "null");
	j_int(&w, "plain_files", json_array_size(in->files.plain));
	j_int(&w, "swap_mb", in->swap_mb);
	j_int(&w, "ephemeral_gb", in->ephemeral_gb);
	job_view(rq, &w, in);
	j_end(&w);
	return arena_strdup(req_arena(rq), buf_str(&out));
}

/* -- the reply ------------------------------------------------------------ */

static void asked_groups_view(struct req *rq, const struct server_in *in)
{
	struct jw *w = &rq->w;
	json_t *group;
	size_t i;

	j_arr(w, "security_groups");
	json_array_foreach(in->security_groups, i, group) {
		j_obj(w, NULL);
		j_str(w, "name", json_string_value(json_object_get(group,
								   "name")));
		j_end(w);
	}
	if (json_array_size(in->security_groups) == 0) {
		j_obj(w, NULL);
		j_str(w, "name", "default");
		j_end(w);
	}
	j_end(w);
}

static int created(struct req *rq, const struct server_in *in,
		   const struct row *row)
{
	const char *id = row_text(row, created__id);
	struct urls u = urls_of(rq);
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	if (in->return_reservation_id) {
		j_str(w, "reservation_id",
		      row_text(row, created__reservation_id));
		j_end(w);
		return reply(rq, 202);
	}
	j_obj(w, "server");
	j_str(w, "id", id);
	links_view(rq, &u, "servers", id);
	j_str(w, "OS-DCF:diskConfig",
	      in->disk_config ? in->disk_config : "MANUAL");
	asked_groups_view(rq, in);
	j_str(w, "adminPass", in->password);
	j_end(w);
	j_end(w);
	reply_header(rq, "Location", "%s/servers/%s", u.self, id);
	return reply(rq, 202);
}

/* Each host once: the servers of a create come sorted by nothing. */
static void wake_agents(struct req *rq, const struct rows *rows)
{
	const char *host, *last = NULL;
	struct row row;
	int i;

	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		host = row_text(&row, created__host);
		if (host && (!last || strcmp(host, last) != 0))
			wake_agent(rq, host);
		last = host;
	}
}

int server_create(struct req *rq)
{
	struct server_in in = { 0 };
	const struct rows *rows;
	struct row row;

	if (read_server(rq, &in) < 0)
		return -1;
	if (!in.password)
		in.password = random_password(rq);
	if (tx_begin(rq) < 0 ||
	    sql_rows(rq, &SQL_server_create, &rows,
		     ARGS(draft(rq, &in))) < 0 ||
	    settle_files(rq, &in.files) < 0 || tx_commit(rq) < 0)
		return -1;
	wake_agents(rq, rows);
	row = rows_at(rows, 0);
	return created(rq, &in, &row);
}
