/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_OS_WATCH_H
#define NOVA_COMPUTE_OS_WATCH_H

#include "nova-lite/compute/agent.h"

/*
 * Threads that look, once a second, after the servers that share OS images:
 * those that gave no ready signal in time go back, fleets that are being
 * switched get on, and, once a minute, versions that nothing uses leave the
 * host. All that it decides by is in the catalog.
 */
int os_watch_start(struct agent *a, struct err *e);
void os_watch_stop(void);

#endif
