/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_INSTANCE_H
#define NOVA_COMPUTE_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "nova-lite/compute/agent.h"

/*
 * One server's files on this host. Every function may be repeated, and those
 * that remove succeed where there is nothing. A folder is removed only when
 * its file `owner` names this host.
 */
#define INSTANCE_PATH_MAX 512

/* STATE/instances/ID/NAME, or the folder itself for NULL. */
void instance_path(const struct agent *a, const char *id, const char *name,
		   char path_r[INSTANCE_PATH_MAX]);

int instance_dir_make(const struct agent *a, const char *id, struct err *e);
int instance_dir_remove(const struct agent *a, const char *id,
			struct err *e);
/* Makes the folder, or empties it of all but the files of these names. */
int instance_dir_clear(const struct agent *a, const char *id,
		       const char *const *keep, struct err *e);
bool instance_dir_owned(const struct agent *a, const char *id);

/* A small text that is kept in a file NAME of the folder; NULL where there is
 * none. */
int instance_note(const struct agent *a, const char *id, const char *name,
		  const char *text, struct err *e);
const char *instance_noted(const struct agent *a, const char *id,
			   const char *name, struct arena *arena);

/* A qcow2 layer of size bytes over base. */
int instance_layer_make(const char *path, const struct image *base,
			int64_t size, struct err *e);
/* An empty disk. */
int instance_disk_make(const char *path, int64_t size, struct err *e);

/* Asks the metadata service to listen for the server, or not to. */
int instance_metadata_open(const struct agent *a, const char *id,
			   struct err *e);
int instance_metadata_close(const struct agent *a, const char *id,
			    struct err *e);
/* The socket that it listens at. */
void instance_metadata_socket(const struct agent *a, const char *id,
			      char path_r[INSTANCE_PATH_MAX]);

#endif
