/* SPDX-License-Identifier: Apache-2.0 */
#include "activation-agent/install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"

#define NEW ".first-boot"	/* what takes a file's place */
#define OLD ".before-first-boot"	/* what was there, until all is done: */
#define NOTHING ".nothing"		/* a link to this, if nothing was */

#define CLOUD "/etc/cloud/cloud.cfg.d"

static const char *path_of(const struct place *at, const char *path,
			   const char *suffix, char out_r[PATH_MAX])
{
	snprintf(out_r, PATH_MAX, "%s%s%s", at->root, path, suffix);
	return out_r;
}

/* The folder of a path, to be closed; -1. */
static int folder_of(const char *path)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Each flush takes a machine without a cache of its own as long as the next:
 * a file system is flushed once for all that was done to it. */
static int sync_system_of(const char *path)
{
	_cleanup_(cleanup_close) int fd = folder_of(path);

	return fd < 0 ? -1 : syncfs(fd);
}

/* Folders that packages would have made; what they keep is nobody else's. */
static int make_folders(const struct place *at, const char *path,
			struct err *e)
{
	char folder[PATH_MAX];

	path_of(at, path, "", folder);
	for (char *s = strchr(folder + strlen(at->root) + 1, '/'); s;
	     s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(folder, strstr(folder, "/private") ? 0700 : 0755) < 0
		    && errno != EEXIST)
			return refuse_errno(e, "%s", folder);
		*s = '/';
	}
	return 0;
}

/* -- one file ------------------------------------------------------------- */

/* Whole, or not there. */
static int write_file(const char *path, mode_t mode, const char *text,
		      struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;
	size_t n = strlen(text), done = 0;
	ssize_t r = 0;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return refuse_errno(e, "%s", path);
	for (; done < n && r >= 0; done += r > 0 ? r : 0)
		r = write(fd, text + done, n - done);
	if (r < 0 || (n && text[n - 1] != '\n' && write(fd, "\n", 1) != 1) ||
	    (geteuid() == 0 && fchown(fd, 0, 0) < 0) || fchmod(fd, mode) < 0) {
		refuse_errno(e, "%s", path);
		unlink(path);
		return -1;
	}
	return 0;
}

/* The files of the state folder, each whole or as it was. */
static int write_state(const struct place *at, const char *name,
		       const char *text, struct err *e)
{
	char path[PATH_MAX], temp[PATH_MAX];

	path_of(at, STATE "/", name, path);
	path_of(at, STATE "/", NEW, temp);
	if (make_folders(at, STATE "/", e) < 0 ||
	    write_file(temp, 0600, text, e) < 0)
		return -1;
	/* What it says is true by then, and it is whole. */
	if (sync_system_of(path) < 0 || rename(temp, path) < 0 ||
	    sync_system_of(path) < 0)
		return refuse_errno(e, "%s", path);
	return 0;
}

static bool read_state(const struct place *at, const char *name,
		       char *text_r, size_t size)
{
	char path[PATH_MAX];
	FILE *f = fopen(path_of(at, STATE "/", name, path), "re");
	size_t n;

	if (!f)
		return false;
	n = fread(text_r, 1, size - 1, f);
	text_r[n] = '\0';
	fclose(f);
	return true;
}

/* A list that comes back is of no harm where all is done; elsewhere it has to
 * be gone for good. */
static void remove_list(const struct place *at, bool done)
{
	char path[PATH_MAX];

	unlink(path_of(at, STATE "/", "commit", path));
	if (!done)
		sync_system_of(path);
}

/* -- the list of places --------------------------------------------------- */

/* The instance, and each place, a line each. */
static void list_write(const struct place *at, const struct plan *p,
		       struct buf *out)
{
	buf_printf(out, "%s\n", at->instance);
	for (size_t i = 0; i < p->n; i++)
		buf_printf(out, "%s\n", p->files[i].target->path);
}

static bool is_mine(const struct place *at, const char *text)
{
	size_t n = strlen(at->instance);

	return strncmp(text, at->instance, n) == 0 && text[n] == '\n';
}

int install_lock(const struct place *at, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	if (make_folders(at, STATE "/", e) < 0)
		return -1;
	fd = open(path_of(at, STATE "/", "lock", path), O_RDWR | O_CREAT |
		  O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		refuse_errno(e, "%s", path);
		cleanup_close(&fd);
		return -1;
	}
	return fd;
}

bool install_done(const struct place *at)
{
	char text[INSTANCE_SIZE + 1];

	return read_state(at, "done", text, sizeof(text)) && is_mine(at, text);
}

static int mark_done(const struct place *at, struct err *e)
{
	_cleanup_(buf_fini) struct buf text = { 0 };

	buf_printf(&text, "%s\n", at->instance);
	return write_state(at, "done", buf_str(&text), e);
}

/* -- all files ------------------------------------------------------------ */

static void unstage(const struct place *at, const char *path)
{
	char name[PATH_MAX];

	unlink(path_of(at, path, NEW, name));
	unlink(path_of(at, path, OLD, name));
}

static void unstage_all(const struct place *at, const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		unstage(at, p->files[i].target->path);
}

/* The new one beside its place, and the old one under another name as well. */
static int stage(const struct place *at, const struct plan_file *f,
		 struct err *e)
{
	char path[PATH_MAX], new[PATH_MAX], old[PATH_MAX];
	const struct target *t = f->target;
	struct stat st;

	path_of(at, t->path, "", path);
	path_of(at, t->path, OLD, old);
	if (make_folders(at, t->path, e) < 0)
		return -1;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return refuse(e, "%s is a folder", path);
	unlink(old);
	if (link(path, old) < 0 &&
	    (errno != ENOENT || symlink(NOTHING, old) < 0))
		return refuse_errno(e, "%s", old);
	return write_file(path_of(at, t->path, NEW, new), t->mode,
			  f->text ? f->text : "", e);
}

static int stage_all(const struct place *at, const struct plan *p,
		     struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (stage(at, &p->files[i], e) < 0) {
			unstage_all(at, p);
			return -1;
		}
	return 0;
}

int install_probe(const struct place *at, const struct plan *p, struct err *e)
{
	if (stage_all(at, p, e) < 0)
		return -1;
	unstage_all(at, p);
	return 0;
}

/* The file systems of all places; most often it is one. */
static int sync_all(const struct place *at, const struct plan *p,
		    struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	dev_t last = 0;

	for (size_t i = 0; i < p->n; i++) {
		_cleanup_(cleanup_close) int fd = folder_of(path_of(
			at, p->files[i].target->path, "", path));

		if (fd < 0 || fstat(fd, &st) < 0 ||
		    (st.st_dev != last && syncfs(fd) < 0))
			return refuse_errno(e, "%s", path);
		last = st.st_dev;
	}
	return 0;
}

static int settle(const struct place *at, const char *path, struct err *e)
{
	char new[PATH_MAX], to[PATH_MAX];

	path_of(at, path, NEW, new);
	path_of(at, path, "", to);
	return rename(new, to) == 0 ? 0 : refuse_errno(e, "%s", to);
}

/* As it was before, where that is known. */
static void put_back(const struct place *at, const char *path)
{
	char old[PATH_MAX], to[PATH_MAX], target[sizeof(NOTHING)];
	struct stat st;

	path_of(at, path, "", to);
	if (lstat(path_of(at, path, OLD, old), &st) < 0)
		return;
	if (S_ISLNK(st.st_mode) &&
	    readlink(old, target, sizeof(target)) == strlen(NOTHING) &&
	    memcmp(target, NOTHING, strlen(NOTHING)) == 0)
		unlink(to);
	else
		rename(old, to);
}

/* The list goes first: what it says is no longer so. */
static void undo(const struct place *at, const struct plan *p)
{
	remove_list(at, false);
	for (size_t i = 0; i < p->n; i++)
		put_back(at, p->files[i].target->path);
}

static int settle_all(const struct place *at, const struct plan *p,
		      struct err *e)
{
	size_t i = 0;

	while (i < p->n && settle(at, p->files[i].target->path, e) == 0)
		i++;
	if (i == p->n && sync_all(at, p, e) == 0 && mark_done(at, e) == 0)
		return 0;
	undo(at, p);
	return -1;
}

int install(const struct place *at, const struct plan *p, struct err *e)
{
	_cleanup_(buf_fini) struct buf list = { 0 };
	int rc;

	list_write(at, p, &list);
	if (stage_all(at, p, e) < 0)
		return -1;
	rc = sync_all(at, p, e);
	if (rc == 0)
		rc = write_state(at, "commit", buf_str(&list), e);
	if (rc == 0)
		rc = settle_all(at, p, e);
	remove_list(at, rc == 0);
	unstage_all(at, p);
	return rc;
}

/* -- after a run that died ------------------------------------------------ */

/* The places of a list that are known (it may be another agent's) and have
 * not been settled. */
static void list_read(const struct place *at, const char *text,
		      struct plan *p_r, const struct plan *all)
{
	char line[PATH_MAX], new[PATH_MAX];

	p_r->n = 0;
	for (size_t i = 0; i < all->n; i++) {
		const char *path = all->files[i].target->path;

		snprintf(line, sizeof(line), "\n%s\n", path);
		if (strstr(text, line) &&
		    access(path_of(at, path, NEW, new), F_OK) == 0)
			p_r->files[p_r->n++] = all->files[i];
	}
}

/* cloud-init would throw the keys of a new instance away and make its own;
 * those that are missing it still makes. */
void install_tell_cloud(const struct place *at, bool installed)
{
	static const char text[] = "ssh_deletekeys: false\n"
		"ssh_genkeytypes: [rsa, ecdsa, ed25519]\n";
	char folder[PATH_MAX], path[PATH_MAX];
	struct err ignored;

	path_of(at, CLOUD, "/95-activation-agent.cfg", path);
	if (!installed)
		unlink(path);
	else if (access(path_of(at, CLOUD, "", folder), F_OK) == 0)
		write_file(path, 0644, text, &ignored);
}

void install_clean(const struct place *at)
{
	struct plan all;

	plan_all(&all);
	unstage_all(at, &all);
}

int install_recover(const struct place *at, struct err *e)
{
	char text[4096];
	struct plan all, p;

	plan_all(&all);
	if (!read_state(at, "commit", text, sizeof(text)) ||
	    !is_mine(at, text)) {
		for (size_t i = 0; i < all.n; i++)
			put_back(at, all.files[i].target->path);
		unstage_all(at, &all);
		return 0;
	}
	list_read(at, text, &p, &all);
	for (size_t i = 0; i < p.n; i++)
		if (settle(at, p.files[i].target->path, e) < 0)
			return -1;
	if (sync_all(at, &p, e) < 0 || mark_done(at, e) < 0)
		return -1;
	remove_list(at, true);
	unstage_all(at, &all);
	return 1;
}
