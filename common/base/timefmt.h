/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_TIMEFMT_H
#define LITE_TIMEFMT_H

#include <stdint.h>

/* Times are microseconds since 1970-01-01T00:00:00Z. */
typedef int64_t usec_t;

#define USEC_PER_SEC 1000000LL

usec_t usec_now(void);		/* CLOCK_REALTIME */
usec_t usec_monotonic(void);	/* CLOCK_MONOTONIC */

/* The text forms that the services use; see each for who does. */
enum time_form {
	TIME_Z,		/* 2026-11-20T16:27:49Z		Nova, Glance */
	TIME_USEC_Z,	/* 2026-11-20T16:27:49.000000Z	Keystone tokens */
	TIME_USEC,	/* 2026-11-20T16:27:49.000000	Nova's OS-SRV-USG */
	TIME_HTTP,	/* Fri, 20 Nov 2026 16:27:49 GMT */
};
#define TIME_MAX 40

/* Writes at most TIME_MAX bytes with NUL; returns the length. */
int time_format(usec_t t, enum time_form form, char *out_r);
/* Reads ISO 8601 with or without fraction and zone (none means UTC); 0/-1. */
int time_parse(const char *s, usec_t *t_r);

#endif
