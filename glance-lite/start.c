/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include "gen/glance_sql.h"
#include "glance-lite/delta/whole.h"
#include "glance-lite/glance.h"
#include "glance-lite/tool.h"

const struct conf_opt glance_opts[] = {
	{ "DEFAULT", "image_size_cap", CONF_INT, "1099511627776",
	  "bytes of one image's data at most" },
	{ "DEFAULT", "image_property_quota", CONF_INT, "128",
	  "properties of one image at most; -1: any number" },
	{ "DEFAULT", "image_tag_quota", CONF_INT, "128",
	  "tags of one image at most; -1: any number" },
	{ "DEFAULT", "image_member_quota", CONF_INT, "128",
	  "members of one image at most; -1: any number" },
	{ "DEFAULT", "limit_param_default", CONF_INT, "25",
	  "images of a list without limit" },
	{ "DEFAULT", "api_limit_max", CONF_INT, "1000",
	  "images of a list at most" },
	{ "glance_store", "filesystem_store_datadir", CONF_STR,
	  "/var/lib/glance/images", "folder of the image files" },
	{ "glance_store", "delta_conversions", CONF_INT, "2",
	  "images stored as deltas that are made complete, and bundles that "
	  "become OS images, at the same time, each by a program, 1 to 64" },
	{ "glance_store", "os_image_max_unpacked_mb", CONF_INT, "16384",
	  "MiB of an OS image's bundle at most when it is unpacked" },
	{ "image_format", "require_image_format_match", CONF_BOOL, "false",
	  "refuse data that is not recognised as the claimed disk_format; "
	  "data recognised as another format is always refused" },
	{ "keystone_authtoken", "www_authenticate_uri", CONF_STR,
	  "http://127.0.0.1:5000", "what a 401 names as the Identity service" },
	{ .name = NULL }
};

static struct glance state;

const struct glance *glance(void)
{
	return &state;
}

static int64_t quota(const struct conf *conf, const char *name)
{
	int64_t v = conf_int(conf, "DEFAULT", name);

	return v < 0 ? INT32_MAX : v;
}

static void read_conf(const struct conf *conf)
{
	state.www_authenticate = conf_str(conf, "keystone_authtoken",
					  "www_authenticate_uri");
	state.size_cap = conf_int(conf, "DEFAULT", "image_size_cap");
	state.property_quota = quota(conf, "image_property_quota");
	state.tag_quota = quota(conf, "image_tag_quota");
	state.member_quota = quota(conf, "image_member_quota");
	state.limit_default = conf_int(conf, "DEFAULT",
				       "limit_param_default");
	state.limit_max = conf_int(conf, "DEFAULT", "api_limit_max");
	state.bundle_max_mb = conf_int(conf, "glance_store",
				       "os_image_max_unpacked_mb");
	state.match_format = conf_bool(conf, "image_format",
				       "require_image_format_match");
}

/* A run that was cut short left an intent: undo an upload, end a delete. */
static int settle(struct sql_conn *conn, const struct row *row,
		  struct err *e)
{
	const char *id = row_text(row, unfinished__id);
	bool deleted = !strcmp(row_text(row, unfinished__status),
			       "pending_delete");
	struct rows none;

	if (store_remove(state.store, id, e) < 0 ||
	    sql_exec(conn, deleted ? &SQL_image_deleted
				   : &SQL_image_upload_undo,
		     ARGS(id), &none, e) < 0)
		return -1;
	rows_fini(&none);
	log_kv(LOG_INFO_, "settled", "image", id, "now",
	       deleted ? "deleted" : "queued", NULL);
	return 0;
}

static int start_deltas(const struct conf *conf, struct err *e)
{
	int64_t n = conf_int(conf, "glance_store", "delta_conversions");

	if (n < 1 || n > 64)
		return err_set(e, ERR_BAD_REQUEST, "[glance_store] "
			       "delta_conversions is not within 1 and 64");
	whole_init();
	tool_init((int)n);
	return 0;
}

int glance_start(const struct conf *conf, struct sql_conn *conn,
		 struct err *e)
{
	struct rows rows;
	struct row row;
	int ret = 0;

	/* A limit on file sizes is a failed write, no reason to die. */
	signal(SIGXFSZ, SIG_IGN);
	read_conf(conf);
	if (start_deltas(conf, e) < 0)
		return -1;
	state.store = store_new(conf_str(conf, "glance_store",
					 "filesystem_store_datadir"), e);
	if (!state.store)
		return -1;
	if (sql_exec(conn, &SQL_image_unfinished, ARGS(store_id(state.store)),
		     &rows, e) < 0)
		return -1;
	for (int i = 0; i < rows.n && ret == 0; i++) {
		row = rows_at(&rows, i);
		ret = settle(conn, &row, e);
	}
	rows_fini(&rows);
	return ret < 0 ? -1 : delta_tidy(conn, NULL, e);
}

void glance_stop(void)
{
	whole_fini();
	store_free(state.store);
	state.store = NULL;
}
