/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>

enum { OPEN_MAX_ = 16 };

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int folder_remove(const char *path, struct err *e)
{
	if (nftw(path, remove_one, OPEN_MAX_, FTW_DEPTH | FTW_PHYS |
		 FTW_MOUNT) == 0 ||
	    errno == ENOENT)
		return 0;
	return err_errno(e, "%s", path);
}
