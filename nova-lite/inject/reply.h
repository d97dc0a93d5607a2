/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_REPLY_H
#define NOVA_INJECT_REPLY_H

#include "nova-lite/inject/inject.h"

/*
 * What the appliance says of a request: bytes from a machine whose kernel had
 * a stranger's file system mounted. What contradicts the request is an
 * INTERNAL, and so is an error of a kind that inject_apply does not have;
 * messages are text without control characters.
 */
int reply_read(const char *data, size_t n, const struct inject_request *rq,
	       struct inject_report *report_r, struct err *e);

#endif
