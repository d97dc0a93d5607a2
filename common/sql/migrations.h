/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SQL_MIGRATIONS_H
#define LITE_SQL_MIGRATIONS_H

/* The files of catalog/, in order; made by tox-free-ci/gen-migrations.py. */
struct sql_migration {
	const char *name, *text;	/* NULL ends the table */
};

extern const struct sql_migration sql_migrations[];

#endif
