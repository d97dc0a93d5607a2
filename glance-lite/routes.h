/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_ROUTES_H
#define GLANCE_ROUTES_H

#include "common/service/route.h"

/* The operations of routes.tbl, each defined in api/. */
#define PAGE(m, p, o, ...) ROUTE_DECL_RUN(o)
#define READ(m, p, o, ...) ROUTE_DECL_READ(o)
#define WRITE(m, p, o, ...) ROUTE_DECL_RUN(o)
#define BODY_IN(m, p, o, ...) ROUTE_DECL_RUN(o)
#define BODY_OUT(m, p, o, ...) ROUTE_DECL_RUN(o)
#include "glance-lite/routes.tbl"
#undef PAGE
#undef READ
#undef WRITE
#undef BODY_IN
#undef BODY_OUT

#endif
