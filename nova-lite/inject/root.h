/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_ROOT_H
#define NOVA_INJECT_ROOT_H

#include "nova-lite/inject/io.h"

/* What the guest's root file system is, opened. */
struct root {
	struct volume volume;
	ext2_filsys fs;
	bool for_a_kernel;		/* it is not, but a kernel may do it */
};

/*
 * Finds the root file system of the disk (inject_options.root says how) and
 * opens it. root_close forgets all changes that were not written by
 * ext2fs_flush. Fails with NOT_IMPLEMENTED when there is none, or none that
 * this may edit; for_a_kernel is written in any case.
 */
int root_open(struct cache *c, const char *name, struct root *root_r,
	      struct err *e);
void root_close(struct root *root);

/*
 * An INTERNAL about libext2fs' code, or the disk's own failure if there was
 * one; -1.
 */
int root_failed(const struct root *root, const char *what, errcode_t code,
		struct err *e);

#endif
