/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_EVENTS_H
#define NOVA_COMPUTE_EVENTS_H

#include "common/job/job.h"

/* job_conf's callbacks: a step is an event of the user's action, and a line
 * of the log. */
int events_on_record(struct job *j, struct err *e);
void events_on_trace(const struct job *j, enum job_phase phase, usec_t took,
		     const struct err *e);

#endif
