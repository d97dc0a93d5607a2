/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_IMAGE_H
#define NOVA_COMPUTE_IMAGE_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/job/flight.h"
#include "nova-lite/compute/glance.h"

/*
 * The host's cache of images: STATE/images/ID.FORMAT, complete, verified, of
 * mode 0444 and never written again, so that any number of servers' disks can
 * be layers over it.
 */
struct image_cache {
	const char *dir;
	struct glance *glance;
	struct flight *flight;
};

struct image {
	char path[512];
	char format[8];			/* qcow2 or raw */
	int64_t virtual_size;		/* bytes */
};

/*
 * Finds the image in the cache, or brings it there: one download for any
 * number of callers. Fails with NOT_FOUND, with BAD_REQUEST when its format is
 * not one to boot from or it refers to other files, and with INTERNAL when it
 * is not what its hash promises.
 */
int image_get(struct image_cache *c, const char *id, struct image *image_r,
	      struct err *e);

/*
 * What a file that claims a format is. A layer's path is the guest's way into
 * the host (CVE-2015-5163, CVE-2024-32498), so a qcow2 with a backing or data
 * file is refused, as is a "raw" file that begins as qcow2.
 */
int image_inspect(const char *path, const char *format,
		  struct image *image_r, struct err *e);

#endif
