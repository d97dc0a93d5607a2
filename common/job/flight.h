/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_FLIGHT_H
#define LITE_FLIGHT_H

#include "common/base/err.h"

/*
 * Single flight: of all threads that want the work named by key at the same
 * time, one does it and the others wait for its result, good or bad. One that
 * comes when it is over does it anew, so the work begins by looking whether
 * there is anything left to do.
 */
struct flight;

struct flight *flight_new(void);
void flight_free(struct flight *f);	/* nobody is in flight_do */

/* Returns what fn returned, to everyone; on -1 each gets a copy of its err. */
int flight_do(struct flight *f, const char *key,
	      int (*fn)(void *arg, struct err *e), void *arg, struct err *e);

#endif
