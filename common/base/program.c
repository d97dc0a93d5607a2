/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/program.h"

#include <stdio.h>
#include <unistd.h>

const char *program_beside(const char *name, char path_r[PROGRAM_PATH])
{
	ssize_t n = readlink("/proc/self/exe", path_r, PROGRAM_PATH - 100);

	while (n > 0 && path_r[n - 1] != '/')
		n--;
	snprintf(path_r + (n < 0 ? 0 : n), 100, "%s", name);
	return path_r;
}
