/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_PROC_H
#define NOVA_COMPUTE_PROC_H

#include "common/base/err.h"

/*
 * Runs a program (argv[0] is looked up in PATH; argv ends with NULL) with no
 * input and waits for it. A status other than 0 fails with INTERNAL and what
 * it said last in the detail.
 */
int proc_run(const char *const *argv, struct err *e);

#endif
