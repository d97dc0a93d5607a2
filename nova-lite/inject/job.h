/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_JOB_H
#define NOVA_INJECT_JOB_H

#include "common/base/buf.h"
#include "common/base/timefmt.h"
#include "nova-lite/inject/inject.h"

/*
 * What another process or machine is to do: the call as wire.h has it, then
 * the contents, then zeroes up to a whole sector, in a file of temp_dir (NULL:
 * /tmp) without a name that only this user may read. A descriptor, or -1.
 */
int job_make(const struct inject_disk *disk, const struct inject_request *rq,
	     const struct inject_options *options, const char *temp_dir,
	     struct err *e);

/* Appends up to the end, the deadline or the limit, whichever is first. */
void job_read_reply(int fd, usec_t deadline, size_t max, struct buf *b);

#endif
