/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_MACHINE_H
#define NOVA_INJECT_MACHINE_H

#include <stdbool.h>

#include "common/base/timefmt.h"
#include "nova-lite/inject/inject.h"

/* Whether there is an appliance in the folder (NULL: no). */
bool machine_is_there(const char *appliance);

/*
 * inject_apply by the appliance, up to the deadline (usec_monotonic): a
 * machine of QEMU's with the disk, the job and nothing else, which dies with
 * the calling thread. The guest's file system is mounted by its kernel, so
 * the top layer may have changed when this fails.
 */
int machine_apply(const struct inject_disk *disk,
		  const struct inject_request *rq,
		  const struct inject_options *options, usec_t deadline,
		  struct inject_report *report_r, struct err *e);

#endif
