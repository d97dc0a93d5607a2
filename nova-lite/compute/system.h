/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_SYSTEM_H
#define NOVA_COMPUTE_SYSTEM_H

#include "nova-lite/compute/server.h"
#include "nova-lite/virt/domain_spec.h"

/*
 * Servers that share an OS image (catalog/0017_os_image.sql): the image is a
 * read-only drive of theirs that all have, straight from the host's cache;
 * their own is the data drive, which outlives whatever system they run:
 *
 *	disk.data	raw, ext4
 */
#define SYSTEM_DATA "disk.data"

/* The serial numbers by which a guest knows its drives. */
#define SYSTEM_SERIAL "os-system"
#define SYSTEM_DATA_SERIAL "os-data"
#define SYSTEM_SOFTWARE_SERIAL "os-software"
#define SYSTEM_CONFIG_SERIAL "os-config"

static inline bool has_system(const struct job *j)
{
	return job_server(j)->os_image;
}

/*
 * Steps; all do nothing for servers with a disk of their own.
 *
 * server_system brings what the server is to run to this host, checked, and
 * tells the user where that is not what was asked for. A version that cannot
 * be brought gives way to another, as the catalog decides.
 */
int server_system(struct job *j, struct err *e);
/* The data drive, unless it is there. */
int server_system_data(struct job *j, struct err *e);
/* The config drive anew: what the version and the metadata say now. */
int server_system_drive(struct job *j, struct err *e);

/* Calls fn for each file that the config drive has for the start-up script,
 * which names the start that now begins. */
int server_system_files(struct job *j,
			int (*fn)(const char *path, const struct buf *data,
				  void *arg, struct err *e),
			void *arg, struct err *e);

/* Outcomes: it was started; it was stopped; it was not started, and (gone)
 * there is no machine. */
int server_system_started(struct job *j, struct err *e);
int server_system_stopped(struct job *j, struct err *e);
int server_system_failed(struct job *j, bool gone, struct err *e);

/* The paths of the shared drives, good for the run; NULL: none. */
const char *server_system_path(struct job *j);
const char *server_software_path(struct job *j);
/* The kernel's command line: where the script is. */
const char *server_system_cmdline(struct job *j);

#endif
