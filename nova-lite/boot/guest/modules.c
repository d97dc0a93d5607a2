/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/guest/guest.h"

#define COMPRESSED 4			/* MODULE_INIT_COMPRESSED_FILE */
#define DISABLED "/proc/sys/kernel/modules_disabled"
#define LINE_SIZE 512

static bool is_compressed(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".ko") != 0;
}

/* What the kernel has already is no failure. */
static void load(const char *release, char *file)
{
	char *options = strchr(file, ' ');
	_cleanup_(cleanup_close) int fd = -1;
	char path[GUEST_PATH];

	if (options)
		*options++ = '\0';
	snprintf(path, sizeof(path), MODULES "/%s/%s", release, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 &&
	    syscall(SYS_finit_module, fd, options ? options : "",
		    is_compressed(path) ? COMPRESSED : 0) == 0)
		return;
	if (errno != EEXIST)
		say("module %s: %s", file, strerror(errno));
}

/* The value of a line "NAME value", or NULL. */
static char *value_of(char *line, const char *name)
{
	size_t n = strlen(name);

	line[strcspn(line, "\n")] = '\0';
	return strncmp(line, name, n) == 0 && line[n] == ' ' ?
		line + n + 1 : NULL;
}

static void read_line(struct orders *o, char *line)
{
	char *value;

	if ((value = value_of(line, "release")))
		snprintf(o->release, sizeof(o->release), "%s", value);
	else if ((value = value_of(line, "policy")))
		snprintf(o->policy, sizeof(o->policy), "%s", value);
	else if ((value = value_of(line, "ramdisk")))
		o->ramdisk_mib = atoi(value);
}

/* Modules come first in the file, but the release says where they are. */
int orders_follow(struct orders *o_r, struct err *e)
{
	struct orders o = { .policy = "" };
	FILE *f = fopen(LITE "/boot", "re");
	char line[LINE_SIZE], *file;
	struct stat st;

	if (!f)
		return err_errno(e, LITE "/boot");
	while (fgets(line, sizeof(line), f))
		read_line(&o, line);
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if ((file = value_of(line, "module")))
			load(o.release, file);
	fclose(f);
	if (o.ramdisk_mib && stat("/dev/ram0", &st) < 0)
		return err_errno(e, "/dev/ram0");
	*o_r = o;
	return 0;
}

int policy_enforce(const struct orders *o, struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;

	if (strcmp(o->policy, "none") != 0)
		return 0;
	fd = open(DISABLED, O_WRONLY | O_CLOEXEC);
	/* A kernel that cannot load any has no such file. */
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || write(fd, "1\n", 2) != 2)
		return err_errno(e, DISABLED);
	return 0;
}
