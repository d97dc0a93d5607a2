/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/compute/folder.h"
#include "nova-lite/compute/instance.h"
#include "nova-lite/compute/proc.h"

#define OWNER "owner"

void instance_path(const struct agent *a, const char *id, const char *name,
		   char path_r[INSTANCE_PATH_MAX])
{
	snprintf(path_r, INSTANCE_PATH_MAX, "%s/instances/%s%s%s",
		 a->state_path, id, name ? "/" : "", name ? name : "");
}

/* -- the folder ---------------------------------------------------------- */

static int write_file(const char *path, const char *text, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_WRONLY | O_CREAT |
					       O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != n)
		return err_errno(e, "%s", path);
	return 0;
}

int instance_note(const struct agent *a, const char *id, const char *name,
		  const char *text, struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(a, id, name, path);
	return write_file(path, text, e);
}

const char *instance_noted(const struct agent *a, const char *id,
			   const char *name, struct arena *arena)
{
	char path[INSTANCE_PATH_MAX], text[256];
	_cleanup_(cleanup_close) int fd = -1;
	ssize_t n;

	instance_path(a, id, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return n > 0 ? arena_strndup(arena, text, n) : NULL;
}

int instance_dir_make(const struct agent *a, const char *id, struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(a, id, NULL, path);
	/* QEMU may run as another user, who must reach the files in it. */
	if (mkdir(path, 0711) < 0 && errno != EEXIST)
		return err_errno(e, "%s", path);
	return instance_note(a, id, OWNER, a->host, e);
}

bool instance_dir_owned(const struct agent *a, const char *id)
{
	struct arena arena;
	const char *owner;
	bool ours;

	arena_init(&arena);
	owner = instance_noted(a, id, OWNER, &arena);
	ours = owner && strcmp(owner, a->host) == 0;
	arena_fini(&arena);
	return ours;
}

static bool is_kept(const char *name, const char *const *keep)
{
	for (; *keep; keep++)
		if (strcmp(name, *keep) == 0)
			return true;
	return strcmp(name, OWNER) == 0;
}

/* The mark stays: a folder half emptied is still known for ours. */
static int remove_files(const char *dir, const char *const *keep,
			struct err *e)
{
	char path[INSTANCE_PATH_MAX + 256];
	DIR *d = opendir(dir);
	struct dirent *de;
	int r = 0;

	if (!d)
		return err_errno(e, "%s", dir);
	while (r == 0 && (de = readdir(d))) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0 || is_kept(de->d_name, keep))
			continue;
		snprintf(path, sizeof(path), "%s/%.255s", dir, de->d_name);
		r = folder_remove(path, e);
	}
	closedir(d);
	return r;
}

int instance_dir_clear(const struct agent *a, const char *id,
		       const char *const *keep, struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(a, id, NULL, path);
	if (access(path, F_OK) < 0)
		return instance_dir_make(a, id, e);
	if (!instance_dir_owned(a, id))
		return err_internal(e, "%s is not of this host", path);
	return remove_files(path, keep, e);
}

int instance_dir_remove(const struct agent *a, const char *id, struct err *e)
{
	static const char *const none[] = { NULL };
	char path[INSTANCE_PATH_MAX], owner[INSTANCE_PATH_MAX];

	instance_path(a, id, NULL, path);
	instance_path(a, id, OWNER, owner);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (rmdir(path) == 0)
		return 0;
	if (!instance_dir_owned(a, id))
		return err_internal(e, "%s is not of this host", path);
	if (remove_files(path, none, e) < 0)
		return -1;
	if (unlink(owner) < 0 && errno != ENOENT)
		return err_errno(e, "%s", owner);
	return rmdir(path) < 0 ? err_errno(e, "%s", path) : 0;
}

/* -- disks --------------------------------------------------------------- */

/* The file appears whole or not at all. */
static int create(const char *path, const struct image *base, int64_t size,
		  struct err *e)
{
	char temp[INSTANCE_PATH_MAX + 8], bytes[24];
	const char *argv[] = { "qemu-img", "create", "-q", "-f", "qcow2",
			       "-u", "-b", base ? base->path : NULL, "-F",
			       base ? base->format : NULL, temp, bytes, NULL };

	snprintf(temp, sizeof(temp), "%s.part", path);
	snprintf(bytes, sizeof(bytes), "%lld", (long long)size);
	if (!base)
		memmove(argv + 5, argv + 10, 3 * sizeof(*argv));
	if (access(path, F_OK) == 0)
		return 0;
	if (proc_run(argv, e) < 0)
		return -1;
	return rename(temp, path) < 0 ? err_errno(e, "%s", path) : 0;
}

int instance_layer_make(const char *path, const struct image *base,
			int64_t size, struct err *e)
{
	return create(path, base, size, e);
}

int instance_disk_make(const char *path, int64_t size, struct err *e)
{
	return create(path, NULL, size, e);
}

/* -- metadata ------------------------------------------------------------ */

static void metadata_path(const struct agent *a, const char *id,
			  const char *suffix, char path_r[INSTANCE_PATH_MAX])
{
	snprintf(path_r, INSTANCE_PATH_MAX, "%s/metadata/%s%s", a->state_path,
		 id, suffix);
}

void instance_metadata_socket(const struct agent *a, const char *id,
			      char path_r[INSTANCE_PATH_MAX])
{
	metadata_path(a, id, ".sock", path_r);
}

int instance_metadata_open(const struct agent *a, const char *id,
			   struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	metadata_path(a, id, "", path);
	return write_file(path, "", e);
}

int instance_metadata_close(const struct agent *a, const char *id,
			    struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	metadata_path(a, id, "", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "%s", path);
	return 0;
}
