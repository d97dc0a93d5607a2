/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_EDIT_H
#define NOVA_INJECT_EDIT_H

#include "nova-lite/inject/tree.h"

/* inject_apply on a file system that is open, to its flush. */
int edit(struct tree *t, const struct inject_request *rq,
	 struct inject_report *report_r, struct err *e);

#endif
