/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_FIRST_BOOT_H
#define NOVA_FIRST_BOOT_H

#include "common/base/conf.h"
#include "nova-lite/nova.h"

/*
 * Servers that ask for what is made ahead of their first boot by their
 * property first_boot: "true" brings activation-agent into them, as files that
 * are injected like a client's own; "cloud-init" leaves it to that.
 */

#define FIRST_BOOT_OPT \
	{ "first_boot", "activation_agent", CONF_STR, NULL, \
	  "path of activation-agent, which goes into servers with " \
	  "first_boot=true; default: beside this program" }

/* Reads the agent; where there is none, first_boot=true is refused. */
void first_boot_start(const struct conf *conf);
void first_boot_stop(void);

/* What the metadata (NULL: none) asks for; -1 with 400 when that cannot be. */
int check_first_boot(struct req *rq, const json_t *metadata,
		     bool config_drive);

/* Whether it asks for either. */
bool asks_first_boot(const json_t *metadata);

/* In the transaction that makes the jobs, before their files are settled:
 * whether the agent's were added to them. */
int first_boot_prepare(struct req *rq, bool *added_r);
/* Keeps the agent's contents for them. */
int first_boot_contents(struct req *rq);

#endif
