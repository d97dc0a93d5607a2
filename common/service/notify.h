/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_NOTIFY_H
#define LITE_NOTIFY_H

#include "common/base/err.h"

/* The thread that listens to the catalog; see service_on_notify. */
int notify_start(const char *dsn, struct err *e);
void notify_stop(void);

#endif
