/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_IMAGE_HOST_H
#define NOVA_COMPUTE_IMAGE_HOST_H

#include "nova-lite/compute/agent.h"

/*
 * Which images this host keeps, as compute.image_hosts has it for everyone to
 * see: what is used is not collected, what nothing uses is, after a time.
 */

/* An image is needed now: it is collected no more until it is not. */
int image_host_use(struct agent *a, struct sql_conn *conn, const char *id,
		   struct err *e);
/* It is there (why NULL), or could not be brought. */
int image_host_is(struct agent *a, struct sql_conn *conn, const char *id,
		  const char *why, struct err *e);
/* Removes from the cache what was not used for grace_seconds. */
int image_host_collect(struct agent *a, struct sql_conn *conn,
		       struct err *e);

/* The job that brings an image ahead of its use. */
extern const struct job_kind image_cache_fill;

#endif
