/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a machine that turns a btrfs on /dev/vda into one whose
 * root is a subvolume, as distributions install it: what was at the top is now
 * in `@`, and the top has no /etc.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/btrfs.h>

#include "nova-lite/inject/appliance/kernel.h"

static int turn(void)
{
	struct btrfs_ioctl_vol_args args = { .name = "@" };

	args.fd = open("/root", O_RDONLY | O_DIRECTORY);
	if (args.fd < 0 || ioctl(args.fd, BTRFS_IOC_SNAP_CREATE, &args) < 0 ||
	    rename("/root/etc", "/root/not-etc") < 0)
		return -1;
	close(args.fd);
	return umount("/root");
}

int main(void)
{
	struct err e;

	if (kernel_mounts(&e) < 0)
		return 1;
	kernel_load("base");
	kernel_load("btrfs");
	mkdir("/root", 0700);
	if (mount("/dev/vda", "/root", "btrfs", 0, NULL) < 0 || turn() < 0)
		perror("btrfs_at");
	else
		puts("turned");
	fflush(stdout);
	return reboot(RB_AUTOBOOT);
}
