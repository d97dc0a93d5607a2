/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "nova-lite/compute/folder.h"
#include "nova-lite/compute/proc.h"
#include "nova-lite/metadata/config_drive.h"

enum { FOLDERS = 48, RUN_MB = 16 };

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

enum mount_kind { MOUNT_SYSTEM, MOUNT_DATA, MOUNT_OUT };

static int mount_once(const struct agent *a, enum mount_kind kind,
		      const char *path, const char *at, struct err *e)
{
	static const char *const how[][2] = {
		[MOUNT_SYSTEM] = { "squashfs", "loop,ro,nodev" },
		[MOUNT_DATA] = { "ext4", "loop,nosuid,nodev" },
		[MOUNT_OUT] = { "tmpfs", "size=4m,mode=700,nosuid,nodev" },
	};
	const char *argv[] = { "mount", "-t", how[kind][0], "-o",
			       how[kind][1], path, at, NULL };
	int r = 0;

	if (mkdir(at, 0755) < 0 && errno != EEXIST)
		return err_errno(e, "%s", at);
	pthread_mutex_lock(&mounting);
	if (!is_mounted(a, at))
		r = proc_run(argv, e);
	pthread_mutex_unlock(&mounting);
	return r;
}

/* What some process still has goes when that does. */
void container_unmount(const struct agent *a, const char *id)
{
	char at[INSTANCE_PATH_MAX];
	const char *argv[] = { "umount", "-l", at, NULL };
	struct err e;

	mount_path(a, id, at);
	if (is_mounted(a, at) && proc_run(argv, &e) < 0)
		log_warn("%s: %s %s", at, e.msg, e.detail);
	rmdir(at);
}

static void out_name(const char *id, char name_r[64])
{
	snprintf(name_r, 64, "%.36s.out", id);
}

void container_forget(const struct agent *a, const char *id)
{
	char name[64];

	container_unmount(a, id);
	out_name(id, name);
	container_unmount(a, name);
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
	    mount_once(job_agent(j), MOUNT_SYSTEM, image.path, at, e) < 0)
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

/*
 * libvirt makes the place of a mount while the host's root is still in reach: a
 * folder must be there, and no link on the way to it.
 */
static bool is_folder(const char *system, const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	_cleanup_(cleanup_close) int top = open(system, O_PATH | O_CLOEXEC);
	_cleanup_(cleanup_close) int fd = -1;

	fd = syscall(SYS_openat2, top, path + strspn(path, "/"), &how,
		     sizeof(how));
	return fd >= 0;
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
		if (is_folder(spec->folders[0].source, item))
			add_ram(spec, item, mb ? atoi(mb) : 0);
		else
			log_warn("%s: the system of %s has no such folder",
				 item, j->subject);
	}
}

/* -- what is the host's --------------------------------------------------- */

/* Root of the container is root of the host, and needs no capability to write
 * to these. */
static const char *const host_folders[] = {
	"/proc/acpi", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/scsi",
};
static const char *const host_files[] = {
	"/proc/kcore", "/proc/sysrq-trigger", "/proc/timer_list",
};

static void hide(struct job *j, struct domain_spec *spec,
		 const char *const *paths, size_t n, const char *with)
{
	char at[INSTANCE_PATH_MAX];

	mount_path(job_agent(j), with, at);
	for (size_t i = 0; i < n && spec->n_folders < FOLDERS; i++) {
		if (access(paths[i], F_OK) < 0)
			continue;
		add(j, spec, at, paths[i]);
		last(spec)->readonly = true;
	}
}

static int hide_host(struct job *j, struct domain_spec *spec, struct err *e)
{
	char at[INSTANCE_PATH_MAX];
	int fd;

	mount_path(job_agent(j), "empty.d", at);
	if (mkdir(at, 0555) < 0 && errno != EEXIST)
		return err_errno(e, "%s", at);
	mount_path(job_agent(j), "empty.f", at);
	fd = open(at, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
	if (fd < 0)
		return err_errno(e, "%s", at);
	close(fd);
	/* The groups of all others. */
	add_ram(spec, "/sys/fs/cgroup", 1);
	hide(j, spec, host_folders, ARRAY_LEN(host_folders), "empty.d");
	hide(j, spec, host_files, ARRAY_LEN(host_files), "empty.f");
	return 0;
}

/* -- what it writes to ---------------------------------------------------- */

/* A file that the container may write to and not replace: it is mounted by
 * itself, from where it fills nobody's disk. */
static int touch(const char *path, bool empty, struct err *e)
{
	_cleanup_(cleanup_close) int fd =
		open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
		     (empty ? O_TRUNC : 0), 0600);

	return fd < 0 ? err_errno(e, "%s", path) : 0;
}

/* The instance's console.log leads to it. What was made anew begins anew, and
 * so does what is nearly full. */
static int link_console(struct job *j, const char *target, struct err *e)
{
	char path[INSTANCE_PATH_MAX];
	struct stat st;
	bool full = stat(target, &st) == 0 && st.st_size > 2 << 20;

	instance_path(job_agent(j), j->subject, "console.log", path);
	if (symlink(target, path) == 0)
		full = true;
	else if (errno != EEXIST)
		return err_errno(e, "%s", path);
	return touch(target, full, e);
}

static int add_out(struct job *j, struct domain_spec *spec, struct err *e)
{
	char name[64], at[INSTANCE_PATH_MAX], file[INSTANCE_PATH_MAX + 16];

	out_name(j->subject, name);
	mount_path(job_agent(j), name, at);
	if (mount_once(job_agent(j), MOUNT_OUT, "out", at, e) < 0)
		return -1;
	snprintf(file, sizeof(file), "%s/console.log", at);
	if (link_console(j, file, e) < 0)
		return -1;
	add(j, spec, file, IN_RUN "console");
	snprintf(file, sizeof(file), "%s/" SIGNAL, at);
	if (touch(file, true, e) < 0)
		return -1;
	add(j, spec, file, IN_RUN "signal");
	return 0;
}

static int add_data(struct job *j, struct domain_spec *spec, struct err *e)
{
	char path[INSTANCE_PATH_MAX], at[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, SYSTEM_DATA, path);
	mount_path(job_agent(j), j->subject, at);
	if (mount_once(job_agent(j), MOUNT_DATA, path, at, e) < 0)
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
	    add_data(j, spec, e) < 0 || add_out(j, spec, e) < 0)
		return -1;
	add_own(j, spec, CONFIG, IN_RUN "config");
	last(spec)->readonly = true;
	add_overlays(j, spec, json_string_value(json_object_get(doc,
								"overlays")));
	return hide_host(j, spec, e);
}

/* -- signals -------------------------------------------------------------- */

/* The token that a container has written; NULL: none yet. */
static const char *read_signal(struct agent *a, const char *id,
			       char token_r[80])
{
	_cleanup_(cleanup_close) int fd = -1;
	char name[64], at[INSTANCE_PATH_MAX], path[INSTANCE_PATH_MAX + 16];
	ssize_t n;

	out_name(id, name);
	mount_path(a, name, at);
	snprintf(path, sizeof(path), "%s/" SIGNAL, at);
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
	char text[80];
	const char *token = read_signal(a, id, text);

	if (!token)
		return 0;
	return sql_exec(conn, &SQL_os_image_came_up, ARGS(id, token), NULL, e);
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
