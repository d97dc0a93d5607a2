/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

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

double rate_injection(struct job *j, size_t n)
{
	const char *host = job_agent(j)->host;
	struct rows rows = { 0 };
	struct err ignored;
	struct row row;
	double seconds;

	if (sql_exec(j->conn, &SQL_injection_cost, ARGS(host, (int64_t)n),
		     &rows, &ignored) < 0)
		return 0;
	row = rows_at(&rows, 0);
	seconds = strtod(row_text(&row, 0), NULL);
	rows_fini(&rows);
	return seconds;
}
