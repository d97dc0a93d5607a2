/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_BOOT_ISO_H
#define NOVA_BOOT_ISO_H

/* What our drives of ISO 9660 have in common: boot images, config drives. */
#include <stdint.h>
#include <stdlib.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

/* For _cleanup_; nothing for NULL. */
void iso_cleanup_image(IsoImage **image);
void iso_cleanup_opts(IsoWriteOpts **opts);
void iso_cleanup_source(struct burn_source **source);

/* A file of n bytes, which are copied; libisofs's codes, < 0 on failure. */
int iso_add_bytes(IsoDir *dir, const char *name, const void *data, size_t n,
		  IsoFile **file_r);

/* All of the image; -1 with errno. */
int iso_copy_out(struct burn_source *source, int fd);

#endif
