/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nova-lite/boot/guest/guest.h"

static const char *const mounts[][2] = {
	{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
};

void say(const char *fmt, ...)
{
	va_list ap;

	printf("managed boot: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

/* -- the command line ----------------------------------------------------- */

/* Each word of the command line in turn; what fn finds last counts. */
static bool each_word(bool (*fn)(const char *word, const char *name,
				 char *value_r), const char *name,
		      char *value_r)
{
	static char line[4096];
	FILE *f = fopen("/proc/cmdline", "re");
	char *at = line, *word;
	bool found = false;

	if (!f)
		return false;
	line[fread(line, 1, sizeof(line) - 1, f)] = '\0';
	fclose(f);
	for (word = strtok_r(line, " \n", &at); word;
	     word = strtok_r(NULL, " \n", &at))
		found |= fn(word, name, value_r);
	return found;
}

static bool take_value(const char *word, const char *name, char *value_r)
{
	size_t n = strlen(name);

	if (strncmp(word, name, n) != 0 || word[n] != '=')
		return false;
	snprintf(value_r, GUEST_PATH, "%s", word + n + 1);
	return true;
}

static bool is_word(const char *word, const char *name, char *value_r)
{
	(void)value_r;
	return strcmp(word, name) == 0;
}

bool cmdline_get(const char *name, char value_r[GUEST_PATH])
{
	return each_word(take_value, name, value_r);
}

bool cmdline_has(const char *word)
{
	return each_word(is_word, word, NULL);
}

/* -- the way -------------------------------------------------------------- */

/* The archive has no /dev/console: the kernel gave us no files. */
static int begin(struct err *e)
{
	int fd;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i][1], 0755);
		if (mount(mounts[i][0], mounts[i][1], mounts[i][0], 0,
			  NULL) < 0)
			return err_errno(e, "%s", mounts[i][1]);
	}
	fd = open("/dev/console", O_RDWR);
	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	return 0;
}

static int become(const char *init, struct err *e)
{
	char *const argv[] = { (char *)init, NULL };

	execv(init, argv);
	return err_errno(e, "%s", init);
}

/* A RAM disk image with a first process of its own goes on by itself, as it
 * would without us. */
static int leave_to_image(const struct orders *o, struct err *e)
{
	if (policy_enforce(o, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		umount2(mounts[i][1], MNT_DETACH);
	return become("/init", e);
}

static int go(struct err *e)
{
	char init[GUEST_PATH] = "/sbin/init";
	struct orders o;

	if (begin(e) < 0 || orders_follow(&o, e) < 0)
		return -1;
	if (access("/init", X_OK) == 0)
		return leave_to_image(&o, e);
	cmdline_get("init", init);
	if (root_mount(init, e) < 0 || root_enter(&o, e) < 0 ||
	    policy_enforce(&o, e) < 0)
		return -1;
	return become(init, e);
}

int main(void)
{
	struct err e = { 0 };

	if (getpid() != 1) {
		fprintf(stderr, "nova-lite-boot-init is the first process of a "
			"machine\n");
		return 2;
	}
	umask(022);
	go(&e);
	say("%s %s", e.kind == ERR_INTERNAL ? "failed:" : e.msg, e.detail);
	sync();
	return reboot(RB_POWER_OFF);
}
