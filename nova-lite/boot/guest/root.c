/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system: the second drive, or a partition of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/guest/guest.h"

#define PATIENCE 500			/* times 20 ms */
#define PARTS_PATIENCE 50		/* once the disk is there */

/* -- which device --------------------------------------------------------- */

static bool is_there(const char *name)
{
	char path[GUEST_PATH];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/%.255s", name);
	return stat(path, &st) == 0 && S_ISBLK(st.st_mode);
}

/* The boot image is the first drive of its bus, and so the root's name
 * depends on the bus alone. */
static bool find_second(char name_r[GUEST_PATH])
{
	static const char *const seconds[] = { "vdb", "sdb", "hdb" };

	for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
		if (is_there(seconds[i])) {
			strcpy(name_r, seconds[i]);
			return true;
		}
	}
	return false;
}

/* Disks are probed in the background. */
static int find_disk(char name_r[GUEST_PATH], struct err *e)
{
	char asked[GUEST_PATH] = "";
	const char *name = asked;

	if (cmdline_get("root", asked) && strncmp(asked, "/dev/", 5) != 0)
		return err_set(e, ERR_BAD_REQUEST, "root=%s: a device below "
			       "/dev is needed", asked);
	name += asked[0] ? 5 : 0;
	for (int i = 0; i < PATIENCE; i++, usleep(20000)) {
		if (!asked[0] && find_second(name_r))
			return 0;
		if (asked[0] && is_there(name)) {
			strcpy(name_r, name);
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "there is no root drive %s", asked);
}

/* -- mounting ------------------------------------------------------------- */

/* Links are the guest's, and lead nowhere but into its root. */
static bool has_init(const char *init)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				      .resolve = RESOLVE_IN_ROOT };
	_cleanup_(cleanup_close) int top = open(NEW_ROOT, O_PATH | O_CLOEXEC);
	_cleanup_(cleanup_close) int fd = -1;

	fd = syscall(SYS_openat2, top, init, &how, sizeof(how));
	return fd >= 0;
}

/* How to look into a file system without replaying its journal. */
static const char *looking(const char *type)
{
	static const char *const all[][2] = {
		{ "ext4", "noload" }, { "ext3", "noload" },
		{ "xfs", "norecovery" }, { "btrfs", "rescue=nologreplay" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i][0], type) == 0)
			return all[i][1];
	return NULL;
}

static bool mount_as(const char *device, const char *type, const char *init)
{
	unsigned long flags = cmdline_has("rw") ? 0 : MS_RDONLY;
	bool found;

	if (mount(device, NEW_ROOT, type, MS_RDONLY, looking(type)) < 0)
		return false;
	found = has_init(init);
	umount(NEW_ROOT);
	return found && mount(device, NEW_ROOT, type, flags, NULL) == 0;
}

/* With each file system that the kernel knows, as the kernel does it. */
static bool mount_any(const char *device, const char *init)
{
	FILE *f = fopen("/proc/filesystems", "re");
	bool done = false;
	char line[128];

	while (!done && f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		done = line[0] == '\t' && mount_as(device, line + 1, init);
	}
	if (f)
		fclose(f);
	return done;
}

static bool mount_device(const char *name, const char *init)
{
	char path[GUEST_PATH + 8];

	snprintf(path, sizeof(path), "/dev/%s", name);
	return mount_any(path, init);
}

/* vdb1 is a folder of /sys/block/vdb; vdb itself comes first. */
static bool mount_partition(const char *disk, const char *init)
{
	char path[GUEST_PATH + 16];
	struct dirent **list = NULL;
	bool done = false;
	int n;

	snprintf(path, sizeof(path), "/sys/block/%s", disk);
	n = scandir(path, &list, NULL, versionsort);
	for (int i = 0; i < n; i++) {
		if (!done && strncmp(list[i]->d_name, disk,
				     strlen(disk)) == 0)
			done = mount_device(list[i]->d_name, init);
		free(list[i]);
	}
	free(list);
	return done;
}

int root_mount(const char *init, struct err *e)
{
	char disk[GUEST_PATH];

	mkdir(NEW_ROOT, 0755);
	if (find_disk(disk, e) < 0)
		return -1;
	for (int i = 0; i < PARTS_PATIENCE; i++, usleep(20000))
		if (mount_device(disk, init) || mount_partition(disk, init))
			return 0;
	return err_set(e, ERR_NOT_FOUND, "/dev/%s has no file system that can "
		       "be mounted and holds %s", disk, init);
}

/* -- going there ---------------------------------------------------------- */

/* A tree of ours, to be mounted where it cannot be named any more. */
static int keep(const char *path)
{
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static void show(int tree, const char *path)
{
	mkdir(path, 0755);
	if (tree < 0 || move_mount(tree, "", AT_FDCWD, path,
				   MOVE_MOUNT_F_EMPTY_PATH) < 0)
		say("%s: %s", path, strerror(errno));
}

static void show_modules(const char *release, int tree)
{
	char path[GUEST_PATH];

	snprintf(path, sizeof(path), "/lib/modules/%s", release);
	if (access(path, F_OK) == 0)
		return;
	mkdir("/lib/modules", 0755);
	if (mount("modules", "/lib/modules", "tmpfs", 0, "mode=755") < 0)
		say("/lib/modules: %s", strerror(errno));
	else
		show(tree, path);
}

/* The first process of the guest finds /run mounted and leaves it so. */
static void show_ramdisk(int tree)
{
	if (mount("run", "/run", "tmpfs", MS_NODEV | MS_NOSUID,
		  "mode=755") < 0)
		say("/run: %s", strerror(errno));
	else
		show(tree, "/run/ramdisk");
}

/* Besides what is ours: the RAM disk image brought something. */
static bool has_more(void)
{
	static const char *const ours[] = { ".", "..", ".lite", "dev", "proc",
					    "sys", "root" };
	DIR *d = opendir("/");
	struct dirent *de;
	bool more = false;
	size_t i;

	while (d && (de = readdir(d))) {
		for (i = 0; i < ARRAY_LEN(ours); i++)
			if (strcmp(ours[i], de->d_name) == 0)
				break;
		more |= i == ARRAY_LEN(ours);
	}
	if (d)
		closedir(d);
	return more;
}

static int move(const char *from, struct err *e)
{
	char path[GUEST_PATH];

	snprintf(path, sizeof(path), NEW_ROOT "%s", from);
	if (mount(from, path, NULL, MS_MOVE, NULL) < 0)
		return err_errno(e, "the root file system has no %s", from);
	return 0;
}

int root_enter(const struct orders *o, struct err *e)
{
	_cleanup_(cleanup_close) int ramdisk = has_more() ? keep("/") : -1;
	_cleanup_(cleanup_close) int modules = -1;
	char path[GUEST_PATH];

	snprintf(path, sizeof(path), MODULES "/%s", o->release);
	if (o->release[0])
		modules = keep(path);
	if (move("/dev", e) < 0 || move("/proc", e) < 0 || move("/sys", e) < 0)
		return -1;
	if (chdir(NEW_ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
	    chroot(".") < 0 || chdir("/") < 0)
		return err_errno(e, "the root file system");
	if (modules >= 0)
		show_modules(o->release, modules);
	if (ramdisk >= 0)
		show_ramdisk(ramdisk);
	return 0;
}
