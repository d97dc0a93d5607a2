/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_ENTRY_H
#define NOVA_INJECT_ENTRY_H

#include <stdbool.h>
#include <ext2fs/ext2fs.h>

/*
 * Entries of folders, in memory until ext2fs_flush. All return libext2fs'
 * codes.
 */

/* Makes a folder, 0755 root:root. */
errcode_t entry_mkdir(ext2_filsys fs, ext2_ino_t dir, const char *name,
		      ext2_ino_t *ino_r);
/* A name for a regular file. */
errcode_t entry_add(ext2_filsys fs, ext2_ino_t dir, const char *name,
		    ext2_ino_t ino);
/* Has the name stand for another regular file; the old one loses a link. */
errcode_t entry_replace(ext2_filsys fs, ext2_ino_t dir, const char *name,
			ext2_ino_t old, ext2_ino_t ino);
/* Removes a name; what it stood for loses a link. */
errcode_t entry_remove(ext2_filsys fs, ext2_ino_t dir, const char *name,
		       ext2_ino_t ino);
/* Removes a folder if it is empty. */
errcode_t entry_rmdir(ext2_filsys fs, ext2_ino_t dir, const char *name,
		      ext2_ino_t ino, bool *removed_r);

#endif
