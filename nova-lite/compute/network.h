/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_NETWORK_H
#define NOVA_COMPUTE_NETWORK_H

#include "nova-lite/compute/agent.h"

/*
 * Networks of kind `bridge`: a libvirt network named by the network's id, with
 * DHCP for the ports of this host's servers only and the metadata address on
 * the bridge. Networks of kind `user` need nothing.
 */

/* Makes those run that the catalog has; id NULL: all. */
int network_ensure(struct agent *a, struct sql_conn *conn, const char *id,
		   struct err *e);

/* The addresses of a server's ports, and their end. */
int server_leases(struct job *j, struct err *e);
int server_unlease(struct job *j, struct err *e);

#endif
