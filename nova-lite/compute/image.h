/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_IMAGE_H
#define NOVA_COMPUTE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/timefmt.h"
#include "common/job/flight.h"
#include "nova-lite/compute/glance.h"

/*
 * The host's cache of images: files of a folder, complete, verified, of mode
 * 0444 and never written again, so that any number of servers' disks can be
 * layers over them:
 *
 *	ID.qcow2 ID.raw	  as the Image service has them
 *	ID.delta	  a qcow2 that holds what ID has over its base, which is
 *			  a file beside it and named in it: BASE.qcow2, BASE.raw
 *	*.part		  on its way; of no use after a restart
 */
struct image_cache {
	const char *dir;
	struct glance *glance;
	struct flight *flight;
};

#define IMAGE_PATH_MAX 512

struct image {
	char path[IMAGE_PATH_MAX];
	char format[8];			/* qcow2 or raw */
	int64_t virtual_size;		/* bytes */
	char base[IMAGE_PATH_MAX];	/* of a delta, its base; or "" */
	char base_format[8];
	/* What this call has transferred, and in which time; else 0. */
	int64_t fetched;
	usec_t took;
};

/* Removes what an earlier run has left in the middle. */
void image_cache_clean(const struct image_cache *c);
/* fn with the id of each image in the cache. */
void image_cache_list(const struct image_cache *c,
		      void (*fn)(const char *id, void *arg), void *arg);

/*
 * Finds the image in the cache, or brings it there, and with a delta its base:
 * one download for any number of callers. Fails with NOT_FOUND, with CONFLICT
 * when it is not active, with BAD_REQUEST when its format is not one to boot
 * from or it refers to other files, and with INTERNAL when it is not what its
 * hash promises.
 */
int image_get(struct image_cache *c, const char *id, struct image *image_r,
	      struct err *e);
/*
 * The same of a raw image that is used as it is: if it was not looked at since
 * we live, or was written to since, its SHA-512 is compared first; what differs
 * is brought anew.
 */
int image_get_checked(struct image_cache *c, const char *id,
		      const char *sha512, struct image *image_r,
		      struct err *e);
/* Whether it is in the cache; nothing is brought. */
bool image_cached(const struct image_cache *c, const char *id);

/* It leaves the cache. No disk may be a layer over it. */
void image_forget(const struct image_cache *c, const char *id);

/*
 * Takes temp, a file in the cache's folder, into the cache as what id holds
 * over base (which is no delta itself); on failure temp is as it was.
 */
int image_take_delta(struct image_cache *c, const char *id, const char *temp,
		     const struct image *base, struct err *e);

/*
 * What a file that claims a format is: qcow2, raw, or delta. A layer's path is
 * the guest's way into the host (CVE-2015-5163, CVE-2024-32498), so a qcow2
 * with a backing or data file is refused, as is a "raw" file that begins as
 * qcow2, and a delta over anything but an image of its own folder.
 */
int image_inspect(const char *path, const char *format,
		  struct image *image_r, struct err *e);

#endif
