/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_IMAGE_H
#define GLANCE_IMAGE_H

#include "common/service/req.h"

/* One image as JSON: an object under key, or an array's element (NULL). */
void image_view(struct jw *w, const struct row *row);

/*
 * What clients may set of an image. Strings and values are borrowed from the
 * request (its body, its rows), but properties and tags are the document's
 * own and live in the request's arena.
 */
struct image_doc {
	const char *id, *status;
	const char *name, *owner, *visibility;
	const char *disk_format, *container_format;
	bool protected, os_hidden;
	int64_t min_disk, min_ram;
	json_t *properties;		/* strings by name */
	json_t *tags;			/* strings, each once */
};

void image_doc_init(struct image_doc *doc, struct req *rq);
void image_doc_load(struct image_doc *doc, struct req *rq,
		    const struct row *row);
/*
 * Sets an attribute or a property to v, which attr_check has passed. Fails
 * with FORBIDDEN or BAD_REQUEST where the image's state or the user's role
 * does not allow it.
 */
int image_doc_set(struct image_doc *doc, struct req *rq, const char *name,
		  json_t *v);
/* TOO_LARGE beyond the quotas of properties and tags. */
int image_doc_check(const struct image_doc *doc, struct req *rq);
/* The JSON text of properties or tags, in the request's arena. */
const char *image_doc_text(struct req *rq, json_t *v);

#endif
