/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/check.h"
#include "nova-lite/first_boot.h"
#include "nova-lite/job_secret.h"
#include "nova-lite/servers.h"

struct rebuild_in {
	const char *image, *name, *password, *v4, *v6, *disk_config;
	const char *description, *key_name, *user_data, *hostname;
	json_t *metadata, *certificates;
	struct files_in files;
	bool preserve_ephemeral;
};

static const struct jfield rebuild_fields[] = {
	JF_STR_K(struct rebuild_in, image, "imageRef", J_REQ | J_UUID, 1, 255),
	JF_STR(struct rebuild_in, name, J_NAME, 1, 255),
	JF_STR_K(struct rebuild_in, password, "adminPass", 0, 0, 255),
	JF_JSON(struct rebuild_in, metadata, J_OBJ),
	JF_JSON_MV(struct rebuild_in, files.plain, "personality", J_ARR, 0, 56),
	JF_JSON_K(struct rebuild_in, files.lite, "lite:files", J_ARR),
	JF_BOOL(struct rebuild_in, preserve_ephemeral, J_LAX),
	JF_STR_K(struct rebuild_in, v4, "accessIPv4", J_NULL, 0, 15),
	JF_STR_K(struct rebuild_in, v6, "accessIPv6", J_NULL, 0, 45),
	JF_STR_K(struct rebuild_in, disk_config, "OS-DCF:diskConfig", 0, 1, 6),
	JF_STR_MV(struct rebuild_in, description, J_NULL, 0, 255, 19, 999),
	JF_STR_MV(struct rebuild_in, key_name, J_NULL, 1, 255, 54, 999),
	JF_STR_MV(struct rebuild_in, user_data, J_NULL, 0, INT32_MAX, 57, 999),
	JF_JSON_MV(struct rebuild_in, certificates,
		   "trusted_image_certificates", J_ARR | J_NULL, 63, 999),
	JF_STR_MV(struct rebuild_in, hostname, 0, 2, 63, 90, 999),
	JF_END
};

static int read_rebuild(struct req *rq, struct rebuild_in *in)
{
	if (req_body(rq, "rebuild", rebuild_fields, in) < 0 ||
	    check_disk_config(rq, in->disk_config) < 0 ||
	    check_address(rq, "accessIPv4", in->v4) < 0 ||
	    check_hostname(rq, in->hostname) < 0 ||
	    check_user_data(rq, in->user_data) < 0 ||
	    check_files(rq, &in->files) < 0)
		return -1;
	if (in->metadata &&
	    (check_string_map(rq, "metadata", in->metadata) < 0 ||
	     check_first_boot(rq, in->metadata, false) < 0))
		return -1;
	in->files.first_boot = true;	/* its metadata says, in the catalog */
	if (json_is_array(in->certificates))
		return fail(rq, ERR_BAD_REQUEST, "Signatures of images cannot "
			    "be validated here: trusted_image_certificates "
			    "may only be null.");
	if (!in->password)
		in->password = random_password(rq);
	return 0;
}

/* A column that the body changes: what is null there ends. */
static void change(struct req *rq, struct jw *w, const char *key,
		   const char *column, const char *value)
{
	if (json_object_get(json_object_get(rq->body, "rebuild"), key))
		j_str(w, column, value);
}

static void changes_view(struct req *rq, struct jw *w,
			 const struct rebuild_in *in)
{
	j_str(w, "image_id", in->image);
	change(rq, w, "name", "name", in->name);
	change(rq, w, "hostname", "hostname", in->hostname);
	change(rq, w, "description", "description", in->description);
	change(rq, w, "key_name", "key_name", in->key_name);
	change(rq, w, "user_data", "user_data", null_if_empty(in->user_data));
	change(rq, w, "accessIPv4", "access_ip_v4", null_if_empty(in->v4));
	change(rq, w, "accessIPv6", "access_ip_v6", null_if_empty(in->v6));
	change(rq, w, "OS-DCF:diskConfig", "disk_config", in->disk_config);
	if (in->metadata) {
		const char *text = json_text(rq, in->metadata);

		j_raw(w, "metadata", text, strlen(text));
	}
}

/* The argument of compute.server_rebuild, which says what may stand in it. */
static const char *draft(struct req *rq, const struct rebuild_in *in)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct jw w;

	jw_init(&w, &out);
	j_obj(&w, NULL);
	changes_view(rq, &w, in);
	j_bool(&w, "admin", rq->token->is_admin);
	j_int(&w, "plain_files", json_array_size(in->files.plain));
	j_obj(&w, "job");
	j_str(&w, "sealed_admin_pass",
	      job_secret_put(req_arena(rq), in->password));
	j_bool(&w, "preserve_ephemeral", in->preserve_ephemeral);
	j_raw(&w, "files", in->files.text, strlen(in->files.text));
	j_end(&w);
	j_end(&w);
	return arena_strdup(req_arena(rq), buf_str(&out));
}

int server_rebuild(struct req *rq)
{
	const char *id = path_server(rq);
	struct urls u = urls_of(rq);
	struct rebuild_in in = { 0 };
	struct row row;

	if (!id || read_rebuild(rq, &in) < 0 || tx_begin(rq) < 0 ||
	    sql_one(rq, &SQL_server_rebuild, &row,
		    ARGS(id, scope_of(rq), draft(rq, &in),
			 caller_json(rq))) < 0 ||
	    settle_files(rq, &in.files) < 0 || tx_commit(rq) < 0)
		return -1;
	wake_agent(rq, row_text(&row, server__host));
	j_obj(&rq->w, NULL);
	rebuilt_view(rq, &u, &row, in.password);
	j_end(&rq->w);
	reply_header(rq, "Location", "%s/servers/%s", u.self, id);
	return reply(rq, 202);
}
