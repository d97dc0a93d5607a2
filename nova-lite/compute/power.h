/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_POWER_H
#define NOVA_COMPUTE_POWER_H

#include "nova-lite/compute/agent.h"

/*
 * Guests stop, crash and start without a job: a thread that keeps the
 * catalog's power states true. It is told by libvirt's events, by the ends of
 * jobs (an event during one is left to it) and by lost connections, after
 * which it looks at every server.
 */
int power_start(struct agent *a, struct err *e);
void power_stop(void);

/* Queues a look at one server (NULL: at all); from any thread, never waits. */
void power_look(const char *server_id);

/* virt_conf's on_event. */
void power_on_event(void *user, enum virt_event event, const char *uuid);

/* The look at all servers of the host, on conn. */
int power_sync_all(struct agent *a, struct sql_conn *conn, struct err *e);

#endif
