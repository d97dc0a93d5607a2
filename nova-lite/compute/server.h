/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_SERVER_H
#define NOVA_COMPUTE_SERVER_H

#include "nova-lite/compute/agent.h"
#include "nova-lite/compute/instance.h"
#include "gen/compute_sql.h"

/* A job's server: its rows as they were when the run began. */
struct server {
	struct row row;			/* server.row */
	const struct rows *nics;	/* nic.row, in order */
	json_t *image_props;
	json_t *boot;			/* managed boot, or NULL */
	json_t *os_image;		/* what it shares (system.h), or NULL */
	char name[24];			/* instance-0000002a */
};

static inline struct agent *job_agent(const struct job *j)
{
	return j->user;
}

static inline struct server *job_server(const struct job *j)
{
	return j->data;
}

/* job_kind's load: fills j->data; NOT_FOUND when there is no such server. */
int server_load(struct job *j, struct err *e);

/* Defines the machine as the catalog and the files of the server have it. */
int server_define(struct job *j, struct err *e);

/* The config drive's file, from the same tree as the metadata service's. */
int server_config_drive(struct job *j, struct err *e);
bool server_has_config_drive(const struct job *j);

/* The disk, the ephemeral disk and the swap disk. */
int server_disks(struct job *j, struct err *e);
/* A layer over the image that the server boots from (the made one where there
 * is one), which is base, unless path is there. */
int server_layer_make(struct job *j, const char *path, struct image *base_r,
		      struct err *e);

/*
 * The job's files: an image that has them is found or made (made.h) and noted
 * with the instance. Where that is not possible server_inject puts them into
 * the disk, which it makes anew.
 */
int server_files(struct job *j, struct err *e);
int server_inject(struct job *j, const char *disk, struct err *e);
/* The id of the made image, or NULL. */
const char *server_made_image(struct job *j);

#endif
