/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_OPTIONS_H
#define LITE_OPTIONS_H

#include "common/base/conf.h"
#include "common/base/mem.h"

/* The common options followed by own (may be NULL); free() it. */
struct conf_opt *options_merge(const struct conf_opt *own);

#endif
