/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_BOOT_CACHE_H
#define NOVA_COMPUTE_BOOT_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/job/flight.h"

/*
 * The host's boot images: files of a folder, complete, of mode 0444 and never
 * written again:
 *
 *	DIGEST.img	an image; servers have hard links to it
 *	*.part, *.part.d	being built; of no use after a restart
 *
 * An image with one link is in nobody's use. Beyond max_bytes those that were
 * not asked for longest go.
 */
struct boot_cache {
	const char *dir;
	int64_t max_bytes;
	struct flight *flight;
	pthread_mutex_t lock;		/* between linking and removing */
};

/* How an image is made at path; what is left there, or in the folder PATH.d,
 * after -1 is removed. */
struct boot_maker {
	int (*build)(void *arg, const char *path, struct err *e);
	void *arg;
};

/* dir stays the caller's; what an earlier run left half done goes. */
void boot_cache_init(struct boot_cache *c, const char *dir,
		     int64_t max_bytes);
void boot_cache_fini(struct boot_cache *c);

/*
 * Gives the image a second name, `path`, in place of what has it, and builds
 * it first when it is not there: once for any number of callers. The time of
 * its building, in seconds, is in *built_r.
 */
int boot_cache_link(struct boot_cache *c, const char *digest,
		    const struct boot_maker *maker, const char *path,
		    int64_t *built_r, struct err *e);

#endif
