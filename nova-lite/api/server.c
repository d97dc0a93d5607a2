/* SPDX-License-Identifier: Apache-2.0 */
#include <regex.h>
#include <string.h>

#include "common/json/text.h"
#include "nova-lite/servers.h"
#include "nova-lite/status.h"

/* -- what a list is asked for --------------------------------------------- */

/*
 * All parameters that Nova knows; from 2.75 on any other is an error. It passes
 * over instance_name, which is no column, and soft_deleted, which says
 * something of servers that can be restored: there are none here.
 */
static const char *const known[] = {
	"access_ip_v4", "access_ip_v6", "all_tenants", "auto_disk_config",
	"availability_zone", "changes-before", "changes-since",
	"config_drive", "created_at", "deleted", "description", "flavor",
	"host", "hostname", "image", "instance_name", "ip", "ip6",
	"key_name", "launch_index", "launched_at", "limit", "locked",
	"marker", "name", "node", "not-tags", "not-tags-any", "power_state",
	"progress", "project_id", "ramdisk_id", "reservation_id",
	"root_device_name", "soft_deleted", "sort_dir", "sort_key", "status",
	"tags", "tags-any", "task_state", "tenant_id", "terminated_at",
	"user_id", "uuid", "vm_state", NULL
};

/* Nova sorts by any column of its table; what is not one here does not sort. */
#define SORT_KEYS \
	"'access_ip_v4', 'access_ip_v6', 'auto_disk_config', " \
	"'availability_zone', 'config_drive', 'created_at', " \
	"'display_description', 'display_name', 'host', " \
	"'hostname', 'image_ref', 'instance_type_id', 'kernel_id', " \
	"'key_name', 'launch_index', 'launched_at', 'locked_by', " \
	"'node', 'power_state', 'progress', 'project_id', " \
	"'ramdisk_id', 'root_device_name', 'task_state', " \
	"'terminated_at', 'updated_at', 'user_id', 'uuid', " \
	"'vm_state', 'architecture', 'cell_name', 'cleaned', " \
	"'default_ephemeral_device', 'default_swap_device', " \
	"'deleted', 'deleted_at', 'disable_terminate', " \
	"'ephemeral_gb', 'ephemeral_key_uuid', 'id', 'key_data', " \
	"'launched_on', 'locked', 'memory_mb', 'os_type', " \
	"'reservation_id', 'root_gb', 'shutdown_terminate', " \
	"'user_data', 'vcpus', 'vm_mode'"

static bool is_known(const char *name)
{
	size_t i;

	for (i = 0; known[i]; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return name[0] == '_';
}

static int check_parameters(struct req *rq)
{
	const char *name, *value;
	size_t pos = 0;

	if (!req_mv(rq, 75))
		return 0;
	while (http_query_next(rq->http, &pos, &name, &value))
		if (!is_known(name))
			return fail(rq, ERR_BAD_REQUEST, "'%s' does not match "
				    "any of the regexes: '^_'", name);
	return 0;
}

/* Whose servers: *scope_r is a project, or NULL for all. */
static int list_scope(struct req *rq, const char **scope_r)
{
	const char *all = req_query(rq, "all_tenants");
	const char *project = req_query(rq, "project_id");
	bool wide = all && (!*all || text_is_true(all));

	if (!project)
		project = req_query(rq, "tenant_id");
	if (wide && !rq->token->is_admin)
		return fail(rq, ERR_FORBIDDEN, "Policy doesn't allow "
			    "%s:get_all_tenants to be performed.",
			    rq->route->policy);
	if (rq->token->is_admin && (wide || project))
		*scope_r = project;
	else
		*scope_r = rq->token->project_id;
	return 0;
}

static int query_time(struct req *rq, const char *name, struct sql_arg *arg_r)
{
	const char *s = req_query(rq, name);
	usec_t t;

	*arg_r = sql_null();
	if (!s)
		return 0;
	if (time_parse(s, &t) < 0)
		return bad_query(rq, name, s, "is not a 'date-time'");
	*arg_r = sql_time(t);
	return 0;
}

static int query_regex(struct req *rq, const char *name, const char **s_r)
{
	regex_t re;

	*s_r = req_query(rq, name);
	if (!*s_r)
		return 0;
	if (regcomp(&re, *s_r, REG_EXTENDED | REG_NOSUB) != 0)
		return bad_query(rq, name, *s_r, "is not a 'regex'");
	regfree(&re);
	return 0;
}

static int list_sort(struct req *rq, const char **key_r, bool *up_r)
{
	const char *key = req_query(rq, "sort_key");
	const char *dir = req_query(rq, "sort_dir");

	*up_r = dir && strcmp(dir, "asc") == 0;
	if (dir && !*up_r && strcmp(dir, "desc") != 0)
		return fail(rq, ERR_BAD_REQUEST, "Invalid input received: "
			    "Unknown sort direction, must be 'desc' or 'asc'");
	if (key && (strchr(key, '\'') ||
		    !strstr(SORT_KEYS, req_printf(rq, "'%s'", key))))
		return bad_query(rq, "sort_key", key,
				 "is not one of [" SORT_KEYS "]");
	*key_r = key && strcmp(key, "created_at") != 0 ? key : NULL;
	return 0;
}

/* "a,b" as a PostgreSQL array, or NULL. */
static const char *query_tags(struct req *rq, const char *name)
{
	const char *s = req_mv(rq, 26) ? req_query(rq, name) : NULL;
	_cleanup_(buf_fini) struct buf out = { 0 };

	if (!s)
		return NULL;
	buf_adds(&out, "{\"");
	for (; *s; s++) {
		if (*s == ',')
			buf_adds(&out, "\",\"");
		else if (*s == '"' || *s == '\\')
			buf_printf(&out, "\\%c", *s);
		else
			buf_addc(&out, *s);
	}
	buf_adds(&out, "\"}");
	return arena_strdup(req_arena(rq), buf_str(&out));
}

/* What only administrators may ask for is passed over for others. */
static const char *query_admin(struct req *rq, const char *name)
{
	return rq->token->is_admin ? req_query(rq, name) : NULL;
}

/* Some of that became everybody's with 2.83. */
static const char *query_83(struct req *rq, const char *name)
{
	return req_mv(rq, 83) ? req_query(rq, name) : query_admin(rq, name);
}

/* The filters that are seldom asked for. */
static const struct fact {
	const char *name;
	bool admins;		/* theirs alone, also from 2.83 on */
	enum { AS_IS, TRUTH, TIME } kind;
} facts[] = {
	{ "config_drive", false, TRUTH }, { "created_at", false, TIME },
	{ "launched_at", false, TIME }, { "power_state", false, AS_IS },
	{ "progress", false, AS_IS }, { "task_state", false, AS_IS },
	{ "terminated_at", false, TIME }, { "access_ip_v4", true, AS_IS },
	{ "access_ip_v6", true, AS_IS }, { "auto_disk_config", true, TRUTH },
	{ "description", true, AS_IS }, { "kernel_id", true, AS_IS },
	{ "launch_index", true, AS_IS }, { "node", true, AS_IS },
	{ "ramdisk_id", true, AS_IS }, { "root_device_name", true, AS_IS },
};

/* As compute.server_facts has it. What is no time fits none. */
static const char *fact_value(struct req *rq, const struct fact *f,
			      const char *value)
{
	char *text;
	usec_t t;

	if (f->kind == TRUTH)
		return text_is_true(value) ? "true" : "false";
	if (f->kind == AS_IS || time_parse(value, &t) < 0)
		return value;
	text = arena_alloc(req_arena(rq), TIME_MAX);
	time_format(t, TIME_Z, text);
	return text;
}

/* {fact: value} of those that are asked for, or NULL. */
static const char *query_facts(struct req *rq)
{
	json_t *wanted = json_object();
	const char *value, *text;
	size_t i;

	for (i = 0; i < ARRAY_LEN(facts); i++) {
		value = facts[i].admins ? query_admin(rq, facts[i].name) :
			query_83(rq, facts[i].name);
		if (value)
			json_object_set_new(wanted, facts[i].name, json_string(
				fact_value(rq, &facts[i], value)));
	}
	text = json_object_size(wanted) ? json_text(rq, wanted) : NULL;
	json_decref(wanted);
	return text;
}

/* A status that no state shows as fits no server, which is no error. */
static void query_status(struct req *rq, const char **states_r,
			 const char **tasks_r)
{
	const char *status = req_query(rq, "status");
	const char *vm_state = query_83(rq, "vm_state");

	*states_r = *tasks_r = NULL;
	if (vm_state)
		*states_r = req_printf(rq, "{%s}", vm_state);
	if (status && status_states(status, states_r, tasks_r) < 0)
		*states_r = "{}";
}

static void bind_equals(struct req *rq)
{
	const char *locked = req_mv(rq, 73) ? req_query(rq, "locked") : NULL;

	req_args(rq, req_query(rq, "image"), req_query(rq, "flavor"),
		 query_admin(rq, "host"), query_admin(rq, "uuid"),
		 query_83(rq, "key_name"), query_83(rq, "availability_zone"),
		 query_83(rq, "user_id"), req_query(rq, "reservation_id"),
		 query_admin(rq, "hostname"),
		 locked ? sql_arg_bool(text_is_true(locked)) : sql_null(),
		 query_facts(rq));
}

static int servers_bind(struct req *rq)
{
	const char *scope = NULL, *key = NULL, *name, *ip, *ip6 = NULL;
	const char *states, *tasks;
	const char *deleted = query_admin(rq, "deleted");
	struct sql_arg since, before;
	int64_t limit;
	bool up;

	if (check_parameters(rq) < 0 || list_scope(rq, &scope) < 0 ||
	    query_time(rq, "changes-since", &since) < 0 ||
	    query_time(rq, "changes-before", &before) < 0 ||
	    query_regex(rq, "name", &name) < 0 ||
	    query_regex(rq, "ip", &ip) < 0 ||
	    (req_mv(rq, 5) && query_regex(rq, "ip6", &ip6) < 0) ||
	    list_sort(rq, &key, &up) < 0 || query_limit(rq, &limit) < 0)
		return -1;
	query_status(rq, &states, &tasks);
	req_args(rq, scope, since, before, deleted && text_is_true(deleted),
		 name, states, tasks);
	bind_equals(rq);
	req_args(rq, ip, ip6, query_tags(rq, "tags"),
		 query_tags(rq, "tags-any"), query_tags(rq, "not-tags"),
		 query_tags(rq, "not-tags-any"), limit,
		 req_query(rq, "marker"), key, up);
	return 0;
}

/* -- lists ---------------------------------------------------------------- */

static void server_brief(struct req *rq, const struct urls *u,
			 const char *key, const struct row *row)
{
	struct jw *w = &rq->w;

	j_obj(w, key);
	j_str(w, "id", row_text(row, server_name__id));
	j_str(w, "name", row_text(row, server_name__name));
	links_view(rq, u, "servers", row_text(row, server_name__id));
	j_end(w);
}

static int servers_view(struct req *rq, const struct rows *rows, int id_col,
			void (*view)(struct req *, const struct urls *,
				     const char *, const struct row *))
{
	struct page page = { "servers_links", NULL, rows->n, 0 };
	struct urls u = urls_of(rq);
	struct row row;
	int i;

	query_limit(rq, &page.limit);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "servers");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		view(rq, &u, NULL, &row);
		page.last = row_text(&row, id_col);
	}
	j_end(&rq->w);
	next_view(rq, &page);
	j_end(&rq->w);
	return reply(rq, 200);
}

static int server_list_view(struct req *rq, const struct rows *rows)
{
	return servers_view(rq, rows, server_name__id, server_brief);
}

static int server_detail_view(struct req *rq, const struct rows *rows)
{
	return servers_view(rq, rows, server__id, server_view);
}

const struct read_op server_list = {
	&SQL_server_list, servers_bind, server_list_view
};
const struct read_op server_detail = {
	&SQL_server_detail, servers_bind, server_detail_view
};

/* -- one ------------------------------------------------------------------ */

static int one_server(struct req *rq, const struct row *row)
{
	struct urls u = urls_of(rq);

	j_obj(&rq->w, NULL);
	server_view(rq, &u, "server", row);
	j_end(&rq->w);
	return reply(rq, 200);
}

static int server_show_bind(struct req *rq)
{
	const char *id = path_server(rq);

	if (!id)
		return -1;
	req_args(rq, id, scope_of(rq));
	return 0;
}

static int server_show_view(struct req *rq, const struct rows *rows)
{
	struct row row;

	if (rows->n == 0)
		return no_server(rq);
	row = rows_at(rows, 0);
	return one_server(rq, &row);
}

const struct read_op server_show = {
	&SQL_server_show, server_show_bind, server_show_view
};

struct server_in {
	const char *name, *description, *v4, *v6, *disk_config, *hostname;
};

static const struct jfield server_fields[] = {
	JF_STR(struct server_in, name, J_NAME, 1, 255),
	JF_STR_K(struct server_in, v4, "accessIPv4", J_NULL, 0, 15),
	JF_STR_K(struct server_in, v6, "accessIPv6", J_NULL, 0, 45),
	JF_STR_K(struct server_in, disk_config, "OS-DCF:diskConfig", 0, 1, 6),
	JF_STR_MV(struct server_in, description, J_NULL, 0, 255, 19, 999),
	JF_STR_MV(struct server_in, hostname, 0, 2, 63, 90, 999),
	JF_END
};

int server_update(struct req *rq)
{
	const char *id = path_server(rq);
	struct server_in in = { 0 };
	struct row row;
	int n;

	if (!id || req_body(rq, "server", server_fields, &in) < 0 ||
	    check_disk_config(rq, in.disk_config) < 0 ||
	    check_address(rq, "accessIPv4", in.v4) < 0 ||
	    check_hostname(rq, in.hostname) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_server_update, &row,
		      ARGS(id, scope_of(rq), in.name,
			   json_object_get(json_object_get(rq->body, "server"),
					   "description") != NULL,
			   in.description, in.v4 != NULL, null_if_empty(in.v4),
			   in.v6 != NULL, null_if_empty(in.v6), in.disk_config,
			   in.hostname));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	return one_server(rq, &row);
}

int server_delete(struct req *rq)
{
	const char *id = path_server(rq), *host;
	struct row row;

	if (!id || sql_one(rq, &SQL_server_delete, &row,
			   ARGS(id, scope_of(rq), caller_json(rq))) < 0)
		return -1;
	host = row_text(&row, host__host);
	if (host)
		wake_agent(rq, host);
	return reply(rq, 204);
}
