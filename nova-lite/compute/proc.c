/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "nova-lite/compute/proc.h"

extern char **environ;

/* Signals as a program expects them; ours are blocked in every thread. */
static void plain_signals(posix_spawnattr_t *attr)
{
	sigset_t none;

	sigemptyset(&none);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK);
}

static int spawn(const char *const *argv, int out, pid_t *pid_r)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc;

	posix_spawnattr_init(&attr);
	plain_signals(&attr);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_adddup2(&files, out, 2);
	rc = posix_spawnp(pid_r, argv[0], &files, &attr, (char **)argv,
			  environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

static void read_all(int fd, struct buf *out)
{
	ssize_t n;

	do {
		n = read(fd, buf_reserve(out, 4096), 4096);
		if (n > 0)
			out->len += n;
	} while (n > 0 || (n < 0 && errno == EINTR));
}

int proc_run(const char *const *argv, struct err *e)
{
	_cleanup_(buf_fini) struct buf said = { 0 };
	int fds[2], status = 0, rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(e, "pipe");
	rc = spawn(argv, fds[1], &pid);
	close(fds[1]);
	if (rc == 0)
		read_all(fds[0], &said);
	close(fds[0]);
	if (rc) {
		errno = rc;
		return err_errno(e, "%s", argv[0]);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	return err_internal(e, "%s: status %#x: %.300s", argv[0], status,
			    buf_str(&said));
}
