/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_RECONCILE_H
#define NOVA_COMPUTE_RECONCILE_H

#include "nova-lite/compute/agent.h"

/*
 * Before the first job of a start: makes host and catalog agree. Jobs finish
 * or undo what they began, by their records; this is for what no job knows of:
 *
 *  - machines and folders of servers that the catalog says are deleted go;
 *  - a server whose machine is off, or gone, is stopped, and one whose
 *    machine runs is active;
 *  - a server in the middle of a change without a job is set free, or in
 *    state error when it was being built.
 *
 * Nothing is removed whose row is not in the catalog (another catalog, another
 * agent's state) or that does not carry this host's mark.
 */
int reconcile(struct agent *a, struct sql_conn *conn, struct err *e);

#endif
