/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SQL_MIGRATE_H
#define LITE_SQL_MIGRATE_H

#include "common/sql/sql.h"

/*
 * Brings the catalog to the newest version: applies, in the order of their
 * names and each in a transaction of its own, the migrations (catalog/
 * NNNN_name.sql, built into the program) that the table lite_migration does
 * not hold yet. Several processes may call it at once: an advisory lock lets
 * one work and the others wait. An applied migration whose text has changed
 * since (SHA-256) fails.
 */
int sql_migrate(struct sql_conn *c, struct err *e);

#endif
