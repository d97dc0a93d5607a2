/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "nova-lite/metadata/doors.h"
#include "nova-lite/metadata/wire.h"

enum { PATH_SIZE = 512, ID_LEN = 36 };

static void folder_path(char path_r[PATH_SIZE])
{
	snprintf(path_r, PATH_SIZE, "%s/metadata", metadata_conf.state_path);
}

static bool is_id(const char *name)
{
	return strlen(name) == ID_LEN &&
	       strspn(name, "0123456789abcdef-") == ID_LEN;
}

/* QEMU is another user where libvirt is root's: its group may connect. */
static int let_in(const char *path, struct err *e)
{
	const struct group *g = NULL;

	if (geteuid() == 0 && metadata_conf.socket_group[0])
		g = getgrnam(metadata_conf.socket_group);
	if (g && chown(path, -1, g->gr_gid) < 0)
		return err_errno(e, "%s", path);
	return chmod(path, 0660) < 0 ? err_errno(e, "%s", path) : 0;
}

static void socket_path(const char *id, char path_r[PATH_SIZE])
{
	snprintf(path_r, PATH_SIZE, "%s/metadata/%s.sock",
		 metadata_conf.state_path, id);
}

static void door_open(struct http_loop *l, const char *id)
{
	char path[PATH_SIZE];
	struct err e;

	socket_path(id, path);
	if (http_loop_listen(l, path, id, &e) < 0 || let_in(path, &e) < 0)
		log_err("metadata server=%s: %s %s", id, e.msg, e.detail);
}

static void door_shut(struct http_loop *l, const char *id)
{
	char path[PATH_SIZE];

	socket_path(id, path);
	http_loop_unlisten(l, path);
}

static int scan(struct http_loop *l, const char *folder, struct err *e)
{
	DIR *d = opendir(folder);
	struct dirent *de;

	if (!d)
		return err_errno(e, "%s", folder);
	while ((de = readdir(d))) {
		if (is_id(de->d_name))
			door_open(l, de->d_name);
	}
	closedir(d);
	return 0;
}

static void rescan(struct http_loop *l)
{
	char folder[PATH_SIZE];
	struct err e;

	folder_path(folder);
	if (scan(l, folder, &e) < 0)
		log_err("metadata: %s %s", e.msg, e.detail);
}

static void on_event(struct http_loop *l, const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW)
		rescan(l);
	else if (!ev->len || !is_id(ev->name))
		return;
	else if (ev->mask & (IN_CREATE | IN_MOVED_TO))
		door_open(l, ev->name);
	else
		door_shut(l, ev->name);
}

static void on_folder(struct http_loop *l, uint32_t events, void *arg)
{
	char buf[4096] __attribute__((aligned(8)));
	const struct inotify_event *ev;
	int fd = (int)(intptr_t)arg;
	ssize_t n, at;

	(void)events;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += sizeof(*ev) + ev->len) {
			ev = (const struct inotify_event *)(buf + at);
			on_event(l, ev);
		}
	}
}

/* Watched before it is read, so that nothing falls between. */
int doors_start(struct http_loop *l, struct err *e)
{
	char folder[PATH_SIZE];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	folder_path(folder);
	if (fd < 0)
		return err_errno(e, "inotify");
	if (mkdir(metadata_conf.state_path, 0711) < 0 && errno != EEXIST)
		return err_errno(e, "%s", metadata_conf.state_path);
	if (mkdir(folder, 0711) < 0 && errno != EEXIST)
		return err_errno(e, "%s", folder);
	if (inotify_add_watch(fd, folder, IN_CREATE | IN_MOVED_TO |
			      IN_DELETE | IN_MOVED_FROM) < 0)
		return err_errno(e, "%s", folder);
	if (http_loop_watch(l, fd, POLLIN, on_folder,
			    (void *)(intptr_t)fd) < 0)
		return err_internal(e, "%s: cannot be watched", folder);
	return scan(l, folder, e);
}
