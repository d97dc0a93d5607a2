/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_WANTED_H
#define NOVA_COMPUTE_WANTED_H

#include "common/json/out.h"
#include "nova-lite/compute/server.h"
#include "nova-lite/inject/inject.h"

/*
 * The files that a job wants in its server's disk: args.files, an array of
 * {path, sha256, size, mode ("0644"), uid, gid}. Their contents stand in the
 * catalog where the client sent them and no image was known to hold them all.
 */
struct wanted {
	const json_t *list;
	struct inject_file *files;	/* in its order; without data */
	bool *have;			/* of each: contents are at hand */
	size_t n;
	int64_t bytes;			/* of all */
};

/* Lives as long as the job's run. BAD_REQUEST for what cannot be injected. */
int wanted_read(struct job *j, struct wanted *w_r, struct err *e);

/* Reads the contents of some of them; BAD_REQUEST when they are nowhere. */
int wanted_load(struct job *j, const struct wanted *w,
		struct inject_file *files, size_t n, struct err *e);

/* The file with that path, or NULL. */
const struct inject_file *wanted_find(const struct wanted *w,
				      const char *path);

/* BAD_REQUEST when there is one of them whose contents are nowhere. */
int wanted_has(const struct wanted *w, const struct inject_file *files,
	       size_t n, struct err *e);
const char *wanted_sha256(const struct wanted *w, size_t i);

/* How this agent injects them. */
struct inject_options wanted_options(const struct agent *a);

/* "files": the set without its contents, as manifests have it. */
void wanted_write(struct jw *w, const struct wanted *wanted);

/* Turns why of an injection into the fault of the server: a conflict names
 * the file, what is wrong with the disk concerns them all; -1. */
int wanted_fault(const struct wanted *w, const struct err *why,
		 struct err *e);

#endif
