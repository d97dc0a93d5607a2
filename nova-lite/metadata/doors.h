/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_DOORS_H
#define NOVA_METADATA_DOORS_H

#include "common/http/server.h"

/*
 * One unix socket per server of this host: STATE/metadata/ID.sock for each
 * file STATE/metadata/ID, which the compute agent makes and removes. Runs on
 * a loop, which it makes watch the folder.
 */
int doors_start(struct http_loop *l, struct err *e);

#endif
