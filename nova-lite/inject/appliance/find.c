/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/appliance/find.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/base/mem.h"
#include "nova-lite/inject/appliance/device.h"
#include "nova-lite/inject/appliance/kernel.h"

#define SUBVOLUME_INODE 256		/* of a btrfs subvolume's root */

/*
 * How the kernel is told of a kind. look: without replaying a journal; edit:
 * what a removed file leaves is taken off the disk.
 */
static const struct {
	const char *name, *look, *edit;
} kinds[] = {
	[VOLUME_EXT] = { "ext4", "noload", "discard" },
	[VOLUME_XFS] = { "xfs", "norecovery", "discard" },
	[VOLUME_BTRFS] = { "btrfs", "rescue=nologreplay", "discard=sync" },
};

static bool is_file_system(const struct device *d)
{
	return d->sb.kind < ARRAY_LEN(kinds) && kinds[d->sb.kind].name;
}

/* -- looking inside ------------------------------------------------------- */

static bool is_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_root(const char *top, const char *name)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_ino != SUBVOLUME_INODE)
		return false;
	strcat(path, "/etc");
	return is_folder(path);
}

/* The first by name, so that it is the same each time. */
static void look_for_subvolume(struct device *d)
{
	_cleanup_(cleanup_free) char *best = NULL;
	DIR *dir = opendir(FIND_ROOT);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    (best && strcmp(entry->d_name, best) > 0) ||
		    strchr(entry->d_name, ',') ||
		    !is_root(FIND_ROOT, entry->d_name))
			continue;
		free(best);
		best = xstrdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (best)
		snprintf(d->subvolume, sizeof(d->subvolume), "%s", best);
	d->has_etc = best != NULL;
}

static void look_for_etc(struct device *d)
{
	char path[DEVICE_PATH];

	device_path(d, path);
	if (mount(path, FIND_ROOT, kinds[d->sb.kind].name, MS_RDONLY,
		  kinds[d->sb.kind].look) < 0)
		return;
	d->has_etc = is_folder(FIND_ROOT "/etc");
	if (!d->has_etc && d->sb.kind == VOLUME_BTRFS)
		look_for_subvolume(d);
	umount(FIND_ROOT);
}

/* -- which it is ---------------------------------------------------------- */

static bool is_named(const struct device *d, const char *name)
{
	return strcasecmp(name, d->sb.uuid) == 0 ||
		strcmp(d->sb.label, name) == 0;
}

/* With /etc before without, then by size. */
static bool is_better(const struct device *a, const struct device *b)
{
	if (!b || a->has_etc != b->has_etc)
		return !b || a->has_etc;
	return a->size > b->size;
}

static const struct device *choose(struct devices *all, const char *name)
{
	const struct device *best = NULL;
	bool others_too = false;
	size_t i;

	for (i = 0; i < all->n; i++) {
		struct device *d = &all->at[i];

		others_too |= d->sb.kind == VOLUME_OTHER;
		if (!is_file_system(d) || (name && !is_named(d, name)))
			continue;
		kernel_load(kinds[d->sb.kind].name);
		look_for_etc(d);
		if (is_better(d, best))
			best = d;
	}
	/* What is left may be /boot beside a root of another kind. */
	if (best && !name && others_too && !best->has_etc)
		return NULL;
	return best;
}

/* -- mounting it ---------------------------------------------------------- */

static int mount_root(const struct device *d, struct err *e)
{
	char path[DEVICE_PATH], options[300];

	if (d->sb.why_not)
		return err_set(e, ERR_NOT_IMPLEMENTED, "The root file system "
			       "%s.", d->sb.why_not);
	device_path(d, path);
	snprintf(options, sizeof(options), "%s%s%s", kinds[d->sb.kind].edit,
		 d->subvolume[0] ? ",subvol=/" : "", d->subvolume);
	if (mount(path, FIND_ROOT, kinds[d->sb.kind].name,
		  MS_NOATIME | MS_NODEV | MS_NOEXEC | MS_NOSUID, options) < 0)
		return err_set(e, ERR_NOT_IMPLEMENTED, "The root file system "
			       "cannot be mounted: %s.", strerror(errno));
	return 0;
}

int find_and_mount(const char *disk, const char *name, struct err *e)
{
	struct devices all = { 0 };
	const struct device *chosen;
	int rc;

	mkdir(FIND_ROOT, 0700);
	if (devices_read(&all, disk, e) < 0)
		return -1;
	chosen = choose(&all, name);
	rc = chosen ? mount_root(chosen, e) :
		err_set(e, ERR_NOT_IMPLEMENTED, "The disk has no root file "
			"system that files can be put into.");
	devices_fini(&all);
	return rc;
}
