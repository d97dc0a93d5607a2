/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_IMAGE_FETCH_H
#define NOVA_COMPUTE_IMAGE_FETCH_H

#include "common/crypto/digest.h"
#include "nova-lite/compute/image.h"

/* The inside of the cache: image.c keeps it, image_fetch.c fills it. */

struct image_fetch {
	struct image_cache *cache;
	const char *id;
	int64_t bytes;		/* that were transferred */
};

/* Brings an image that the cache lacks. One at a time of each id. */
int image_fetch(struct image_fetch *f, struct err *e);

/* temp, complete and on the disk, gets its name in the cache. */
int image_place(const struct image_cache *c, const char *id,
		const char *suffix, const char *temp, struct err *e);

/* Ends a SHA-512 as the value of Content-Digest. */
void image_digest_text(struct digest *d, char out_r[GLANCE_DIGEST_SIZE]);

#endif
