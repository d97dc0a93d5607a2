/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* ---- listening -------------------------------------------------------- */

int listen_unix(const char *path, struct err *e)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
	} else {
		strcpy(sun.sun_path, path);
		unlink(path);		/* left by one that was killed */
		if (fd >= 0 &&
		    bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
		    listen(fd, BACKLOG) == 0)
			return fd;
	}
	err_errno(e, "listen on unix:%s", path);
	cleanup_close(&fd);
	return -1;
}

static int listen_tcp(const struct addrinfo *ai)
{
	int one = 1;
	int fd = socket(ai->ai_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	/* what is accepted inherits this */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return 0;
	if (ss.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&ss)->sin_port);
	return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
}

/* "host:port" or "[v6]:port"; port 0 once bound is s->port for the others. */
static int listen_inet(struct http_server *s, const char *where,
		       struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai;
	_cleanup_(cleanup_free) char *host = xstrdup(where);
	char *colon = strrchr(host, ':'), *name = host, port[16];
	int fd = -1, rc;

	if (!colon)
		return err_set(e, ERR_BAD_REQUEST, "listen on %s: no port",
			       where);
	*colon = '\0';
	snprintf(port, sizeof(port), "%s", colon + 1);
	if (strcmp(port, "0") == 0)
		snprintf(port, sizeof(port), "%d", s->port);
	if (*name == '[' && colon[-1] == ']') {
		name++;
		colon[-1] = '\0';
	}
	rc = getaddrinfo(*name ? name : NULL, port, &hints, &ai);
	if (rc != 0)
		return err_set(e, ERR_BAD_REQUEST, "listen on %s: %s", where,
			       gai_strerror(rc));
	fd = listen_tcp(ai);
	freeaddrinfo(ai);
	if (fd < 0)
		return err_errno(e, "listen on %s", where);
	if (!s->port)
		s->port = port_of(fd);
	return fd;
}

/* The i-th address for a loop; a unix socket is one for all loops. */
static int listener_open(struct http_loop *l, int i, const char *where,
			 struct err *e)
{
	struct http_server *s = l->server;
	struct listener *li = &l->listeners[i];
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &li->source };

	li->source.fire = conn_accept;
	if (strncmp(where, "unix:", 5) != 0) {
		li->fd = listen_inet(s, where, e);
	} else if (s->unix_paths[i]) {
		li->fd = fcntl(s->loops[0]->listeners[i].fd, F_DUPFD_CLOEXEC,
			       0);
		if (li->fd < 0)
			err_errno(e, "listen on %s", where);
	} else {
		li->fd = listen_unix(where + 5, e);
		if (li->fd >= 0)
			s->unix_paths[i] = xstrdup(where + 5);
	}
	if (li->fd < 0)
		return -1;
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, li->fd, &ev) < 0)
		return err_errno(e, "listen on %s", where);
	return 0;
}

static int loop_listen(struct http_loop *l, struct err *e)
{
	_cleanup_(cleanup_free) char *all = xstrdup(l->server->conf.listen);
	char *save = NULL, *where = strtok_r(all, ", ", &save);
	int n = 0;

	for (; where; where = strtok_r(NULL, ", ", &save)) {
		if (n == LISTEN_MAX)
			return err_set(e, ERR_BAD_REQUEST,
				       "more than %d addresses", LISTEN_MAX);
		if (listener_open(l, n++, where, e) < 0)
			return -1;
	}
	l->server->nlisten = n;
	return 0;
}

/* ---- start and end ---------------------------------------------------- */

static int or(int given, int dflt)
{
	return given > 0 ? given : dflt;
}

static struct http_conf conf_fill(const struct http_conf *c)
{
	int cores = or((int)sysconf(_SC_NPROCESSORS_ONLN), 1);
	struct http_conf conf = *c;

	conf.loops = or(c->loops, cores);
	conf.workers = or(c->workers, 8);
	conf.hashers = or(c->hashers, cores);
	conf.body_threads = or(c->body_threads, 64);
	conf.queue_max = or(c->queue_max, 1024);
	conf.conns_max = or(c->conns_max, 4096);
	conf.max_body = c->max_body ? c->max_body : 1 << 20;
	conf.head_timeout_ms = or(c->head_timeout_ms, 10000);
	conf.idle_timeout_ms = or(c->idle_timeout_ms, 75000);
	conf.body_rate_min = or(c->body_rate_min, 1024);
	return conf;
}

static int loops_start(struct http_server *s, struct err *e)
{
	int started = 0, rc = 0;

	for (int i = 0; i < s->conf.loops && rc == 0; i++) {
		rc = pthread_create(&s->loops[i]->thread, NULL, loop_main,
				    s->loops[i]);
		started += rc == 0;
	}
	if (rc != 0)
		err_internal(e, "cannot start a thread: %s", strerror(rc));
	for (int i = 0; i < started; i++)
		sem_wait(&s->started);
	for (int i = 0; i < started && rc == 0; i++)
		if (s->loops[i]->index < 0)
			rc = err_internal(e, "loop %d did not start", i);
	if (rc == 0)
		return 0;
	/* those that never ran have nothing to join */
	for (int i = started; i < s->conf.loops; i++) {
		loop_free(s->loops[i]);
		s->loops[i] = NULL;
	}
	return -1;
}

struct http_server *http_server_new(const struct http_conf *c, struct err *e)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	struct http_conf *conf = &s->conf;
	int rc = 0;

	*conf = conf_fill(c);
	sem_init(&s->started, 0, 0);
	s->pools[HTTP_POOL_WORK] = pool_new(conf->workers, conf->queue_max);
	s->pools[HTTP_POOL_HASH] = pool_new(conf->hashers, conf->queue_max);
	s->streams = pool_new(conf->body_threads, conf->queue_max);
	s->loops = xcalloc((size_t)conf->loops, sizeof(s->loops[0]));
	for (int i = 0; i < conf->loops && rc == 0; i++) {
		s->loops[i] = loop_new(s, i, e);
		rc = s->loops[i] ? loop_listen(s->loops[i], e) : -1;
	}
	if (rc < 0) {
		for (int i = 0; i < conf->loops; i++) {
			loop_free(s->loops[i]);
			s->loops[i] = NULL;
		}
	} else {
		rc = loops_start(s, e);
	}
	if (rc < 0) {
		http_server_free(s, 0);
		return NULL;
	}
	return s;
}

int http_server_port(const struct http_server *s)
{
	return s->port;
}

void http_server_free(struct http_server *s, int ms)
{
	if (!s)
		return;
	s->stop_due = usec_monotonic() + ms * 1000LL;
	atomic_store(&s->stopping, true);
	for (int i = 0; i < s->conf.loops; i++)
		if (s->loops[i])
			loop_wake(s->loops[i]);
	for (int i = 0; i < s->conf.loops; i++)
		if (s->loops[i])
			pthread_join(s->loops[i]->thread, NULL);
	for (int i = 0; i < HTTP_POOLS; i++)
		pool_free(s->pools[i]);
	pool_free(s->streams);
	for (int i = s->conf.loops - 1; i >= 0; i--)
		loop_free(s->loops[i]);
	for (int i = 0; i < LISTEN_MAX; i++) {
		if (s->unix_paths[i])
			unlink(s->unix_paths[i]);
		free(s->unix_paths[i]);
	}
	sem_destroy(&s->started);
	free(s->loops);
	free(s);
}
