/* SPDX-License-Identifier: Apache-2.0 */
/* A made image goes from this host's cache into the Image service. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/http/client.h"
#include "nova-lite/compute/image_fetch.h"
#include "nova-lite/compute/made.h"
#include "nova-lite/compute/metrics.h"

/*
 * Nobody waits for it, and the Image service may be restarting: what it cannot
 * do now it can perhaps do in a minute or two.
 */
enum { TRIES = 12, PAUSE_MIN_MS = 250, PAUSE_MAX_MS = 16000 };

static bool may_pass(const struct err *e)
{
	return e->kind == ERR_UNAVAILABLE || e->kind == ERR_CONFLICT;
}

static void pause_ms(const struct job *j, int ms)
{
	struct timespec t = { 0, 50 * 1000000L };

	for (; ms > 0 && !job_stopping(j); ms -= 50)
		nanosleep(&t, NULL);
}

static int patiently(struct job *j, int (*act)(struct job *j, struct err *e),
		     struct err *e)
{
	int pause = PAUSE_MIN_MS;

	for (int i = 1; act(j, e) < 0; i++) {
		if (!may_pass(e) || i == TRIES || job_stopping(j))
			return -1;
		pause_ms(j, pause);
		pause = pause < PAUSE_MAX_MS ? pause * 2 : pause;
	}
	return 0;
}

static struct glance *glance_of(const struct job *j)
{
	return job_agent(j)->images.glance;
}

static const char *arg(const struct job *j, const char *key)
{
	return json_string_value(json_object_get(j->args, key));
}

/* -- the image ----------------------------------------------------------- */

/* What says how a guest runs; not what says where an image came from. */
static bool is_inherited(const char *name)
{
	static const char *const some[] = { "hw_", "img_", "os_", NULL };
	static const char *const these[] = {
		"architecture", "hypervisor_type", "kernel_id", "ramdisk_id",
		"vm_mode", NULL };

	if (strncmp(name, "os_hash_", 8) == 0 ||
	    strcmp(name, "os_hidden") == 0)
		return false;
	for (int i = 0; some[i]; i++)
		if (strncmp(name, some[i], strlen(some[i])) == 0)
			return true;
	for (int i = 0; these[i]; i++)
		if (strcmp(name, these[i]) == 0)
			return true;
	return false;
}

static void put_inherited(struct jw *w, json_t *base)
{
	const char *key;
	json_t *v;

	json_object_foreach(base, key, v)
		if (json_is_string(v) && is_inherited(key))
			j_str(w, key, json_string_value(v));
	j_int(w, "min_disk",
	      json_integer_value(json_object_get(base, "min_disk")));
	j_int(w, "min_ram",
	      json_integer_value(json_object_get(base, "min_ram")));
}

/* A property is a string: the list as text, if there is anything in it. */
static void put_paths(struct jw *w, struct job *j, const char *key,
		      const char *name)
{
	json_t *list = json_object_get(j->args, key);
	char *text;

	if (json_array_size(list) == 0)
		return;
	text = json_dumps(list, JSON_COMPACT);
	j_str(w, name, text);
	free(text);
}

/* Hidden, so that lists show what users made; its id is in the action log. */
static void put_image(struct buf *out, struct job *j, json_t *base)
{
	const char *name = json_string_value(json_object_get(base, "name"));
	struct jw w;

	jw_init(&w, out);
	j_obj(&w, NULL);
	j_str(&w, "id", j->subject);
	j_strf(&w, "name", "%.200s files %.12s", name ? name : "image",
	       arg(j, "digest"));
	j_str(&w, "owner", arg(j, "project_id"));
	j_str(&w, "visibility", "private");
	j_bool(&w, "os_hidden", true);
	j_str(&w, "disk_format", "qcow2");
	j_str(&w, "container_format", "bare");
	put_inherited(&w, base);
	put_paths(&w, j, "made", "inject_made");
	put_paths(&w, j, "replaced", "inject_replaced");
	j_end(&w);
}

static int create(struct job *j, struct err *e)
{
	_cleanup_(buf_fini) struct buf image = { 0 };
	json_t *base = glance_image_doc(glance_of(j), arg(j, "base_image"),
					e);

	if (!base)
		return -1;
	put_image(&image, j, base);
	json_decref(base);
	return glance_image_create(glance_of(j), &image, e);
}

/* -- its manifest -------------------------------------------------------- */

static int describe(struct job *j, struct err *e)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	char *files = json_dumps(json_object_get(j->args, "files"),
				 JSON_COMPACT);
	struct jw w;

	jw_init(&w, &out);
	j_obj(&w, NULL);
	j_str(&w, "base_image", arg(j, "base_image"));
	j_raw(&w, "files", files, strlen(files));
	j_end(&w);
	free(files);
	return glance_manifest_put(glance_of(j), j->subject, &out, e);
}

/* -- its bytes ----------------------------------------------------------- */

static int digest_of(int fd, char digest_r[GLANCE_DIGEST_SIZE], struct err *e)
{
	_cleanup_(cleanup_free) char *chunk = xmalloc(1 << 18);
	struct digest d;
	off_t at = 0;
	ssize_t n;

	digest_init(&d, DIGEST_SHA512);
	while ((n = pread(fd, chunk, 1 << 18, at)) > 0) {
		digest_update(&d, chunk, n);
		at += n;
	}
	image_digest_text(&d, digest_r);
	digest_fini(&d);
	return n < 0 ? err_errno(e, "snapshot") : 0;
}

static int send(struct job *j, struct err *e)
{
	const char *dir = job_agent(j)->images.dir;
	_cleanup_(cleanup_free) char *path = xasprintf("%s/%s.delta", dir,
						       j->subject);
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char digest[GLANCE_DIGEST_SIZE];
	struct http_file file = { fd, 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, "%s", path);
	file.size = st.st_size;
	if (digest_of(fd, digest, e) < 0 ||
	    glance_delta_put(glance_of(j), j->subject, &file, digest, e) < 0)
		return -1;
	metrics_snapshot(true, st.st_size);
	return 0;
}

/* Sent already, when the answer was lost. */
static int upload_once(struct job *j, struct err *e)
{
	struct glance_image image;

	if (glance_image_show(glance_of(j), j->subject, &image, e) < 0)
		return -1;
	return strcmp(image.status, "active") == 0 ? 0 : send(j, e);
}

/* -- the table ----------------------------------------------------------- */

static int create_image(struct job *j, struct err *e)
{
	return patiently(j, create, e);
}

static int delete_image(struct job *j, struct err *e)
{
	return glance_image_delete(glance_of(j), j->subject, e);
}

static int put_manifest(struct job *j, struct err *e)
{
	return patiently(j, describe, e);
}

static int upload(struct job *j, struct err *e)
{
	return patiently(j, upload_once, e);
}

static int forget_making(struct job *j, struct err *e)
{
	return sql_exec(j->conn, &SQL_completion_drop, ARGS(j->subject),
			NULL, e);
}

/* The servers that run from it go on; the next one makes it anew. */
static int give_up(struct job *j, struct err *e)
{
	metrics_snapshot(false, 0);
	return forget_making(j, e);
}

const struct job_kind image_snapshot = {
	.name = "image_snapshot",
	.steps = (const struct job_step[]){
		{ "create", create_image, delete_image },
		{ "manifest", put_manifest, NULL },
		{ "upload", upload, NULL },
		{ NULL, NULL, NULL }
	},
	.done = forget_making,
	.failed = give_up,
};
