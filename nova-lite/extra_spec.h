/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_EXTRA_SPEC_H
#define NOVA_EXTRA_SPEC_H

#include "common/base/err.h"

/*
 * Checks an extra spec of a flavor as Nova does from 2.86 on: values of the
 * keys of extra_spec.tbl, and keys in the namespaces of that table. All other
 * keys are the operator's own. -1: BAD_REQUEST in Nova's words.
 */
int extra_spec_check(const char *key, const char *value, struct err *e);

#endif
