/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_TEST_SQL_PRIVATE_H
#define LITE_TEST_SQL_PRIVATE_H

/* A real PostgreSQL of this test's own (tests/pg-private.sh). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char private_dir[64], private_dsn[128];

static inline int private_run(const char *verb)
{
	char cmd[160];

	snprintf(cmd, sizeof(cmd), "tests/pg-private.sh %s %s >/dev/null",
		 verb, private_dir);
	return system(cmd);
}

/* For cmocka's groups. */
static inline int private_start(void **state)
{
	(void)state;
	strcpy(private_dir, "/tmp/sql-test-XXXXXX");
	if (!mkdtemp(private_dir))
		return -1;
	snprintf(private_dsn, sizeof(private_dsn),
		 "host=%s dbname=lite user=lite", private_dir);
	return private_run("start");
}

static inline int private_remove(void **state)
{
	(void)state;
	return private_run("remove");
}

#endif
