/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_BOOT_GUEST_H
#define NOVA_BOOT_GUEST_H

#include <stdbool.h>

#include "common/base/err.h"

/*
 * nova-lite-boot-init, the first process of a machine that boots from a boot
 * image; /.lite holds what it needs (initrd.c).
 */

#define LITE "/.lite"
#define MODULES LITE "/lib/modules"
#define NEW_ROOT LITE "/root"
#define GUEST_PATH 512

struct orders {
	char release[65], policy[16];
	int ramdisk_mib;
};

/* Says a line on the console. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* modules.c: reads /.lite/boot, loads its modules in order; one that does not
 * load is named on the console, and what needs it shows. */
int orders_follow(struct orders *o_r, struct err *e);
/* Shuts the door behind the last module where the policy says so. */
int policy_enforce(const struct orders *o, struct err *e);

/* root.c: mounts the root file system at NEW_ROOT. */
int root_mount(const char *init, struct err *e);
/* Goes there, with /dev, /proc and /sys, and shows what the image brought. */
int root_enter(const struct orders *o, struct err *e);

/* The last NAME=value of the kernel's command line; false: none. */
bool cmdline_get(const char *name, char value_r[GUEST_PATH]);
bool cmdline_has(const char *word);

#endif
