/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "activation-agent/agent.h"
#include "common/base/mem.h"

#define LABEL "config-2"

enum { FILE_MAX = 1 << 20, LOOK_MS = 200,
       /* The primary volume descriptor (ECMA-119 8.4) and its volume id. */
       DESCRIPTOR = 16 * 2048, VOLUME_ID = 40 };

/* -- files of the drive --------------------------------------------------- */

static int read_file(const char *dir, const char *name, struct buf *out,
		     struct err *e)
{
	char path[PATH_MAX];
	_cleanup_(cleanup_close) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/openstack/latest/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refuse_errno(e, "config drive: %s", path);
	while ((n = read(fd, buf_reserve(out, 4096), 4096)) > 0 &&
	       out->len < FILE_MAX)
		out->len += n;
	return n == 0 ? 0 : refuse(e, "config drive: %s cannot be read", path);
}

static int read_instance(const char *dir, struct drive *d, struct err *e)
{
	_cleanup_(buf_fini) struct buf b = { 0 };
	const char *uuid;
	json_t *v;

	if (read_file(dir, "meta_data.json", &b, e) < 0)
		return -1;
	v = json_loadb(b.data, b.len, 0, NULL);
	uuid = json_string_value(json_object_get(v, "uuid"));
	if (uuid && strlen(uuid) < sizeof(d->instance))
		snprintf(d->instance, sizeof(d->instance), "%s", uuid);
	json_decref(v);
	return d->instance[0] ? 0 : refuse(e, "config drive: meta_data.json "
					   "names no instance");
}

static int read_all(const char *dir, struct drive *d, struct err *e)
{
	_cleanup_(buf_fini) struct buf b = { 0 };

	*d = (struct drive){ 0 };
	if (read_instance(dir, d, e) < 0 ||
	    read_file(dir, "first_boot_keys", &b, e) < 0)
		return -1;
	return pins_read(b.data, b.len, &d->pins, e);
}

/* -- the device ----------------------------------------------------------- */

static bool has_label(const char *device)
{
	_cleanup_(cleanup_close) int fd = open(device, O_RDONLY | O_CLOEXEC |
					       O_NONBLOCK);
	char head[VOLUME_ID + 32];

	return fd >= 0 &&
	       pread(fd, head, sizeof(head), DESCRIPTOR) == sizeof(head) &&
	       memcmp(head, "\1CD001", 6) == 0 &&
	       strncasecmp(head + VOLUME_ID, LABEL " ", strlen(LABEL) + 1)
	       == 0;
}

static bool look(char device_r[PATH_MAX])
{
	DIR *d = opendir("/sys/class/block");
	const struct dirent *entry;
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(device_r, PATH_MAX, "/dev/%s", entry->d_name);
		found = has_label(device_r);
	}
	if (d)
		closedir(d);
	return found;
}

static int find(long long deadline, char device_r[PATH_MAX], struct err *e)
{
	while (!look(device_r)) {
		if (clock_ms() + LOOK_MS >= deadline)
			return refuse(e, "there is no config drive, and so "
				      "nothing that tells whom to believe");
		usleep(LOOK_MS * 1000);
	}
	return 0;
}

static int read_device(const char *device, struct drive *d_r, struct err *e)
{
	char dir[] = "/run/activation-agent-XXXXXX";
	int rc;

	if (!mkdtemp(dir))
		return refuse_errno(e, "%s", dir);
	if (mount(device, dir, "iso9660", MS_RDONLY | MS_NODEV | MS_NOSUID |
		  MS_NOEXEC, NULL) < 0) {
		rc = refuse_errno(e, "mount of %s", device);
	} else {
		rc = read_all(dir, d_r, e);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return rc;
}

int drive_read(const char *dir, long long deadline, struct drive *d_r,
	       struct err *e)
{
	char device[PATH_MAX];

	if (dir)
		return read_all(dir, d_r, e);
	if (find(deadline, device, e) < 0)
		return -1;
	return read_device(device, d_r, e);
}
