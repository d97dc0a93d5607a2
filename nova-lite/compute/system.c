/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/container.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "nova-lite/compute/image_host.h"
#include "nova-lite/compute/proc.h"
#include "nova-lite/compute/rates.h"

enum { TRIES = 4, TOKEN_BYTES = 16 };

/* Of a server with a flavor without a disk. */
#define DATA_LEAST (1LL << 30)
#define CONSOLE "console=tty0 console=ttyS0"

static const char *text(const json_t *doc, const char *key)
{
	return json_string_value(json_object_get(doc, key));
}

static const json_t *software(const struct job *j)
{
	return json_object_get(job_server(j)->os_image, "sw");
}

static int run(struct job *j, const struct sql_stmt *stmt,
	       const struct sql_arg *args, int nargs, struct err *e)
{
	return sql_exec(j->conn, stmt, args, nargs, NULL, e);
}

/* -- images --------------------------------------------------------------- */

static int bring(struct job *j, const json_t *doc, struct err *e)
{
	const char *id = text(doc, "image"), *hash = text(doc, "sha512");
	struct agent *a = job_agent(j);
	struct image image;
	struct err ignored;

	if (!id || !hash)
		return err_internal(e, "os_image: no image");
	if (image_host_use(a, j->conn, id, e) < 0)
		return -1;
	if (image_get_checked(&a->images, id, hash, &image, e) < 0) {
		image_host_is(a, j->conn, id, e->msg[0] ? e->msg :
			      err_name(e->kind), &ignored);
		return -1;
	}
	rate_note(j, "transfer", image.fetched, image.took);
	/* Another file: those who run on the old one keep that. */
	if (image.fetched && a->containers)
		container_unmount(a, id);
	return image_host_is(a, j->conn, id, NULL, e);
}

/* Not when it may be there in a moment. */
static bool is_lost(const struct err *e)
{
	return e->kind == ERR_NOT_FOUND || e->kind == ERR_CONFLICT ||
	       e->kind == ERR_BAD_REQUEST || e->kind == ERR_INTERNAL;
}

/* Another version, as the catalog then has it; it refuses where there is
 * none, and what could not be brought is the reason. */
static int take_another(struct job *j, const struct err *why, struct err *e)
{
	const char *id = text(job_server(j)->os_image, "image");
	_cleanup_(cleanup_free) char *words = xasprintf(
		"this host cannot bring it (%.150s)",
		why->msg[0] ? why->msg : err_name(why->kind));
	struct err refused;

	log_kv(LOG_WARN_, "os image", "server", j->subject, "image", id,
	       "error", err_name(why->kind), "message", why->msg, "detail",
	       why->detail, NULL);
	if (run(j, &SQL_os_image_lost, ARGS(j->subject, id,
					    (const char *)words),
		&refused) == 0)
		return server_load(j, e);
	*e = refused.kind == ERR_CONFLICT ? *why : refused;
	return -1;
}

static int tell(struct job *j, struct err *e)
{
	const char *why = text(job_server(j)->os_image, "fallback");

	if (!why)
		return 0;
	return run(j, &SQL_action_note, ARGS(j->subject, j->request_id, why,
					     true), e);
}

int server_system(struct job *j, struct err *e)
{
	struct err why;

	if (!has_system(j))
		return 0;
	for (int i = 0; bring(j, job_server(j)->os_image, &why) < 0; i++) {
		if (!is_lost(&why) || i == TRIES - 1) {
			*e = why;
			return -1;
		}
		if (take_another(j, &why, e) < 0)
			return -1;
	}
	/* Other versions may need the same software. */
	if (software(j) && bring(j, software(j), e) < 0)
		return -1;
	return tell(j, e);
}

static const char *path_of(struct job *j, const json_t *doc)
{
	const char *id = text(doc, "image");
	struct image image;
	struct err ignored;

	if (!id || image_get(&job_agent(j)->images, id, &image, &ignored) < 0)
		return NULL;
	return arena_strdup(&j->arena, image.path);
}

const char *server_system_path(struct job *j)
{
	return path_of(j, job_server(j)->os_image);
}

const char *server_software_path(struct job *j)
{
	return path_of(j, software(j));
}

/* -- the data drive ------------------------------------------------------- */

int server_system_data(struct job *j, struct err *e)
{
	int64_t size = row_int(&job_server(j)->row, server__disk) << 30;
	char path[INSTANCE_PATH_MAX], temp[INSTANCE_PATH_MAX + 8];
	char kib[24];
	/* The path: it is not in everybody's PATH. */
	const char *argv[] = { "/sbin/mke2fs", "-q", "-F", "-t", "ext4",
			       "-m", "0", "-L", "data", temp, kib, NULL };

	if (!has_system(j))
		return 0;
	instance_path(job_agent(j), j->subject, SYSTEM_DATA, path);
	if (access(path, F_OK) == 0)
		return 0;
	snprintf(temp, sizeof(temp), "%s.part", path);
	snprintf(kib, sizeof(kib), "%lldk",
		 (long long)(size ? size : DATA_LEAST) >> 10);
	unlink(temp);
	if (proc_run(argv, e) < 0)
		return -1;
	return rename(temp, path) < 0 ? err_errno(e, "%s", path) : 0;
}

/* -- what the start-up script is told ------------------------------------- */

struct told {
	int (*fn)(const char *path, const struct buf *data, void *arg,
		  struct err *e);
	void *arg;
	struct buf data;
};

/* A file of one line; none for NULL. */
static int tell_line(struct told *t, const char *path, const char *line,
		     struct err *e)
{
	if (!line)
		return 0;
	buf_reset(&t->data);
	buf_printf(&t->data, "%s\n", line);
	return t->fn(path, &t->data, t->arg, e);
}

/* "/etc:16,/var:64" as lines "/etc 16". */
static int tell_overlays(struct told *t, const char *list, struct err *e)
{
	buf_reset(&t->data);
	for (; list && *list; list++)
		buf_addc(&t->data, *list == ':' ? ' ' :
			 *list == ',' ? '\n' : *list);
	buf_addc(&t->data, '\n');
	return t->fn("os-image/overlays", &t->data, t->arg, e);
}

/* NAME='value', for a shell. */
static void put_variable(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s='", name);
	for (; *value; value++) {
		if (*value == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *value);
	}
	buf_adds(out, "'\n");
}

static int tell_environment(struct told *t, json_t *env, struct err *e)
{
	const char *name;
	json_t *value;

	buf_reset(&t->data);
	json_object_foreach(env, name, value)
		put_variable(&t->data, name, json_string_value(value));
	return t->fn("os-image/environment", &t->data, t->arg, e);
}

/* A token for this start alone: what an earlier one still says is not taken
 * for this one's word. */
static int begin(struct job *j, char token_r[2 * TOKEN_BYTES + 1],
		 struct err *e)
{
	const json_t *doc = job_server(j)->os_image;
	unsigned char raw[TOKEN_BYTES];

	random_bytes(raw, sizeof(raw));
	hex_encode(token_r, raw, sizeof(raw));
	return run(j, &SQL_os_image_begin,
		   ARGS(j->subject, (const char *)token_r, text(doc, "image"),
			text(doc, "label")), e);
}

int server_system_files(struct job *j,
			int (*fn)(const char *path, const struct buf *data,
				  void *arg, struct err *e),
			void *arg, struct err *e)
{
	const json_t *doc = job_server(j)->os_image;
	struct told t = { .fn = fn, .arg = arg };
	char token[2 * TOKEN_BYTES + 1];
	int r = -1;

	if (!doc)
		return 0;
	if (begin(j, token, e) == 0 &&
	    tell_line(&t, "os-image/version", text(doc, "label"), e) == 0 &&
	    tell_line(&t, "os-image/timezone", text(doc, "timezone"), e)
	    == 0 &&
	    tell_line(&t, "os-image/ready", token, e) == 0 &&
	    tell_overlays(&t, text(doc, "overlays"), e) == 0 &&
	    tell_environment(&t, json_object_get(doc, "env"), e) == 0)
		r = 0;
	buf_fini(&t.data);
	return r;
}

int server_system_drive(struct job *j, struct err *e)
{
	return has_system(j) ? server_config_drive(j, e) : 0;
}

/* The first drive of its bus. */
static const char *root_device(const char *bus)
{
	if (!bus || strcmp(bus, "virtio") == 0)
		return "/dev/vda";
	return strcmp(bus, "ide") == 0 ? "/dev/hda" : "/dev/sda";
}

const char *server_system_cmdline(struct job *j)
{
	const struct server *s = job_server(j);
	const char *more = text(s->image_props, "os_command_line");
	_cleanup_(cleanup_free) char *line = xasprintf(
		"root=%s ro rootfstype=squashfs init=%s %s",
		root_device(text(s->image_props, "hw_disk_bus")),
		text(s->os_image, "script"), more ? more : CONSOLE);

	return arena_strdup(&j->arena, line);
}

/* -- outcomes ------------------------------------------------------------- */

int server_system_started(struct job *j, struct err *e)
{
	if (!has_system(j))
		return 0;
	return run(j, &SQL_os_image_started,
		   ARGS(j->subject, job_agent(j)->ready_seconds), e);
}

int server_system_failed(struct job *j, bool gone, struct err *e)
{
	return has_system(j) ? run(j, &SQL_os_image_failed,
				   ARGS(j->subject, gone), e) : 0;
}

int server_system_stopped(struct job *j, struct err *e)
{
	return has_system(j) ? run(j, &SQL_os_image_stopped,
				   ARGS(j->subject), e) : 0;
}
