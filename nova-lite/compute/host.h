/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_HOST_H
#define NOVA_COMPUTE_HOST_H

#include "nova-lite/compute/agent.h"

/* Writes this host's row: what it has and how to ask it. */
int host_register(struct agent *a, struct sql_conn *conn, struct err *e);

/* A thread that says every few seconds that the host is alive. */
int host_heartbeat_start(struct agent *a, struct err *e);
void host_heartbeat_stop(void);

#endif
