/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/daemon.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/json/out.h"

#define PROGRAM "qemu-storage-daemon"
#define LISTEN_FD 3

/* -- layers --------------------------------------------------------------- */

/* QEMU's docs/interop/qcow2.txt: version at 4, features at 72. */
static int refuse_data_file(const struct inject_layer *l, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(l->path, O_RDONLY | O_CLOEXEC);
	unsigned char head[80] = { 0 };
	uint32_t version;
	uint64_t features;

	if (fd < 0 || pread(fd, head, sizeof(head), 0) < 0)
		return err_errno(e, "%s", l->path);
	memcpy(&version, head + 4, sizeof(version));
	memcpy(&features, head + 72, sizeof(features));
	if (be32toh(version) >= 3 && (be64toh(features) & 1 << 2))
		return err_set(e, ERR_BAD_REQUEST,
			       "Image has an external data file.");
	return 0;
}

static int check_layers(const struct inject_disk *disk, struct err *e)
{
	size_t i;

	assert(disk->nlayers >= 1 && disk->nlayers <= INJECT_LAYERS_MAX);
	for (i = 0; i < disk->nlayers; i++) {
		const struct inject_layer *l = &disk->layers[i];
		int raw = strcmp(l->format, "raw") == 0;

		assert(raw || strcmp(l->format, "qcow2") == 0);
		assert(!raw || i == disk->nlayers - 1);
		if (!raw && refuse_data_file(l, e) < 0)
			return -1;
	}
	return 0;
}

/*
 * --blockdev's argument. Formats and backing layers are named outright, so
 * nothing that a header says leads to another file.
 */
static const char *layer_option(const struct inject_disk *disk, size_t i,
				struct buf *b)
{
	const struct inject_layer *l = &disk->layers[i];
	struct jw w;

	jw_init(&w, b);
	j_obj(&w, NULL);
	j_str(&w, "driver", l->format);
	j_strf(&w, "node-name", "layer%zu", i);
	j_bool(&w, "read-only", i > 0);
	if (i + 1 < disk->nlayers)
		j_strf(&w, "backing", "layer%zu", i + 1);
	else if (strcmp(l->format, "raw") != 0)
		j_null(&w, "backing");
	j_obj(&w, "file");
	j_str(&w, "driver", "file");
	j_str(&w, "filename", l->path);
	j_bool(&w, "read-only", i > 0);
	j_end(&w);
	j_end(&w);
	return buf_str(b);
}

/* -- socket --------------------------------------------------------------- */

static int bind_and_connect(const char *path, int server, int client)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	if (bind(server, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(server, 1) < 0 ||
	    connect(client, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	return 0;
}

static void cleanup_folder(char **path)
{
	if (*path)
		rmdir(*path);
	free(*path);
}

/*
 * A listening socket and the one connection to it. The name that the two
 * need to meet lives shorter than this call, in a folder for us alone.
 */
static int socket_and_client(const char *temp_dir, int *server, int *client,
			     struct err *e)
{
	char *temp = xasprintf("%s/inject-XXXXXX", temp_dir);
	_cleanup_(cleanup_folder) char *dir = mkdtemp(temp);
	_cleanup_(cleanup_free) char *path = xasprintf("%s/nbd", temp);
	int rc;

	if (!dir) {
		free(temp);
		return err_errno(e, "inject: folder in %s", temp_dir);
	}
	*server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*server < 0 || *client < 0)
		return err_errno(e, "inject: socket");
	rc = bind_and_connect(path, *server, *client);
	if (rc < 0)
		err_errno(e, "inject: %s", path);
	unlink(path);
	return rc;
}

/* -- process -------------------------------------------------------------- */

/* Between fork and exec: async-signal-safe calls only. */
static void become(char *const *argv, int server, int said, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(null, 0) >= 0 && dup2(said, 1) >= 0 && dup2(said, 2) >= 0 &&
	    dup2(server, LISTEN_FD) >= 0)
		execvp(argv[0], argv);
	_exit(127);
}

static int spawn(struct daemon *d, char *const *argv, int server,
		 struct err *e)
{
	/* Out of the way of the numbers that the daemon is to find. */
	_cleanup_(cleanup_close) int high = fcntl(server, F_DUPFD_CLOEXEC, 10);
	pid_t parent = getpid(), pid;
	int said[2];

	if (high < 0 || pipe2(said, O_CLOEXEC) < 0)
		return err_errno(e, "inject: pipe");
	pid = fork();
	if (pid == 0)
		become(argv, high, said[1], parent);
	close(said[1]);
	if (pid < 0) {
		close(said[0]);
		return err_errno(e, "inject: fork");
	}
	*d = (struct daemon){ pid, said[0] };
	return 0;
}

static int start(struct daemon *d, const struct inject_disk *disk, int server,
		 struct err *e)
{
	const char *argv[2 * INJECT_LAYERS_MAX + 6] = { PROGRAM };
	struct buf options[INJECT_LAYERS_MAX] = { 0 };
	size_t i, n = 1;
	int rc;

	for (i = disk->nlayers; i-- > 0; ) {
		argv[n++] = "--blockdev";
		argv[n++] = layer_option(disk, i, &options[i]);
	}
	argv[n++] = "--nbd-server";
	argv[n++] = "addr.type=fd,addr.str=3";
	argv[n++] = "--export";
	argv[n++] = "type=nbd,id=disk,node-name=layer0,name=,writable=on";
	rc = spawn(d, (char *const *)argv, server, e);
	for (i = 0; i < disk->nlayers; i++)
		buf_fini(&options[i]);
	return rc;
}

int daemon_start(struct daemon *d, const struct inject_disk *disk,
		 const char *temp_dir, int *socket_r, struct err *e)
{
	_cleanup_(cleanup_close) int server = -1;
	_cleanup_(cleanup_close) int client = -1;

	if (check_layers(disk, e) < 0 ||
	    socket_and_client(temp_dir, &server, &client, e) < 0 ||
	    start(d, disk, server, e) < 0)
		return -1;
	*socket_r = client;
	client = -1;
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
		rc = poll(&p, 1, left > 0 ? left / 1000 : 0);
	} while (rc < 0 && errno == EINTR);
	if (fd < 0 || rc <= 0)
		kill(pid, SIGKILL);
}

/* It is dead, so the pipe has an end. */
static void last_words(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
		n += got;
	text[n] = '\0';
}

int daemon_stop(struct daemon *d, usec_t deadline, struct err *e)
{
	char text[400];
	int status;

	kill(d->pid, SIGTERM);
	wait_until(d->pid, deadline);
	while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR)
		;
	last_words(d->said, text, sizeof(text));
	close(d->said);
	if (status == 0)
		return 0;
	return err_internal(e, PROGRAM ": status %#x: %s", status, text);
}
