/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_STATUS_H
#define NOVA_STATUS_H

/*
 * A server's status is what users see of its vm_state and task_state (API
 * guide, "Server concepts"). Pure functions of one table.
 */

/* task may be NULL. Never NULL; "UNKNOWN" for a state not in the table. */
const char *status_of(const char *vm_state, const char *task_state);

/*
 * The states that show as `status` (in any case) as PostgreSQL arrays, for a
 * filter; *tasks_r is NULL where any task does. -1: no state shows so.
 */
int status_states(const char *status, const char **states_r,
		  const char **tasks_r);

#endif
