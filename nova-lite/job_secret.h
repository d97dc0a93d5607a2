/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_JOB_SECRET_H
#define NOVA_JOB_SECRET_H

#include "common/base/conf.h"
#include "common/base/err.h"
#include "common/base/mem.h"

/*
 * Passwords that wait in a job for the agent of a host, sealed (seal.h) with
 * keys that API and agents have in a file and the catalog has not.
 */
#define JOB_SECRET_OPT { "jobs", "seal_key_file", CONF_STR, NULL, \
	"keys that seal passwords on their way to the hosts, the same file " \
	"for nova-lite and nova-lite-compute; unset: config drives have none" }

/* Reads the keys of the file that the option names. */
int job_secret_start(const struct conf *conf, struct err *e);
void job_secret_stop(void);

/* The text sealed, as base64 in the arena; NULL without keys or a text. */
const char *job_secret_put(struct arena *arena, const char *text);
/* The text again, or NULL where it was sealed with other keys. */
const char *job_secret_get(struct arena *arena, const char *sealed);

#endif
