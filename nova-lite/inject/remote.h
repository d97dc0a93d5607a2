/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_REMOTE_H
#define NOVA_INJECT_REMOTE_H

#include "nova-lite/inject/inject.h"

/* inject_apply by the program that options->program names. */
int remote_apply(const struct inject_disk *disk,
		 const struct inject_request *rq,
		 const struct inject_options *options,
		 struct inject_report *report_r, struct err *e);

#endif
