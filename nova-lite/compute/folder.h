/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_FOLDER_H
#define NOVA_COMPUTE_FOLDER_H

#include "common/base/err.h"

/* Removes a file, or a folder with all that is in it; neither links nor mounts
 * are followed. What is not there is removed. */
int folder_remove(const char *path, struct err *e);

#endif
