/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct door *door_find(struct http_loop *l, const char *path)
{
	struct door *d = l->doors;

	while (d && (!d->path || strcmp(d->path, path) != 0))
		d = d->next;
	return d;
}

static struct door *door_spare(struct http_loop *l)
{
	struct door *d = l->doors;

	while (d && d->path)
		d = d->next;
	if (!d) {
		d = xcalloc(1, sizeof(*d));
		d->listener.source.fire = conn_accept;
		d->listener.fd = -1;
		d->next = l->doors;
		l->doors = d;
	}
	return d;
}

int http_loop_listen(struct http_loop *l, const char *path, const char *peer,
		     struct err *e)
{
	struct door *d = door_find(l, path);
	struct epoll_event ev = { .events = EPOLLIN };
	int fd;

	assert(strlen(peer) < sizeof(d->listener.peer));
	if (d)
		return 0;
	fd = listen_unix(path, e);
	if (fd < 0)
		return -1;
	d = door_spare(l);
	ev.data.ptr = &d->listener.source;
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		close(fd);
		return err_errno(e, "listen on unix:%s", path);
	}
	d->listener.fd = fd;
	d->path = xstrdup(path);
	strcpy(d->listener.peer, peer);
	return 0;
}

static void door_close(struct http_loop *l, struct door *d)
{
	epoll_ctl(l->epfd, EPOLL_CTL_DEL, d->listener.fd, NULL);
	close(d->listener.fd);
	d->listener.fd = -1;
	unlink(d->path);
	free(d->path);
	d->path = NULL;
}

void http_loop_unlisten(struct http_loop *l, const char *path)
{
	struct door *d = door_find(l, path);

	if (d)
		door_close(l, d);
}

void doors_close(struct http_loop *l)
{
	for (struct door *d = l->doors; d; d = d->next) {
		if (!d->path)
			continue;
		conn_accept(l, &d->listener.source, 0);
		door_close(l, d);
	}
}

void doors_free(struct http_loop *l)
{
	struct door *d;

	while ((d = l->doors)) {
		l->doors = d->next;
		cleanup_close(&d->listener.fd);
		free(d->path);
		free(d);
	}
}
