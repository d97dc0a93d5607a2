/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"

/* Between fork and exec: async-signal-safe calls only. */
static void become(const char *const *argv, const int fds[3], pid_t parent)
{
	int in = fds[0] < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : fds[0];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) >= 0 && dup2(fds[1], 1) >= 0 && dup2(fds[1], 2) >= 0 &&
	    dup2(fds[2], CHILD_FD) >= 0)
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int child_start(struct child *c, const char *const *argv, int in, int fd,
		struct err *e)
{
	/* Out of the way of the number that the child is to find. */
	_cleanup_(cleanup_close) int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	pid_t parent = getpid(), pid;
	int said[2];

	if (high < 0 || pipe2(said, O_CLOEXEC) < 0)
		return err_errno(e, "%s: pipe", argv[0]);
	pid = fork();
	if (pid == 0)
		become(argv, (const int[3]){ in, said[1], high }, parent);
	close(said[1]);
	if (pid < 0) {
		close(said[0]);
		return err_errno(e, "%s: fork", argv[0]);
	}
	*c = (struct child){ .pid = pid, .said = said[0] };
	return 0;
}

static void wait_until(pid_t pid, usec_t deadline)
{
	_cleanup_(cleanup_close) int fd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	usec_t left;
	int rc;

	do {
		left = deadline - usec_monotonic();
		/* rounded up, so that it is over when the time is */
		rc = poll(&p, 1, left > 0 ? (left + 999) / 1000 : 0);
	} while (rc < 0 && errno == EINTR);
	if (fd < 0 || rc <= 0)
		kill(pid, SIGKILL);
}

/* What is in the pipe; its other end may still be in a grandchild's hands. */
static void last_words(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
		n += got;
	text[n] = '\0';
}

int child_wait(struct child *c, usec_t deadline, struct err *e)
{
	int status;

	wait_until(c->pid, deadline);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	last_words(c->said, c->words, sizeof(c->words));
	close(c->said);
	if (status == 0)
		return 0;
	return err_internal(e, "child: status %#x: %s", status, c->words);
}
