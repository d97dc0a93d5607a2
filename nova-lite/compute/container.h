/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_CONTAINER_H
#define NOVA_COMPUTE_CONTAINER_H

#include "nova-lite/compute/system.h"

/*
 * Servers that share an OS image and are containers ([compute] virt_type =
 * lxc). A host mounts each version once, and its page cache is held once:
 *
 *	systems/IMAGE		the read-only system, a mount point
 *	systems/SERVER		the file system in disk.data, a mount point
 *	instances/SERVER/config	what else is on the config drive
 *	instances/SERVER/signal	where the container puts the ready token
 *
 * The other files are as for machines.
 */

/* Unmounts an image before it leaves the cache, or the data of a container
 * that is off. */
void container_unmount(const struct agent *a, const char *id);

/* As config_drive_write, into a folder. */
struct config_file;
int container_config_write(struct job *j, const struct config_file *files,
			   size_t n, struct err *e);

/* What the container is made of, instead of disks. */
int container_spec(struct job *j, struct domain_spec *spec, struct err *e);

/* Tells the catalog of the containers that have said that they are ready. */
int container_signals(struct agent *a, struct sql_conn *conn, struct err *e);

#endif
