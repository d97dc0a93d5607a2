/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/delta/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
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

void convert_init(int at_once)
{
	gate.free = at_once;
	gate.stop_fd = eventfd(0, EFD_CLOEXEC);
}

void convert_stop(void)
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

/* The input as a tree of block devices, which leaves nothing to be guessed. */
static char *describe(const struct convert *c)
{
	json_t *v = json_pack("{ss s{ss ss} s{ss s{ss ss} sn}}",
		"driver", "qcow2",
		"file", "driver", "file", "filename", c->delta,
		"backing", "driver", c->base_driver,
			"file", "driver", "file", "filename", c->base,
			"backing");
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
	char *input = text ? xasprintf("json:%s", text) : NULL;

	cleanup_free(&text);
	json_decref(v);
	return input;
}

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
static void become(const struct convert *c, const char *const *argv, int said,
		   pid_t parent)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	limit(RLIMIT_FSIZE, c->size_max);
	limit(RLIMIT_AS, MEMORY_MAX);
	if (dup2(in, 0) >= 0 && dup2(said, 1) >= 0 && dup2(said, 2) >= 0)
		execvp(argv[0], (char *const *)argv);
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

static int ended(pid_t pid, int said, struct err *e)
{
	char text[400];
	ssize_t n;
	int status;

	wait_for(pid);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	if (gate.stopped)
		return stopped(e);
	fcntl(said, F_SETFL, O_NONBLOCK);
	n = read(said, text, sizeof(text));
	return err_internal(e, "qemu-img: status %#x: %.*s", status,
			    n > 0 ? (int)n : 0, text);
}

static int run(const struct convert *c, const char *input, struct err *e)
{
	const char *argv[] = { "qemu-img", "convert", "-q", "-O", "qcow2",
			       "-c", "-o", "compression_type=zstd", input,
			       c->out, NULL };
	pid_t parent = getpid(), pid;
	int said[2], ret;

	if (pipe2(said, O_CLOEXEC) < 0)
		return err_errno(e, "qemu-img: pipe");
	pid = fork();
	if (pid == 0)
		become(c, argv, said[1], parent);
	close(said[1]);
	ret = pid < 0 ? err_errno(e, "qemu-img: fork") : ended(pid, said[0], e);
	close(said[0]);
	return ret;
}

int convert_run(const struct convert *c, struct err *e)
{
	_cleanup_(cleanup_free) char *input = describe(c);
	int ret;

	if (!input)
		return err_internal(e, "%s is not UTF-8", c->base);
	if (gate_enter(e) < 0)
		return -1;
	ret = run(c, input, e);
	gate_leave();
	return ret;
}
