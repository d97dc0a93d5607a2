/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/layers.h"

#define PROGRAM "qemu-storage-daemon"

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

static int start(struct child *d, const struct inject_disk *disk, int server,
		 struct err *e)
{
	const char *argv[2 * INJECT_LAYERS_MAX + 6] = { PROGRAM };
	struct buf options[INJECT_LAYERS_MAX] = { 0 };
	size_t i, n = 1;
	int rc;

	for (i = disk->nlayers; i-- > 0; ) {
		argv[n++] = "--blockdev";
		argv[n++] = layers_option(disk, i, &options[i]);
	}
	argv[n++] = "--nbd-server";
	argv[n++] = "addr.type=fd,addr.str=3";
	argv[n++] = "--export";
	argv[n++] = "type=nbd,id=disk,node-name=layer0,name=,writable=on";
	rc = child_start(d, argv, -1, server, e);
	for (i = 0; i < disk->nlayers; i++)
		buf_fini(&options[i]);
	return rc;
}

int daemon_start(struct child *d, const struct inject_disk *disk,
		 const char *temp_dir, int *socket_r, struct err *e)
{
	_cleanup_(cleanup_close) int server = -1;
	_cleanup_(cleanup_close) int client = -1;

	if (layers_check(disk, e) < 0 ||
	    socket_and_client(temp_dir, &server, &client, e) < 0 ||
	    start(d, disk, server, e) < 0)
		return -1;
	*socket_r = client;
	client = -1;
	return 0;
}

int daemon_stop(struct child *d, usec_t deadline, struct err *e)
{
	kill(d->pid, SIGTERM);
	return child_wait(d, deadline, e);
}
