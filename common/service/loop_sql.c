/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/service/loop_sql.h"

struct loop_sql {
	struct pipeline *pipe;
	int fd;			/* watched, or -1 */
	unsigned events;
	bool timer;		/* one is running */
};

static void on_io(struct http_loop *l, uint32_t events, void *arg);

static void on_timer(struct http_loop *l, void *arg)
{
	struct loop_sql *ls = arg;

	ls->timer = false;
	pipeline_tick(ls->pipe);
	loop_sql_flush(l);
}

/* The socket and what to wait for change with every call of the pipeline. */
static void watch(struct http_loop *l, struct loop_sql *ls)
{
	int fd = pipeline_fd(ls->pipe), ms = pipeline_timeout(ls->pipe);
	unsigned events = pipeline_events(ls->pipe);

	if (fd != ls->fd && ls->fd >= 0)
		http_loop_watch(l, ls->fd, 0, NULL, NULL);
	if (fd >= 0 && (fd != ls->fd || events != ls->events))
		http_loop_watch(l, fd, events, on_io, ls);
	ls->fd = fd;
	ls->events = events;
	if (ms >= 0 && !ls->timer) {
		ls->timer = true;
		http_loop_timer(l, ms, on_timer, ls);
	}
}

static void on_io(struct http_loop *l, uint32_t events, void *arg)
{
	struct loop_sql *ls = arg;

	pipeline_io(ls->pipe, events);
	watch(l, ls);
}

void loop_sql_start(struct http_loop *l, const char *dsn)
{
	struct loop_sql *ls = xcalloc(1, sizeof(*ls));

	ls->pipe = pipeline_new(dsn);
	ls->fd = -1;
	http_loop_set(l, ls);
	watch(l, ls);
}

void loop_sql_stop(struct http_loop *l)
{
	struct loop_sql *ls = http_loop_get(l);

	if (ls->fd >= 0)
		http_loop_watch(l, ls->fd, 0, NULL, NULL);
	pipeline_free(ls->pipe);
	http_loop_set(l, NULL);
	free(ls);
}

void loop_sql_flush(struct http_loop *l)
{
	struct loop_sql *ls = http_loop_get(l);

	pipeline_flush(ls->pipe);
	watch(l, ls);
}

struct pipeline *loop_sql(struct http_loop *l)
{
	struct loop_sql *ls = http_loop_get(l);

	return ls->pipe;
}
