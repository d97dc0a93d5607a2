/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A drive for SeaBIOS: ISO 9660 with ISOLINUX, which the isohybrid MBR makes
 * bootable as a disk, and El Torito as a CD.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/build.h"
#include "nova-lite/boot/iso.h"

#define LABEL "LITE-BOOT"
#define AREA 32768			/* before the first volume descriptor */
/* One value for all dates and for the disk's signature (libisofs makes it of
 * the volume's uuid). */
#define STAMP "2023111422132000"

static int iso_failed(struct err *e, int code)
{
	return build_fails(e, "loader", "%s", iso_error_to_msg(code));
}

/* -- what is on it -------------------------------------------------------- */

/* Contents lie in the order of the calls; libisofs's own is that of the
 * files' inodes. */
static int ordered(IsoNode *node)
{
	static int weight = 1 << 20;

	iso_node_set_sort_weight(node, weight--);
	return 1;
}

static int add_file(IsoImage *image, IsoDir *dir, const char *name,
		    const char *path)
{
	_cleanup_(cleanup_free) char *whole = realpath(path, NULL);
	IsoNode *node;
	int rc;

	if (!whole)
		return ISO_FILE_DOESNT_EXIST;
	rc = iso_tree_add_new_node(image, dir, name, whole, &node);
	return rc < 0 ? rc : ordered(node);
}

static int add_text(IsoDir *dir, const char *name, const char *text)
{
	IsoFile *file;
	int rc = iso_add_bytes(dir, name, text, strlen(text), &file);

	return rc < 0 ? rc : ordered((IsoNode *)file);
}

static int add_loader(IsoImage *image, IsoDir *root, const char *cmdline)
{
	_cleanup_(cleanup_free) char *text = xasprintf(
		"SERIAL 0 115200\nPROMPT 0\nTIMEOUT 1\nDEFAULT lite\n"
		"LABEL lite\nKERNEL /vmlinuz\nINITRD /initrd\nAPPEND %s\n",
		cmdline);
	IsoDir *dir;
	int rc = iso_tree_add_new_dir(root, "isolinux", &dir);

	if (rc >= 0)
		rc = add_file(image, dir, "isolinux.bin", ISOLINUX_BIN);
	if (rc >= 0)
		rc = add_file(image, dir, "ldlinux.c32", ISOLINUX_C32);
	return rc < 0 ? rc : add_text(dir, "isolinux.cfg", text);
}

static int add_modules(IsoImage *image, IsoDir *root, const struct build *b)
{
	IsoDir *dir;
	int rc = iso_tree_add_new_dir(root, "modules", &dir);

	for (size_t i = 0; rc >= 0 && i < b->n_modules; i++) {
		_cleanup_(cleanup_free) char *path =
			xasprintf("%s/lib/modules/%s/%s", b->dir, b->release,
				  b->modules[i].path);

		rc = add_file(image, dir, module_file(&b->modules[i]), path);
	}
	return rc;
}

static int add_all(IsoImage *image, const struct build *b,
		   const char *cmdline)
{
	IsoDir *root = iso_image_get_root(image);
	char initrd[BOOT_PATH_MAX];
	int rc;

	build_path(b, "initrd", initrd);
	rc = add_loader(image, root, cmdline);
	if (rc >= 0)
		rc = add_file(image, root, "vmlinuz", b->kernel);
	if (rc >= 0)
		rc = add_file(image, root, "initrd", initrd);
	return rc < 0 ? rc : add_modules(image, root, b);
}

/* -- how it starts -------------------------------------------------------- */

static int set_boot(IsoImage *image)
{
	ElToritoBootImage *boot;
	int rc = iso_image_set_boot_image(image, "/isolinux/isolinux.bin",
					  ELTORITO_NO_EMUL,
					  "/isolinux/boot.cat", &boot);

	if (rc < 0)
		return rc;
	el_torito_set_load_size(boot, 4);
	/* 1: patch in the boot info table, 2: isohybrid checks it */
	return el_torito_set_isolinux_options(boot, 1 | 2, 0);
}

static int read_area(char area_r[AREA], struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(ISOLINUX_MBR, O_RDONLY |
					       O_CLOEXEC);

	memset(area_r, 0, AREA);
	if (fd < 0 || read(fd, area_r, AREA) <= 0)
		return build_errno(e, "loader", ISOLINUX_MBR);
	return 0;
}

static int set_opts(IsoWriteOpts *opts, char *area)
{
	int rc = 1;

#define OPT(name, ...) rc = rc < 0 ? rc : \
	iso_write_opts_set_##name(opts, __VA_ARGS__)
	OPT(iso_level, 3);
	OPT(rockridge, 1);
	OPT(rrip_version_1_10, 1);		/* without serial numbers */
	OPT(system_area, area, 2, 0);		/* 2: patch the isohybrid MBR */
	OPT(replace_mode, 1, 1, 1, 1);
	OPT(default_dir_mode, 0555);
	OPT(default_file_mode, 0444);
	OPT(default_uid, 0);
	OPT(default_gid, 0);
	OPT(replace_timestamps, 2);
	OPT(default_timestamp, BOOT_TIME);
	OPT(always_gmt, 1);
	OPT(pvd_times, BOOT_TIME, BOOT_TIME, 0, BOOT_TIME, STAMP);
#undef OPT
	return rc;
}

/* -- to the disk ---------------------------------------------------------- */

static int write_image(IsoImage *image, IsoWriteOpts *opts, int fd,
		       struct err *e)
{
	_cleanup_(iso_cleanup_source) struct burn_source *source = NULL;
	int rc = iso_image_create_burn_source(image, opts, &source);

	if (rc < 0)
		return iso_failed(e, rc);
	return iso_copy_out(source, fd) < 0 ? build_errno(e, "write", "") : 0;
}

static int layout(const struct build *b, const char *cmdline,
		  IsoImage *image, IsoWriteOpts *opts, char *area)
{
	int rc = add_all(image, b, cmdline);

	if (rc >= 0)
		rc = set_boot(image);
	return rc < 0 ? rc : set_opts(opts, area);
}

int bios_write(const struct build *b, const char *cmdline, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(b->out, O_WRONLY | O_CREAT |
					       O_EXCL | O_CLOEXEC, 0600);
	_cleanup_(iso_cleanup_image) IsoImage *image = NULL;
	_cleanup_(iso_cleanup_opts) IsoWriteOpts *opts = NULL;
	char area[AREA];
	int rc;

	if (fd < 0)
		return build_errno(e, "write", b->out);
	if (read_area(area, e) < 0)
		return -1;
	rc = iso_init();
	iso_set_msgs_severities("NEVER", "NEVER", "");
	if (rc >= 0)
		rc = iso_image_new(LABEL, &image);
	if (rc >= 0)
		rc = iso_write_opts_new(&opts, 1);
	if (rc >= 0)
		rc = layout(b, cmdline, image, opts, area);
	return rc < 0 ? iso_failed(e, rc) : write_image(image, opts, fd, e);
}
