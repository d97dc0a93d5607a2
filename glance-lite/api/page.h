/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_PAGE_H
#define GLANCE_PAGE_H

#include "common/service/service.h"

/* The rows of a page by the query's limit and the configuration, or 400. */
int page_limit(struct req *rq, int64_t *limit_r);

/* Writes the member `key`: `path` with the query that was asked, from behind
 * `marker` (NULL: from the start). */
void page_link(struct req *rq, const char *key, const char *path,
	       const char *marker);

#endif
