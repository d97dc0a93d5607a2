/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_BOOT_BOOT_H
#define NOVA_BOOT_BOOT_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/base/timefmt.h"

/*
 * Boot images: drives that hold a kernel, modules, an initial RAM disk and
 * what starts them, and nothing else. The parameters are a JSON object, which
 * catalog/0014_boot.sql makes of a server's metadata:
 *
 *	{"kernel": {"id", "name", "hash"}, "set": {the same}, "base": [names],
 *	 "modules": [names], "ramdisk": {the same}, "ramdisk_size": MiB,
 *	 "cmdline": text, "policy": "any" | "provided" | "none",
 *	 "firmware": "bios" | "uefi"}
 *
 * set, ramdisk, ramdisk_size and cmdline may be absent. The image is a pure
 * function of what they name: equal parameters give equal bytes.
 */

#define BOOT_DIGEST_SIZE 65

/*
 * The name of the image: SHA-256, in hex, of its parameters with the hashes of
 * contents for names, of the boot loader and of our first process, which is
 * found beside program. Fails where one of these files is missing.
 */
int boot_digest(const json_t *boot, const char *program,
		char hex_r[BOOT_DIGEST_SIZE], struct err *e);

struct boot_job {
	const char *program;			/* nova-lite-boot */
	const json_t *boot;
	const char *kernel, *set, *ramdisk;	/* files; NULL: none */
	const char *out;
	usec_t deadline;			/* usec_monotonic */
};

/*
 * Builds the image in a program of its own, because kernels and archives are
 * strangers'. On success `out` is complete and on the disk; on failure the
 * message is "STEP: what", for users, and of `out` and the folder of scratch
 * files, OUT.d, nothing is there, unless the program was killed.
 */
int boot_build(const struct boot_job *job, struct err *e);

#endif
