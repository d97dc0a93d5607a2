/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subreap COMMAND... - run a command and be init for all that it leaves.
 *
 * QEMU and dnsmasq turn themselves into daemons. Their parent is then process
 * 1, which in a container may take seconds to reap them, and libvirt waits
 * until a machine it kills is reaped. Here they are reaped at once, and when
 * the command has ended, none of them outlives it. TERM, INT and HUP go to
 * the command, whose exit status is passed on.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t command;

static void pass_on(int sig)
{
	kill(command, sig);
}

/* Orphans of killed children come to us in turn, hence until none is left. */
static void kill_children(void)
{
	char path[64];
	FILE *f;
	int pid, n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	do {
		f = fopen(path, "re");
		for (n = 0; f && fscanf(f, "%d", &pid) == 1; n++)
			kill(pid, SIGKILL);
		if (f)
			fclose(f);
		while (n > 0 && wait(NULL) > 0)
			n--;
	} while (f && waitpid(-1, NULL, WNOHANG) == 0);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
	int status = 0;
	pid_t pid;

	if (argc < 2 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 2;
	command = fork();
	if (command == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	do {
		pid = wait(&status);
	} while (pid > 0 && pid != command);
	kill_children();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
