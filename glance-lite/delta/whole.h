/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_WHOLE_H
#define GLANCE_WHOLE_H

#include "common/service/req.h"

void whole_init(void);
void whole_fini(void);		/* nobody is in whole_make */

/*
 * On a body thread: makes the complete file of an image that is stored as a
 * delta, and records it. Once for all who want it at the same time. It is
 * success, too, when there is nothing to make: look at the image again.
 * Holds no database connection meanwhile; UNAVAILABLE when too many wait.
 */
int whole_make(struct req *rq, const char *id);

/* Makes the images whole that rest on a base, which is the caller's. */
int whole_make_all(struct req *rq, const char *base);

/*
 * Ends what was begun with the deltas over a base that is deleted; base NULL:
 * over any, and what a dead daemon left of files that it was making.
 */
int delta_tidy(struct sql_conn *conn, const char *base, struct err *e);

#endif
