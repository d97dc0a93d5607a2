/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_WANTED_H
#define NOVA_COMPUTE_WANTED_H

#include "common/json/out.h"
#include "nova-lite/compute/server.h"
#include "nova-lite/inject/inject.h"

/*
 * The files that a job wants in its server's disk: args.files, an array of
 * {path, contents (base64), sha256, size, mode ("0644"), uid, gid}. contents
 * are absent where the client named only their digest.
 */
struct wanted {
	const json_t *list;
	struct inject_file *files;	/* in its order; data may be NULL */
	size_t n;
	int64_t bytes;			/* of all */
};

/* Lives as long as the job's run. BAD_REQUEST for what cannot be injected. */
int wanted_read(struct job *j, struct wanted *w_r, struct err *e);

/* The file with that path, or NULL. */
const struct inject_file *wanted_find(const struct wanted *w,
				      const char *path);

/* BAD_REQUEST for a file whose contents are only known by their digest; of
 * any, the first. */
int wanted_lacks(const struct inject_file *f, struct err *e);
int wanted_has_contents(const struct wanted *w, struct err *e);

/* "files": the set without its contents, as manifests have it. */
void wanted_write(struct jw *w, const struct wanted *wanted);

/* Turns why of an injection into the fault of the server: a conflict names
 * the file, what is wrong with the disk concerns them all; -1. */
int wanted_fault(const struct wanted *w, const struct err *why,
		 struct err *e);

#endif
