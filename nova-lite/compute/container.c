/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/container.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "nova-lite/compute/folder.h"
#include "nova-lite/compute/proc.h"
#include "nova-lite/metadata/config_drive.h"

enum { FOLDERS = 32, RUN_MB = 16 };

#define CONFIG "config"
#define SIGNAL "signal"
/* What dist/os-image/os-image-start finds in a container. */
#define IN_RUN "/run/os-image/"

/* -- systems -------------------------------------------------------------- */

static void mount_path(const struct agent *a, const char *id,
		       char path_r[INSTANCE_PATH_MAX])
{
	snprintf(path_r, INSTANCE_PATH_MAX, "%s/systems/%s", a->state_path,
		 id);
}

static bool is_mounted(const struct agent *a, const char *path)
{
	struct stat here, parent;

	return stat(path, &here) == 0 && stat(a->state_path, &parent) == 0 &&
	       here.st_dev != parent.st_dev;
}

/* Two containers may be the first on a system at the same time. */
static pthread_mutex_t mounting = PTHREAD_MUTEX_INITIALIZER;

static int mount_once(const struct agent *a, const char *type,
		      const char *path, const char *at, struct err *e)
{
	bool system = strcmp(type, "squashfs") == 0;
	const char *argv[] = { "mount", "-t", type, "-o", system ?
			       "loop,ro,nodev" : "loop,nosuid,nodev", path, at,
			       NULL };
	int r = 0;

	if (mkdir(at, 0755) < 0 && errno != EEXIST)
		return err_errno(e, "%s", at);
	pthread_mutex_lock(&mounting);
	if (!is_mounted(a, at))
		r = proc_run(argv, e);
	pthread_mutex_unlock(&mounting);
	return r;
}

void container_unmount(const struct agent *a, const char *id)
{
	char at[INSTANCE_PATH_MAX];
	const char *argv[] = { "umount", at, NULL };
	struct err e;

	mount_path(a, id, at);
	if (is_mounted(a, at) && proc_run(argv, &e) < 0)
		log_warn("%s: %s %s", at, e.msg, e.detail);
	rmdir(at);
}

/* -- configuration -------------------------------------------------------- */

static int make_parents(const char *dir, const char *path, struct err *e)
{
	_cleanup_(cleanup_free) char *whole = xasprintf("%s/%s", dir, path);
	char *slash = whole + strlen(dir);

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(whole, 0755) < 0 && errno != EEXIST)
			return err_errno(e, "%s", whole);
		*slash = '/';
	}
	return 0;
}

static int write_one(const char *dir, const struct config_file *f,
		     struct err *e)
{
	_cleanup_(cleanup_free) char *path = xasprintf("%s/%s", dir, f->path);
	_cleanup_(cleanup_close) int fd = -1;

	if (make_parents(dir, f->path, e) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0 || write(fd, f->data, f->size) != (ssize_t)f->size)
		return err_errno(e, "%s", path);
	return 0;
}

/* Of one container only, which is off. */
int container_config_write(struct job *j, const struct config_file *files,
			   size_t n, struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, CONFIG, path);
	if (folder_remove(path, e) < 0)
		return -1;
	if (mkdir(path, 0755) < 0)
		return err_errno(e, "%s", path);
	for (size_t i = 0; i < n; i++)
		if (write_one(path, &files[i], e) < 0)
			return -1;
	return 0;
}

/* -- what it is made of --------------------------------------------------- */

/* A file that the container may write to and not replace: it is mounted by
 * itself. */
static int touch(const char *path, bool empty, struct err *e)
{
	_cleanup_(cleanup_close) int fd =
		open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
		     (empty ? O_TRUNC : 0), 0600);

	return fd < 0 ? err_errno(e, "%s", path) : 0;
}

static void add(struct job *j, struct domain_spec *spec, const char *source,
		const char *target)
{
	struct folder_spec *f =
		(struct folder_spec *)&spec->folders[spec->n_folders++];

	*f = (struct folder_spec){
		.source = arena_strdup(&j->arena, source),
		.target = target,
	};
}

static struct folder_spec *last(struct domain_spec *spec)
{
	return (struct folder_spec *)&spec->folders[spec->n_folders - 1];
}

static int add_shared(struct job *j, struct domain_spec *spec,
		      const json_t *doc, const char *target, struct err *e)
{
	const char *id = json_string_value(json_object_get(doc, "image"));
	char at[INSTANCE_PATH_MAX];
	struct image image;

	mount_path(job_agent(j), id, at);
	if (image_get(&job_agent(j)->images, id, &image, e) < 0 ||
	    mount_once(job_agent(j), "squashfs", image.path, at, e) < 0)
		return -1;
	add(j, spec, at, target);
	last(spec)->readonly = true;
	return 0;
}

static void add_ram(struct domain_spec *spec, const char *target,
		    unsigned int mb)
{
	struct folder_spec *f =
		(struct folder_spec *)&spec->folders[spec->n_folders++];

	*f = (struct folder_spec){ .target = target, .ram_mb = mb };
}

/* "/etc:16,/var:64". */
static void add_overlays(struct job *j, struct domain_spec *spec,
			 const char *list)
{
	char *text = arena_strdup(&j->arena, list ? list : ""), *at, *item;

	for (item = strtok_r(text, ",", &at);
	     item && spec->n_folders < FOLDERS;
	     item = strtok_r(NULL, ",", &at)) {
		char *mb = strchr(item, ':');

		if (mb)
			*mb++ = '\0';
		add_ram(spec, item, mb ? atoi(mb) : 0);
	}
}

static int add_data(struct job *j, struct domain_spec *spec, struct err *e)
{
	char path[INSTANCE_PATH_MAX], at[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, SYSTEM_DATA, path);
	mount_path(job_agent(j), j->subject, at);
	if (mount_once(job_agent(j), "ext4", path, at, e) < 0)
		return -1;
	add(j, spec, at, "/data");
	return 0;
}

static void add_own(struct job *j, struct domain_spec *spec,
		    const char *name, const char *target)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, name, path);
	add(j, spec, path, target);
}

static int touch_own(struct job *j, const char *name, bool empty,
		     struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, name, path);
	return touch(path, empty, e);
}

int container_spec(struct job *j, struct domain_spec *spec, struct err *e)
{
	const json_t *doc = job_server(j)->os_image;
	const json_t *software = json_object_get(doc, "sw");

	spec->init = json_string_value(json_object_get(doc, "script"));
	spec->folders = arena_zalloc(&j->arena,
				     FOLDERS * sizeof(*spec->folders));
	if (add_shared(j, spec, doc, "/", e) < 0)
		return -1;
	add_ram(spec, "/run", RUN_MB);
	/* What its memory is filled from, where it hides that. */
	if (add_shared(j, spec, doc, IN_RUN "system", e) < 0 ||
	    (software && add_shared(j, spec, software, "/sw", e) < 0) ||
	    add_data(j, spec, e) < 0 ||
	    touch_own(j, "console.log", false, e) < 0 ||
	    touch_own(j, SIGNAL, true, e) < 0)
		return -1;
	add_own(j, spec, CONFIG, IN_RUN "config");
	last(spec)->readonly = true;
	add_own(j, spec, "console.log", IN_RUN "console");
	add_own(j, spec, SIGNAL, IN_RUN "signal");
	add_overlays(j, spec, json_string_value(json_object_get(doc,
								"overlays")));
	return 0;
}

/* -- signals -------------------------------------------------------------- */

/* The token that a container has written; NULL: none yet. */
static const char *read_signal(struct agent *a, const char *id,
			       char token_r[80])
{
	_cleanup_(cleanup_close) int fd = -1;
	char path[INSTANCE_PATH_MAX];
	ssize_t n;

	instance_path(a, id, SIGNAL, path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, token_r, 79);
	if (n <= 0)
		return NULL;
	token_r[n] = '\0';
	token_r[strspn(token_r, "0123456789abcdef")] = '\0';
	return token_r[0] ? token_r : NULL;
}

static int take_signal(struct agent *a, struct sql_conn *conn, const char *id,
		       struct err *e)
{
	struct rows rows = { 0 };
	char text[80];
	const char *token = read_signal(a, id, text);

	if (!token)
		return 0;
	if (sql_exec(conn, &SQL_os_image_came_up, ARGS(id, token), &rows, e)
	    < 0)
		return -1;
	rows_fini(&rows);
	return 0;
}

int container_signals(struct agent *a, struct sql_conn *conn, struct err *e)
{
	struct rows rows = { 0 };
	int r = 0;

	if (!a->containers)
		return 0;
	if (sql_exec(conn, &SQL_os_image_awaited,
		     ARGS((const char *)a->host), &rows, e) < 0)
		return -1;
	for (int i = 0; i < rows.n && r == 0; i++) {
		struct row row = rows_at(&rows, i);

		r = take_signal(a, conn, row_text(&row, 0), e);
	}
	rows_fini(&rows);
	return r;
}
