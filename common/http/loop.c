/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/engine.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_PER_LOOK = 256, LOOKS_PER_TURN = 4 };

static __thread const struct http_loop *self;

bool loop_is_self(const struct http_loop *l)
{
	return self == l;
}

/* ---- mailbox: requests come home from other threads ------------------- */

void loop_wake(struct http_loop *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->mail_fd, &one, sizeof(one));

	(void)n;	/* fails only where the counter is high already */
}

void loop_mail(struct http_conn *c, enum mail mail)
{
	struct http_loop *l = c->rq.loop;
	struct http_conn *old = atomic_load(&l->mail);

	c->mail = mail;
	do
		c->mail_next = old;
	while (!atomic_compare_exchange_weak(&l->mail, &old, c));
	/* from here on c may be gone */
	if (!old)
		loop_wake(l);
}

static void mail_fire(struct http_loop *l, struct source *s, uint32_t events)
{
	struct http_conn *c, *next, *first = NULL;
	uint64_t count;
	ssize_t n = read(l->mail_fd, &count, sizeof(count));

	(void)s;
	(void)events;
	(void)n;
	for (c = atomic_exchange(&l->mail, NULL); c; c = next) {
		next = c->mail_next;
		c->mail_next = first;	/* the oldest was the last */
		first = c;
	}
	for (c = first; c; c = next) {
		next = c->mail_next;
		conn_mailed(c);
	}
}

/* ---- deadlines of connections ----------------------------------------- */

void loop_due(struct http_conn *c, enum deadline list)
{
	struct http_loop *l = c->rq.loop;
	struct due_list *d = &l->dues[c->due_list];

	if (c->due_list != DUE_NONE) {
		*(c->due_prev ? &c->due_prev->due_next : &d->first) =
			c->due_next;
		*(c->due_next ? &c->due_next->due_prev : &d->last) =
			c->due_prev;
	}
	c->due_list = list;
	if (list == DUE_NONE)
		return;
	d = &l->dues[list];
	c->due = l->now + d->after;
	c->due_prev = d->last;
	c->due_next = NULL;
	*(d->last ? &d->last->due_next : &d->first) = c;
	d->last = c;
}

static void dues_run(struct http_loop *l)
{
	for (int i = DUE_NONE + 1; i < DUES; i++) {
		struct due_list *d = &l->dues[i];

		while (d->first && d->first->due <= l->now)
			conn_expired(d->first);
	}
}

/* ---- timers and watches of the callbacks ------------------------------ */

void http_loop_timer(struct http_loop *l, int ms,
		     void (*fn)(struct http_loop *l, void *arg), void *arg)
{
	struct timer *t = xmalloc(sizeof(*t)), **at = &l->timers;

	*t = (struct timer){ usec_monotonic() + ms * 1000LL, fn, arg, NULL };
	while (*at && (*at)->due <= t->due)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

static void timers_run(struct http_loop *l)
{
	while (l->timers && l->timers->due <= l->now) {
		struct timer *t = l->timers;

		l->timers = t->next;
		t->fn(l, t->arg);
		free(t);
	}
}

static void watch_fire(struct http_loop *l, struct source *s, uint32_t events)
{
	struct watch *w = container_of(s, struct watch, source);

	if (w->fn)
		w->fn(l, events, w->arg);
}

/*
 * The watch of fd, or a free one (fd -1). Watches are freed with the loop
 * only: a descriptor that its owner has closed may still be reported while a
 * child between fork and exec holds it too.
 */
static struct watch *watch_find(struct http_loop *l, int fd)
{
	struct watch *w = l->watches;

	while (w && w->fd != fd)
		w = w->next;
	return w;
}

int http_loop_watch(struct http_loop *l, int fd, uint32_t events,
		    void (*fn)(struct http_loop *l, uint32_t events,
			       void *arg), void *arg)
{
	struct watch *w = watch_find(l, fd);
	struct epoll_event ev = { .events = events };

	if (!events) {
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, fd, NULL);
		if (w) {
			w->fd = -1;
			w->fn = NULL;
		}
		return 0;
	}
	if (!w)
		w = watch_find(l, -1);
	if (!w) {
		w = xcalloc(1, sizeof(*w));
		w->next = l->watches;
		l->watches = w;
	}
	*w = (struct watch){ { watch_fire }, fd, fn, arg, w->next };
	ev.data.ptr = &w->source;
	/* a descriptor that was closed and opened again is a new one */
	if (epoll_ctl(l->epfd, EPOLL_CTL_MOD, fd, &ev) == 0)
		return 0;
	return epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev);
}

void http_loop_set(struct http_loop *l, void *user)
{
	l->user = user;
}

void *http_loop_get(struct http_loop *l)
{
	return l->user;
}

int http_loop_index(const struct http_loop *l)
{
	return l->index;
}

const char *loop_date(struct http_loop *l)
{
	usec_t now;

	if (l->now >= l->date_due) {
		now = usec_now();
		time_format(now, TIME_HTTP, l->date);
		l->date_due = l->now + USEC_PER_SEC - now % USEC_PER_SEC;
	}
	return l->date;
}

/* ---- the thread ------------------------------------------------------- */

/* Milliseconds until something is due, rounded up; -1: nothing is. */
static int loop_timeout(const struct http_loop *l)
{
	usec_t due = l->timers ? l->timers->due : INT64_MAX;

	for (int i = DUE_NONE + 1; i < DUES; i++)
		if (l->dues[i].first && l->dues[i].first->due < due)
			due = l->dues[i].first->due;
	if (l->stopping && !l->cut && l->server->stop_due < due)
		due = l->server->stop_due;
	if (due == INT64_MAX)
		return -1;
	due = (due - usec_monotonic() + 999) / 1000;
	return due < 0 ? 0 : due > 60000 ? 60000 : (int)due;
}

static void graves_clear(struct http_loop *l)
{
	struct http_conn *c;

	while ((c = l->graves)) {
		l->graves = c->next;
		conn_free(c);
	}
}

/*
 * What is ready, and what becomes so meanwhile: the more requests a turn has,
 * the more of them its end does at once.
 */
static void fire_ready(struct http_loop *l)
{
	struct epoll_event ev[EVENTS_PER_LOOK];
	int ms = loop_timeout(l), n;

	for (int look = 0; look < LOOKS_PER_TURN; look++, ms = 0) {
		n = epoll_wait(l->epfd, ev, EVENTS_PER_LOOK, ms);
		l->now = usec_monotonic();
		if (n <= 0)
			return;
		for (int i = 0; i < n; i++) {
			struct source *s = ev[i].data.ptr;

			s->fire(l, s, ev[i].events);
		}
	}
}

/*
 * Takes what already waits in the queues of the listeners, closes them, and
 * closes the connections that have no request under way.
 */
static void loop_close_doors(struct http_loop *l)
{
	struct http_conn *c, *next;

	l->stopping = true;
	for (int i = 0; i < l->server->nlisten; i++) {
		struct listener *li = &l->listeners[i];

		conn_accept(l, &li->source, 0);
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, li->fd, NULL);
		close(li->fd);
		li->fd = -1;
	}
	doors_close(l);
	for (c = l->conns; c; c = next) {
		next = c->next;
		if (c->due_list != DUE_IDLE)
			continue;
		c->readable = true;	/* a last look */
		conn_run(c);
	}
}

static void loop_turn(struct http_loop *l)
{
	const struct http_conf *conf = &l->server->conf;

	fire_ready(l);
	if (atomic_load(&l->server->stopping) && !l->stopping)
		loop_close_doors(l);
	dues_run(l);
	if (!l->cut)
		timers_run(l);
	if (!l->cut && conf->events->turn_end)
		conf->events->turn_end(l, conf->arg);
	graves_clear(l);
}

static void loop_user_stop(struct http_loop *l)
{
	const struct http_conf *conf = &l->server->conf;

	if (l->started && conf->events->loop_stop)
		conf->events->loop_stop(l, conf->arg);
	l->started = false;
}

/* Grace is over: only what other threads hold is still waited for. */
static void loop_cut(struct http_loop *l)
{
	struct http_conn *c, *next;

	l->cut = true;
	loop_user_stop(l);
	for (c = l->conns; c; c = next) {
		next = c->next;
		if (c->state == CONN_AWAY)
			shutdown(c->fd, SHUT_RDWR);
		else if (c->state != CONN_BUSY)
			conn_close(c);
	}
	graves_clear(l);
}

/*
 * As a batch task a loop that wakes does not push aside who woke it: the
 * database sends all the answers that it has, a client all its requests, and
 * then one turn takes them together. Costs nothing where a core is idle.
 */
static void loop_patient(void)
{
	struct sched_param param = { 0 };

	/* refused, it is only slower */
	sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &param);
}

void *loop_main(void *arg)
{
	struct http_loop *l = arg;
	const struct http_conf *conf = &l->server->conf;

	self = l;
	loop_patient();
	l->now = usec_monotonic();
	l->started = !conf->events->loop_start ||
		     conf->events->loop_start(l, conf->arg) == 0;
	if (!l->started)
		l->index = -1;
	sem_post(&l->server->started);
	while (!l->stopping || l->conns) {
		loop_turn(l);
		if (l->stopping && l->now >= l->server->stop_due)
			loop_cut(l);
	}
	loop_user_stop(l);
	graves_clear(l);
	return NULL;
}

struct http_loop *loop_new(struct http_server *s, int index, struct err *e)
{
	struct http_loop *l = xcalloc(1, sizeof(*l));
	struct epoll_event ev = { .events = EPOLLIN,
				  .data.ptr = &l->mail_source };

	l->server = s;
	l->index = index;
	l->mail_source.fire = mail_fire;
	l->dues[DUE_IDLE].after = s->conf.idle_timeout_ms * 1000LL;
	l->dues[DUE_HEAD].after = s->conf.head_timeout_ms * 1000LL;
	l->dues[DUE_RATE].after = RATE_WINDOW_MS * 1000LL;
	l->dues[DUE_LINGER].after = LINGER_MS * 1000LL;
	for (int i = 0; i < LISTEN_MAX; i++)
		l->listeners[i].fd = -1;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->mail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epfd < 0 || l->mail_fd < 0 ||
	    epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->mail_fd, &ev) < 0) {
		err_errno(e, "event loop");
		loop_free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct http_loop *l)
{
	struct watch *w;
	struct timer *t;

	if (!l)
		return;
	assert(!l->conns);
	while ((t = l->timers)) {
		l->timers = t->next;
		free(t);
	}
	while ((w = l->watches)) {
		l->watches = w->next;
		free(w);
	}
	graves_clear(l);
	for (int i = 0; i < LISTEN_MAX; i++)
		cleanup_close(&l->listeners[i].fd);
	doors_free(l);
	cleanup_close(&l->mail_fd);
	cleanup_close(&l->epfd);
	free(l);
}
