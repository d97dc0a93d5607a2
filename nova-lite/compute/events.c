/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/base/log.h"
#include "nova-lite/compute/agent.h"
#include "nova-lite/compute/events.h"
#include "nova-lite/compute/power.h"
#include "gen/compute_sql.h"

/* "server_create.define", "server_create.define:undo" */
static void event_name(const struct job *j, char *out, size_t n)
{
	snprintf(out, n, "%s.%s%s", j->kind->name, j->step->name,
		 j->undoing ? ":undo" : "");
}

/* The step that failed is the last one that was not an undo. */
int events_on_record(struct job *j, struct err *e)
{
	const struct agent *a = j->user;
	struct rows rows = { 0 };
	char name[128];

	event_name(j, name, sizeof(name));
	if (sql_exec(j->conn, &SQL_action_step,
		     ARGS(j->subject, j->request_id, name,
			  (const char *)a->host, j->undoing, j->error),
		     &rows, e) < 0)
		return -1;
	rows_fini(&rows);
	return 0;
}

void events_on_trace(const struct job *j, enum job_phase phase, usec_t took,
		     const struct err *e)
{
	static const char *const words[] = { "step", "undo", "outcome" };
	char ms[24];

	snprintf(ms, sizeof(ms), "%lld.%03lld", (long long)took / 1000,
		 (long long)took % 1000);
	log_kv(e ? LOG_ERR_ : LOG_INFO_, words[phase], "op", j->kind->name,
	       "step", phase == JOB_OUTCOME || !j->step ? NULL :
						      j->step->name,
	       "server", j->subject, "req", j->request_id, "ms", ms,
	       "result", phase != JOB_OUTCOME ? NULL :
	       e ? "again" : j->undoing ? "failed" : "done",
	       "error", e ? err_name(e->kind) : j->undoing ? j->error : NULL,
	       "message", e ? e->msg : NULL,
	       "detail", e && e->detail[0] ? e->detail : NULL, NULL);
	if (phase == JOB_OUTCOME && !e)
		power_look(j->subject);
}
