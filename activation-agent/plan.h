/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ACTIVATION_PLAN_H
#define ACTIVATION_PLAN_H

#include <jansson.h>
#include <sys/types.h>

#include "activation-agent/agent.h"

/* What goes where: a pure function of the signed document. */

#define PLAN_MAX 24

/* A member of a kind of material, and its place. */
struct target {
	const char *kind, *member, *path;
	mode_t mode;
};

struct plan_file {
	const struct target *target;
	const char *text;	/* the document's */
};

struct plan {
	struct plan_file files[PLAN_MAX];
	size_t n;
};

/*
 * The places of a list of kinds, as it is on offer. -1 with a reason for one
 * that is not known here: it would be given out, and lost.
 */
int plan_offer(const json_t *kinds, struct plan *p_r, struct err *e);

/* The files of a document, when it is for this instance and whole. They are
 * the document's own, and as long-lived. */
int plan_make(const json_t *doc, const char *instance, struct plan *p_r,
	      struct err *e);

/* Every place there is, without text. */
void plan_all(struct plan *p_r);

/* SHA256:... of a public key's line, as ssh-keygen -l has it. */
#define FINGERPRINT_SIZE 52
bool plan_fingerprint(const char *line, char print_r[FINGERPRINT_SIZE]);

#endif
