/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_CONTENT_H
#define NOVA_INJECT_CONTENT_H

#include "nova-lite/inject/inject.h"
#include "nova-lite/inject/root.h"

/*
 * A new regular file near dir, complete but for a name. Fails with CONFLICT
 * when the file system is full, with INTERNAL also when f->fd has fewer bytes
 * than f->size.
 */
int content_write(struct root *root, ext2_ino_t dir,
		  const struct inject_file *f, ext2_ino_t *ino_r,
		  struct err *e);

/* The most blocks that a file of this size can take. */
uint64_t content_blocks(ext2_filsys fs, uint64_t size);

#endif
