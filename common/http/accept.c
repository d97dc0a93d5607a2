/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ACCEPTS_PER_LOOK = 64 };

static void peer_format(const struct sockaddr_storage *ss, char *peer)
{
	const void *addr = NULL;

	if (ss->ss_family == AF_INET)
		addr = &((const struct sockaddr_in *)ss)->sin_addr;
	else if (ss->ss_family == AF_INET6)
		addr = &((const struct sockaddr_in6 *)ss)->sin6_addr;
	if (!addr || !inet_ntop(ss->ss_family, addr, peer, INET6_ADDRSTRLEN))
		strcpy(peer, "unix");
}

static void conn_new(struct http_loop *l, int fd, const struct listener *li,
		     const struct sockaddr_storage *from)
{
	struct http_conn *c = xcalloc(1, sizeof(*c));

	c->source.fire = conn_fire;
	c->server = l->server;
	c->fd = fd;
	c->rq.loop = l;
	c->rq.file_fd = -1;
	arena_init(&c->rq.arena);
	if (li->peer[0])
		strcpy(c->peer, li->peer);
	else
		peer_format(from, c->peer);
	c->next = l->conns;
	if (c->next)
		c->next->prev = c;
	l->conns = c;
	conn_interest(c, EPOLLIN);
	loop_due(c, DUE_IDLE);
	if (l->stopping) {	/* no time to wait for a request to come */
		c->readable = true;
		conn_run(c);
	}
}

/* Closes the connection that has been idle longest; false: there is none. */
static bool conn_evict(struct http_loop *l)
{
	if (!l->dues[DUE_IDLE].first)
		return false;
	conn_close(l->dues[DUE_IDLE].first);
	return true;
}

/* At the limit the connection that has been idle longest makes room. */
static bool conn_admit(struct http_loop *l)
{
	struct http_server *s = l->server;

	if (atomic_fetch_add(&s->nconns, 1) < s->conf.conns_max)
		return true;
	if (conn_evict(l))
		return true;
	atomic_fetch_sub(&s->nconns, 1);
	return false;
}

static void listener_resume(struct http_loop *l, void *arg)
{
	struct listener *li = arg;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &li->source };

	if (li->fd >= 0)
		epoll_ctl(l->epfd, EPOLL_CTL_MOD, li->fd, &ev);
}

/* No descriptors left: leave the queue alone for a moment. */
static void listener_pause(struct http_loop *l, struct listener *li)
{
	struct epoll_event ev = { .events = 0, .data.ptr = &li->source };

	conn_evict(l);
	epoll_ctl(l->epfd, EPOLL_CTL_MOD, li->fd, &ev);
	http_loop_timer(l, 100, listener_resume, li);
}

static void conn_welcome(struct http_loop *l, int fd,
			 const struct listener *li,
			 const struct sockaddr_storage *from)
{
	static const char full[] = "HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n";

	if (conn_admit(l)) {
		conn_new(l, fd, li, from);
		return;
	}
	send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

void conn_accept(struct http_loop *l, struct source *s, uint32_t events)
{
	struct listener *li = container_of(s, struct listener, source);

	(void)events;
	if (li->fd < 0)
		return;		/* closed in this turn */
	for (int i = 0; i < ACCEPTS_PER_LOOK || l->stopping; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		int fd = accept4(li->fd, (struct sockaddr *)&from, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			conn_welcome(l, fd, li, &from);
		} else if (errno != ECONNABORTED && errno != EINTR) {
			if (errno != EAGAIN && !l->stopping)
				listener_pause(l, li);
			return;
		}
	}
}
