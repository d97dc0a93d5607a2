/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETWORK_ROUTES_H
#define NETWORK_ROUTES_H

/* Prototypes of all operations, from the table. */

#include "common/service/req.h"

#define PAGE(m, p, o, a, pol, v0, v1, d) ROUTE_DECL_RUN(o)
#define READ(m, p, o, a, pol, v0, v1, d) ROUTE_DECL_READ(o)
#include "nova-lite/network/routes.tbl"
#undef PAGE
#undef READ

#endif
