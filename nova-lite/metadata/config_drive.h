/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_CONFIG_DRIVE_H
#define LITE_CONFIG_DRIVE_H

#include <stddef.h>

#include "common/base/err.h"

/* One document of the drive; path as the guest sees it, without leading '/'. */
struct config_file {
	const char *path;	/* "openstack/latest/meta_data.json" */
	const void *data;
	size_t size;
};

/*
 * Writes the drive that a guest finds by its label `config-2`: ISO 9660 with
 * Joliet and Rock Ridge, everything owned by root and read-only. Folders come
 * from the paths; the same path twice asserts. The file appears under `out`
 * complete or not at all, readable by its owner only, in place of an older
 * one. Borrows its arguments. Safe from any thread. Fails with INTERNAL.
 */
int config_drive_write(const char *out, const struct config_file *files,
		       size_t n, struct err *e);

#endif
