/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_BOOT_BUILD_H
#define NOVA_BOOT_BUILD_H

#include "nova-lite/boot/params.h"

/*
 * The inside of a build, one call after the other in one process:
 *
 *	set_take	the modules out of the archive, into dir
 *	initrd_make	these, our first process and its list, in one file
 *	bios_write, uefi_write		the drive
 *
 * Whatever is wrong with what strangers made is BAD_REQUEST with the message
 * "STEP: what" for users.
 */

#define BOOT_PATH_MAX 600
#define BOOT_TIME 1700000000		/* of every file in an image */

struct build {
	struct boot_params params;
	const char *kernel, *set, *ramdisk;	/* files; NULL: none */
	const char *out;
	char dir[BOOT_PATH_MAX];		/* OUT.d */
	char init[BOOT_PATH_MAX];		/* our first process */
	/* What set_take found: modules in load order. */
	char release[65];			/* "": no modules */
	struct boot_module *modules;
	size_t n_modules;
	bool brd_builtin;
};

struct boot_module {
	char *path;		/* below lib/modules/RELEASE */
	char *options;		/* "": none */
};

/* Where the loaders come from: Debian's isolinux, syslinux-common and
 * systemd-boot-efi. */
#define ISOLINUX_BIN "/usr/lib/ISOLINUX/isolinux.bin"
#define ISOLINUX_MBR "/usr/lib/ISOLINUX/isohdpfx.bin"
#define ISOLINUX_C32 "/usr/lib/syslinux/modules/bios/ldlinux.c32"
#define SYSTEMD_BOOT "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"

/* What a drive is made of besides kernel, RAM disk and modules; NULL ends. */
const char *const *loader_files(bool uefi);

int build_image(struct build *b, struct err *e);
void build_fini(struct build *b);

int kernel_check(struct build *b, struct err *e);
int set_take(struct build *b, struct err *e);
int initrd_make(struct build *b, struct err *e);
int bios_write(const struct build *b, const char *cmdline, struct err *e);
int uefi_write(const struct build *b, const char *cmdline, struct err *e);

/* The path of a file of the build's folder. */
void build_path(const struct build *b, const char *name,
		char path_r[BOOT_PATH_MAX]);
/* The name by which a module stands on the drive: "brd.ko". */
const char *module_file(const struct boot_module *m);

int build_fails(struct err *e, const char *step, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* As build_fails, with strerror(errno) for the user, path for the log. */
int build_errno(struct err *e, const char *step, const char *path);

/* Runs a program of the path and waits for it. */
int build_run(const char *step, const char *const *argv, struct err *e);

#endif
