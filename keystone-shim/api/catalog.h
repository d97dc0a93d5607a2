/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_KEYSTONE_CATALOG_H
#define LITE_KEYSTONE_CATALOG_H

#include "keystone-shim/wire.h"

/* Writes the list "catalog" of SQL_catalog_list's rows as `t` may see it. */
void catalog_write(struct req *rq, const struct token *t,
		   const struct rows *rows);

/*
 * Fills in an endpoint's URL: $(project_id)s, %(project_id)s, and the same
 * with tenant_id and user_id; %% is a percent sign. Appends to out, and
 * returns 0; -1 for what the token does not have or a broken template.
 */
int catalog_url(struct buf *out, const char *template, const struct token *t);

#endif
