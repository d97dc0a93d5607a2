/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_REBUILD_H
#define NOVA_COMPUTE_REBUILD_H

#include "nova-lite/compute/server.h"

/*
 * The steps of a rebuild that no other job has. Its arguments besides those
 * of a create: preserve_ephemeral, and stopped (the server was, and stays so).
 */

/*
 * Leaves the server's folder with nothing in it but the disks to be
 * preserved. Also the undo of all that a failed rebuild has put there.
 */
int rebuild_clear(struct job *j, struct err *e);

/* Starts the machine, unless it was stopped. */
int rebuild_start(struct job *j, struct err *e);

/* What the catalog says of the server then. */
int rebuild_record(struct job *j, struct err *e);

#endif
