/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"

enum { HOURS_MAX = 4 };
/* Of address space: a strange image must not take the memory of all. */
#define MEMORY_MAX (4LL << 30)

/* -- turns ----------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	int free;
	atomic_bool stopped;
	int stop_fd;			/* readable once stopped */
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
	   .turn = PTHREAD_COND_INITIALIZER, .stop_fd = -1 };

void tool_init(int at_once)
{
	gate.free = at_once;
	gate.stop_fd = eventfd(0, EFD_CLOEXEC);
}

void tool_stop(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.stopped = true;
	eventfd_write(gate.stop_fd, 1);
	pthread_cond_broadcast(&gate.turn);
	pthread_mutex_unlock(&gate.lock);
}

static int stopped(struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, NULL);
}

static int gate_enter(struct err *e)
{
	int ret = 0;

	pthread_mutex_lock(&gate.lock);
	while (gate.free == 0 && !gate.stopped)
		pthread_cond_wait(&gate.turn, &gate.lock);
	if (gate.stopped)
		ret = stopped(e);
	else
		gate.free--;
	pthread_mutex_unlock(&gate.lock);
	return ret;
}

static void gate_leave(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.free++;
	pthread_cond_signal(&gate.turn);
	pthread_mutex_unlock(&gate.lock);
}

/* -- the process ----------------------------------------------------------- */

static void limit(int what, int64_t most)
{
	struct rlimit old, new;

	if (getrlimit(what, &old) < 0)
		return;
	new = old;
	if (old.rlim_cur == RLIM_INFINITY || old.rlim_cur > (rlim_t)most)
		new.rlim_cur = (rlim_t)most;
	setrlimit(what, &new);
}

/* Between fork and exec: async-signal-safe calls only. */
static void become(const struct tool *t, int said, pid_t parent)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	limit(RLIMIT_FSIZE, t->size_max);
	if (!t->sanitized)
		limit(RLIMIT_AS, MEMORY_MAX);
	if (dup2(in, 0) >= 0 && dup2(said, 1) >= 0 && dup2(said, 2) >= 0)
		execvp(t->argv[0], (char *const *)t->argv);
	_exit(127);
}

/* Until it ends; not beyond a stop or the longest time. */
static void wait_for(pid_t pid)
{
	_cleanup_(cleanup_close) int fd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
			      { .fd = gate.stop_fd, .events = POLLIN } };
	int rc;

	do
		rc = fd < 0 ? 0 : poll(p, 2, HOURS_MAX * 3600 * 1000);
	while (rc < 0 && errno == EINTR);
	if (rc <= 0 || !p[0].revents)
		kill(pid, SIGKILL);
}

static int ended(struct tool *t, pid_t pid, int said, struct err *e)
{
	ssize_t n;
	int status;

	wait_for(pid);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	fcntl(said, F_SETFL, O_NONBLOCK);
	n = read(said, t->said, sizeof(t->said) - 1);
	t->said[n > 0 ? n : 0] = '\0';
	if (status == 0)
		return 0;
	if (gate.stopped)
		return stopped(e);
	t->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return err_internal(e, "%s: status %#x: %s", t->argv[0], status,
			    t->said);
}

static int run(struct tool *t, struct err *e)
{
	pid_t parent = getpid(), pid;
	int said[2], ret;

	if (pipe2(said, O_CLOEXEC) < 0)
		return err_errno(e, "%s: pipe", t->argv[0]);
	pid = fork();
	if (pid == 0)
		become(t, said[1], parent);
	close(said[1]);
	ret = pid < 0 ? err_errno(e, "%s: fork", t->argv[0]) :
			ended(t, pid, said[0], e);
	close(said[0]);
	return ret;
}

int tool_run(struct tool *t, struct err *e)
{
	int ret;

	t->code = -1;
	if (gate_enter(e) < 0)
		return -1;
	ret = run(t, e);
	gate_leave();
	return ret;
}
