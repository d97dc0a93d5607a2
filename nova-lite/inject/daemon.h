/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_DAEMON_H
#define NOVA_INJECT_DAEMON_H

#include "nova-lite/inject/child.h"
#include "nova-lite/inject/inject.h"

/*
 * Starts a qemu-storage-daemon that serves the disk to one connection, which
 * is made here too. Its socket has lost its name by then, so nobody
 * else can, and nothing is left behind when somebody dies (in the first
 * instant, a folder inject-* in temp_dir). The daemon dies with the calling
 * thread. Fails with INTERNAL, and with BAD_REQUEST when a layer is a qcow2
 * that keeps its data in a file of the header's choice (CVE-2024-32498).
 */
int daemon_start(struct child *d, const struct inject_disk *disk,
		 const char *temp_dir, int *socket_r, struct err *e);
/*
 * Has it close the disk; past the deadline (usec_monotonic) it is killed.
 * Fails, with what it said last, unless it ended well.
 */
int daemon_stop(struct child *d, usec_t deadline, struct err *e);

#endif
