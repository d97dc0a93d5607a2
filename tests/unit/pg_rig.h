/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_PG_RIG_H
#define TEST_PG_RIG_H

/*
 * A real PostgreSQL of the test's own (pg_rig.py), which ends with the test
 * whatever becomes of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char pg_rig_dsn[512];
static pid_t pg_rig_pid;
static int pg_rig_input, pg_rig_output;

/* One line; not a byte of the next. */
static inline void pg_rig_answer(char *out, size_t size)
{
	size_t n = 0;

	while (n < size && read(pg_rig_output, out + n, 1) == 1 &&
	       out[n] != '\n')
		n++;
	if (n == 0 || n == size || out[n] != '\n')
		abort();
	out[n] = '\0';
}

/* Its DSN. Aborts when it cannot be had. */
static inline const char *pg_rig_start(void)
{
	int in[2], out[2];

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
	pg_rig_input = in[1];
	pg_rig_output = out[0];
	pg_rig_answer(pg_rig_dsn, sizeof(pg_rig_dsn));
	return pg_rig_dsn;
}

/* "stop" ends the server as a crash would, "start" brings it back. */
static inline void pg_rig_do(const char *verb)
{
	char line[16];

	if (dprintf(pg_rig_input, "%s\n", verb) < 0)
		abort();
	pg_rig_answer(line, sizeof(line));
}

static inline void pg_rig_stop(void)
{
	close(pg_rig_input);
	close(pg_rig_output);
	waitpid(pg_rig_pid, NULL, 0);
}

/* For cmocka's groups. */
static inline int pg_rig_setup(void **state)
{
	(void)state;
	pg_rig_start();
	return 0;
}

static inline int pg_rig_teardown(void **state)
{
	(void)state;
	pg_rig_stop();
	return 0;
}

#endif
