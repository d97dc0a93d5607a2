/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "nova-lite/compute/rates.h"
#include "nova-lite/compute/server.h"

void rate_note(struct job *j, const char *kind, int64_t amount, usec_t took)
{
	const char *host = job_agent(j)->host;
	struct rows rows = { 0 };
	struct err ignored;
	char seconds[32];

	if (amount <= 0)
		return;
	snprintf(seconds, sizeof(seconds), "%.6f",
		 (double)took / USEC_PER_SEC);
	if (sql_exec(j->conn, &SQL_rate_note,
		     ARGS(host, kind, amount, (const char *)seconds), &rows,
		     &ignored) == 0)
		rows_fini(&rows);
}
