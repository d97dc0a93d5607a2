/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_PG_RIG_H
#define TEST_PG_RIG_H

/* A real PostgreSQL of the test's own, which ends with the test. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pg_rig_pid;
static int pg_rig_input;

/* Its DSN, or LITE_TEST_DSN's. Aborts when it cannot be had. */
static const char *pg_rig_start(void)
{
	static char dsn[512];
	int in[2], out[2];
	ssize_t n;

	if (getenv("LITE_TEST_DSN"))
		return getenv("LITE_TEST_DSN");
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		abort();
	pg_rig_pid = fork();
	if (pg_rig_pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("python3", "python3", "tests/unit/pg_rig.py",
		       (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	n = read(out[0], dsn, sizeof(dsn) - 1);
	close(out[0]);
	if (n <= 0)
		abort();
	dsn[strcspn(dsn, "\n")] = '\0';
	pg_rig_input = in[1];
	return dsn;
}

static void pg_rig_stop(void)
{
	if (!pg_rig_pid)
		return;
	close(pg_rig_input);
	waitpid(pg_rig_pid, NULL, 0);
}

#endif
