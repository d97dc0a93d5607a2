/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ACTIVATION_INSTALL_H
#define ACTIVATION_INSTALL_H

#include "activation-agent/plan.h"

/*
 * All files of a plan, or none. Each is first written, with its owner and
 * mode, beside its place; then the list of places is written down, and each
 * takes its place by a rename. What is given out once cannot be had again: a
 * machine that dies before the list is there has nothing of it, and one that
 * dies after it is completed by the next run.
 */

#define STATE "/var/lib/activation-agent"

/* Under root ("" for this machine's own). */
struct place {
	const char *root;
	const char *instance;
};

/* One agent at a time: a descriptor to be kept open meanwhile, or -1. */
int install_lock(const struct place *at, struct err *e);

/* Whether this instance has its own already. */
bool install_done(const struct place *at);
/* Clears away what a run that died after that has left. */
void install_clean(const struct place *at);

/* Whether cloud-init, which runs later, is to keep the keys that are there. */
void install_tell_cloud(const struct place *at, bool installed);

/* Completes what a run that died had decided on (1), and clears away what it
 * had not (0). */
int install_recover(const struct place *at, struct err *e);

/* Whether these places can be written to, before anything is asked for. */
int install_probe(const struct place *at, const struct plan *p,
		  struct err *e);

int install(const struct place *at, const struct plan *p, struct err *e);

#endif
