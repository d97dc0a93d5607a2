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
 *	systems/SERVER.out	a little memory: what the container writes to
 *		console.log	(console.log of the instance leads here)
 *		signal		the ready token
 *	systems/empty.d, .f	what hides the host's
 *	instances/SERVER/config	what else is on the config drive
 *
 * The other files are as for machines. systems is root's alone: systems may
 * have programs that are set-user-ID.
 */

/* Unmounts an image before it leaves the cache, or the data of a container
 * that is off. */
void container_unmount(const struct agent *a, const char *id);
/* All of a container that is no more. */
void container_forget(const struct agent *a, const char *id);

/* As config_drive_write, into a folder. */
struct config_file;
int container_config_write(struct job *j, const struct config_file *files,
			   size_t n, struct err *e);

/* What the container is made of, instead of disks. */
int container_spec(struct job *j, struct domain_spec *spec, struct err *e);

/* Tells the catalog of the containers that have said that they are ready. */
int container_signals(struct agent *a, struct sql_conn *conn, struct err *e);

#endif
