/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_DISK_H
#define NOVA_INJECT_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/timefmt.h"

struct nbd_handle;

/* A disk behind an NBD connection. One thread. */
struct disk {
	struct nbd_handle *nbd;
	uint64_t size;
	usec_t deadline;		/* usec_monotonic: for every call */
	uint64_t pending[16];		/* writes under way: a ring */
	unsigned first, npending;
};

/* Takes the socket. All calls fail with INTERNAL or UNAVAILABLE. */
int disk_open(struct disk *d, int socket, usec_t deadline, struct err *e);
void disk_close(struct disk *d);

int disk_read(struct disk *d, uint64_t at, void *data, size_t n,
	      struct err *e);
/* Begins to write; data stays the disk's until disk_sync. */
int disk_write(struct disk *d, uint64_t at, const void *data, size_t n,
	       struct err *e);
/* Zeros, which take no room where the layer can tell. */
int disk_zero(struct disk *d, uint64_t at, uint64_t n, struct err *e);
/* Ends all writes. */
int disk_sync(struct disk *d, struct err *e);
/* Has what was written survive the host. */
int disk_flush(struct disk *d, struct err *e);

#endif
