/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_KEYSTONE_ROUTES_H
#define LITE_KEYSTONE_ROUTES_H

#include "common/service/route.h"

/* The operations of routes.tbl, each defined in api/. */
#define PAGE(m, p, o, ...) ROUTE_DECL_RUN(o)
#define WRITE(m, p, o, ...) ROUTE_DECL_RUN(o)
#define HASH(m, p, o, ...) ROUTE_DECL_RUN(o)
#define READ(m, p, o, ...) ROUTE_DECL_READ(o)
#include "keystone-shim/routes.tbl"
#undef PAGE
#undef WRITE
#undef HASH
#undef READ

#endif
