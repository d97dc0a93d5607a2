/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/disk.h"

#include <assert.h>
#include <unistd.h>

#include <libnbd.h>

#include "common/base/mem.h"

#define ZERO_MAX (1ull << 30)		/* of one request: it has 32 bits */

static int failed(const char *what, struct err *e)
{
	return err_internal(e, "inject: %s: %s", what, nbd_get_error());
}

/* Waits for something to happen, up to the deadline. */
static int step(struct disk *d, const char *what, struct err *e)
{
	usec_t left = d->deadline - usec_monotonic();

	if (left <= 0) {
		err_set(e, ERR_UNAVAILABLE, "The injection took too long.");
		return err_detail(e, "inject: %s: deadline", what);
	}
	if (nbd_poll(d->nbd, left / 1000 + 1) < 0)
		return failed(what, e);
	return 0;
}

static int await(struct disk *d, int64_t cookie, const char *what,
		 struct err *e)
{
	int done;

	if (cookie < 0)
		return failed(what, e);
	while ((done = nbd_aio_command_completed(d->nbd, cookie)) == 0) {
		if (step(d, what, e) < 0)
			return -1;
	}
	return done < 0 ? failed(what, e) : 0;
}

static int connect_to(struct disk *d, int socket, struct err *e)
{
	if (nbd_aio_connect_socket(d->nbd, socket) < 0)
		return failed("connect", e);
	while (nbd_aio_is_connecting(d->nbd)) {
		if (step(d, "connect", e) < 0)
			return -1;
	}
	if (!nbd_aio_is_ready(d->nbd))
		return failed("connect", e);
	d->size = nbd_get_size(d->nbd);
	return 0;
}

int disk_open(struct disk *d, int socket, usec_t deadline, struct err *e)
{
	*d = (struct disk){ .nbd = nbd_create(), .deadline = deadline };
	if (!d->nbd) {
		close(socket);
		return failed("connect", e);
	}
	if (connect_to(d, socket, e) < 0) {
		nbd_close(d->nbd);
		return -1;
	}
	return 0;
}

void disk_close(struct disk *d)
{
	nbd_close(d->nbd);
}

int disk_read(struct disk *d, uint64_t at, void *data, size_t n,
	      struct err *e)
{
	return await(d, nbd_aio_pread(d->nbd, data, n, at, NBD_NULL_COMPLETION,
				      0), "read", e);
}

static int end_oldest(struct disk *d, struct err *e)
{
	uint64_t cookie = d->pending[d->first];

	d->first = (d->first + 1) % ARRAY_LEN(d->pending);
	d->npending--;
	return await(d, cookie, "write", e);
}

int disk_write(struct disk *d, uint64_t at, const void *data, size_t n,
	       struct err *e)
{
	int64_t cookie;

	if (d->npending == ARRAY_LEN(d->pending) && end_oldest(d, e) < 0)
		return -1;
	cookie = nbd_aio_pwrite(d->nbd, data, n, at, NBD_NULL_COMPLETION, 0);
	if (cookie < 0)
		return failed("write", e);
	d->pending[(d->first + d->npending++) % ARRAY_LEN(d->pending)] =
		cookie;
	return 0;
}

int disk_zero(struct disk *d, uint64_t at, uint64_t n, struct err *e)
{
	uint64_t part;

	for (; n > 0; n -= part, at += part) {
		part = n < ZERO_MAX ? n : ZERO_MAX;
		if (await(d, nbd_aio_zero(d->nbd, part, at,
					  NBD_NULL_COMPLETION, 0), "zero",
			  e) < 0)
			return -1;
	}
	return 0;
}

int disk_sync(struct disk *d, struct err *e)
{
	while (d->npending > 0) {
		if (end_oldest(d, e) < 0)
			return -1;
	}
	return 0;
}

int disk_flush(struct disk *d, struct err *e)
{
	return await(d, nbd_aio_flush(d->nbd, NBD_NULL_COMPLETION, 0), "flush",
		     e);
}
