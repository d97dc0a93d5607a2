/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on demand, so that tests can walk every step of every table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/job/internal.h"

static bool point_is(const char *variable, const struct job *j,
		     const char *suffix)
{
	const char *want = getenv(variable);
	char name[128];

	if (!want)
		return false;
	snprintf(name, sizeof(name), "%s.%s%s", j->kind->name, j->step->name,
		 suffix);
	return strcmp(want, name) == 0;
}

void job_crash_point(const struct job *j, const char *suffix)
{
	if (point_is("LITE_CRASH_AT", j, suffix))
		_exit(JOB_CRASH_STATUS);
}

bool job_fail_point(const struct job *j)
{
	return point_is("LITE_FAIL_AT", j, "");
}

void job_dump_steps(const struct job_kind *const *kinds)
{
	for (; *kinds; kinds++) {
		for (const struct job_step *s = (*kinds)->steps; s->name; s++)
			printf("%s.%s\n", (*kinds)->name, s->name);
	}
}
