/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_ROUTES_H
#define NOVA_ROUTES_H

/* Prototypes of all operations, from the table. */

#include "common/service/req.h"

#define PAGE(m, p, o, a, pol, v0, v1, d) ROUTE_DECL_RUN(o)
#define WRITE(m, p, o, a, pol, v0, v1, d) ROUTE_DECL_RUN(o)
#define HASH(m, p, o, a, pol, v0, v1, d) ROUTE_DECL_RUN(o)
#define READ(m, p, o, a, pol, v0, v1, d) ROUTE_DECL_READ(o)
#include "nova-lite/routes.tbl"
#undef PAGE
#undef WRITE
#undef HASH
#undef READ

#endif
