/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_METRICS_H
#define NOVA_COMPUTE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "nova-lite/compute/candidate.h"

/*
 * What this host counted since it started, at GET /metrics in Prometheus' text
 * format. Any thread.
 */

/* A server's files came from an image that is match to them; c as it was
 * before, bytes of all its files. */
void metrics_launch(enum match match, const struct candidate *c,
		    int64_t bytes);

/* What became of a wish for a boot image. */
enum boot_event { BOOT_BUILT, BOOT_FOUND, BOOT_EVICTED, BOOT_EVENTS };
void metrics_boot(enum boot_event event);

/* A made image was stored, with so many bytes, or given up. */
void metrics_snapshot(bool stored, int64_t bytes);

#endif
