/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_WIRE_H
#define NOVA_COMPUTE_WIRE_H

#include "common/service/req.h"

/* The operations of routes.tbl. */
#define PAGE(m, p, op, ...) int op(struct req *rq);
#define WRITE(m, p, op, ...) int op(struct req *rq);
#include "nova-lite/compute/routes.tbl"
#undef PAGE
#undef WRITE

#endif
