/* SPDX-License-Identifier: Apache-2.0 */
/* The files that come with a server, as Nova takes them (personality) and as
 * more than Nova takes (lite:files). */
#include <stdio.h>
#include <string.h>

#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "gen/nova_sql.h"
#include "nova-lite/check.h"
#include "nova-lite/first_boot.h"
#include "nova-lite/inject/inject.h"
#include "nova-lite/servers.h"
#include "nova-lite/wire.h"

#define OWNER_MAX 4294967294LL		/* (uid_t)-1 means "leave as it is" */

/* What the client sent, and then what the catalog gets. */
struct file {
	const char *path, *contents, *sha256, *mode;
	int64_t uid, gid;
	int64_t size;			/* -1: known by sha256 alone */
};

static const struct jfield plain_fields[] = {
	JF_STR(struct file, path, J_REQ, 0, INJECT_PATH_MAX),
	JF_STR(struct file, contents, J_REQ, 0, INT32_MAX),
	JF_END
};

static const struct jfield lite_fields[] = {
	JF_STR(struct file, path, J_REQ, 0, INJECT_PATH_MAX),
	JF_STR(struct file, contents, 0, 0, INT32_MAX),
	JF_STR(struct file, sha256, 0, 64, 64),
	JF_STR(struct file, mode, 0, 3, 4),
	JF_INT(struct file, uid, 0, 0, OWNER_MAX),
	JF_INT(struct file, gid, 0, 0, OWNER_MAX),
	JF_END
};

/* What is looser than base64 should be goes no further than this. */
static int take_contents(struct req *rq, const char *field, struct file *f)
{
	size_t len = strlen(f->contents);
	char *data = arena_alloc(req_arena(rq), len + 1);
	char hex[DIGEST_HEX_SIZE];
	char *text;

	f->size = loose_base64(data, f->contents);
	if (f->size < 0)
		return bad_string(rq, field, f->contents, "is not a 'base64'");
	text = arena_alloc(req_arena(rq), BASE64_TEXT_SIZE(f->size));
	base64_encode(BASE64_STD, text, data, f->size);
	f->contents = text;
	digest_hex_of(DIGEST_SHA256, data, f->size, hex);
	f->sha256 = arena_strdup(req_arena(rq), hex);
	return 0;
}

static int read_plain(struct req *rq, json_t *v, size_t i, struct file *f)
{
	if (req_fields(rq, v, req_printf(rq, "%zu", i), plain_fields, f) < 0)
		return -1;
	return take_contents(rq, "contents", f);
}

/* Nova names a member alone, which among many files says little. */
static int lite_members(struct req *rq, json_t *v, const char *where,
			struct file *f)
{
	char member[sizeof(((struct jbad *)NULL)->field)];
	struct jbad bad;

	if (json_fields(v, lite_fields, rq->mv, f, &bad) == 0)
		return 0;
	if (bad.field[0]) {
		snprintf(member, sizeof(member), "%s.%.90s", where, bad.field);
		memcpy(bad.field, member, sizeof(member));
	}
	return wire_bad_field(rq, where, &bad);
}

static int read_lite(struct req *rq, json_t *v, size_t i, struct file *f)
{
	const char *where = req_printf(rq, "lite:files[%zu]", i);
	uint8_t hash[SHA256_SIZE];

	if (lite_members(rq, v, where, f) < 0)
		return -1;
	if (!f->contents == !f->sha256)
		return fail(rq, ERR_BAD_REQUEST, "%s must have either "
			    "contents or sha256", where);
	if (f->mode[strspn(f->mode, "01234567")])
		return bad_string(rq, req_printf(rq, "%s.mode", where),
				  f->mode, "does not match '^[0-7]{3,4}$'");
	if (f->contents)
		return take_contents(rq, req_printf(rq, "%s.contents", where),
				     f);
	f->size = -1;
	if (hex_decode(hash, sizeof(hash), f->sha256, strlen(f->sha256)) == 0)
		return 0;
	return bad_string(rq, req_printf(rq, "%s.sha256", where), f->sha256,
			  "does not match '^[0-9a-f]{64}$'");
}

static int check_set(struct req *rq, const struct files_in *in,
		     const struct file *files, size_t n)
{
	struct inject_limits limits = {
		.field = "personality", .files = -1, .content_bytes = -1,
		.path_bytes = -1, .rest = "lite:files",
		.lead = json_array_size(in->plain),
	};
	struct inject_file *adds = arena_zalloc(req_arena(rq), (n + 1) *
						sizeof(*adds));
	struct inject_request wanted = { .adds = adds, .nadds = n };
	size_t i;

	for (i = 0; i < n; i++)
		adds[i] = (struct inject_file){
			.path = files[i].path,
			.path_len = strlen(files[i].path),
		};
	return inject_check(&wanted, &limits, &rq->err);
}

static void file_view(struct jw *w, const struct file *f)
{
	j_obj(w, NULL);
	j_str(w, "path", f->path);
	j_str(w, "sha256", f->sha256);
	j_strf(w, "mode", "%s%s", strlen(f->mode) < 4 ? "0" : "", f->mode);
	j_int(w, "uid", f->uid);
	j_int(w, "gid", f->gid);
	if (f->size >= 0)
		j_int(w, "size", f->size);
	j_end(w);
}

static const char *files_text(struct req *rq, const struct file *files,
			      size_t n)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct jw w;
	size_t i;

	jw_init(&w, &out);
	j_arr(&w, NULL);
	for (i = 0; i < n; i++)
		file_view(&w, &files[i]);
	j_end(&w);
	return arena_strdup(req_arena(rq), buf_str(&out));
}

int check_files(struct req *rq, struct files_in *in)
{
	size_t nplain = json_array_size(in->plain);
	size_t n = nplain + json_array_size(in->lite), i;
	struct file *files = arena_zalloc(req_arena(rq), (n + 1) *
					  sizeof(*files));

	for (i = 0; i < n; i++) {
		files[i].mode = "0644";
		if ((i < nplain ?
		     read_plain(rq, json_array_get(in->plain, i), i,
				&files[i]) :
		     read_lite(rq, json_array_get(in->lite, i - nplain),
			       i - nplain, &files[i])) < 0)
			return -1;
	}
	if (check_set(rq, in, files, n) < 0)
		return -1;
	in->files = files;
	in->n = n;
	in->text = files_text(rq, files, n);
	return 0;
}

int settle_files(struct req *rq, const struct files_in *in)
{
	bool agent = false;
	struct row row;

	if (in->first_boot && first_boot_prepare(rq, &agent) < 0)
		return -1;
	if (in->n == 0 && !agent)
		return 0;
	if (sql_one(rq, &SQL_files_settle, &row, ARGS(rq->id)) < 0)
		return -1;
	if (!row_bool(&row, 0))
		return 0;
	for (size_t i = 0; i < in->n; i++)
		if (in->files[i].contents &&
		    sql_run(rq, &SQL_contents_create,
			    ARGS(rq->id, in->files[i].sha256,
				 in->files[i].contents)) < 0)
			return -1;
	return agent ? first_boot_contents(rq) : 0;
}
