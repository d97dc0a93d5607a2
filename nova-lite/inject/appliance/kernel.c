/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/appliance/kernel.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/mem.h"

int kernel_mounts(struct err *e)
{
	static const char *const all[][2] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++) {
		mkdir(all[i][1], 0755);
		if (mount(all[i][0], all[i][1], all[i][0], 0, NULL) < 0)
			return err_errno(e, "appliance: %s", all[i][1]);
	}
	return 0;
}

static void load(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	syscall(SYS_finit_module, fd, "", 0);
	close(fd);
}

void kernel_load(const char *set)
{
	char path[64], line[80];
	FILE *f;

	snprintf(path, sizeof(path), "/modules/%s", set);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		load(line);
	}
	fclose(f);
}
