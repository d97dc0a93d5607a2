/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_BOOT_PARAMS_H
#define NOVA_BOOT_PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* Parameters as boot.h has them, checked; borrowed from the JSON. */
struct boot_params {
	const char *kernel, *set, *ramdisk;	/* hashes; NULL: none */
	const json_t *base, *modules;		/* arrays of names, or NULL */
	int64_t ramdisk_mib;			/* 0: none */
	const char *cmdline;			/* "": none */
	const char *policy;
	bool uefi;
};

/* The most of the user's: a kernel takes 2048 bytes, with what the service and
 * the loader put in front. The catalog has the same number. */
#define BOOT_CMDLINE_MAX 1900

/* Fails with BAD_REQUEST on what the catalog would not make. */
int boot_params_read(const json_t *boot, struct boot_params *p_r,
		     struct err *e);

/* All that the image depends on besides the loader, one thing a line. */
void boot_params_text(const struct boot_params *p, struct buf *out);

/* The whole command line; builtin: the RAM disk's driver is in the kernel. */
void boot_cmdline(const struct boot_params *p, bool builtin,
		  struct buf *out);

#endif
