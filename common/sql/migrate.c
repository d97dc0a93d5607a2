/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sql/migrate.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/sql/migrations.h"

/* "lite" in ASCII; everyone who changes the catalog takes this lock. */
#define CATALOG_LOCK "1818850405"

enum { GROUP = SQL_GROUPS - 1 };	/* no room has this one */

/* PostgreSQL makes the digest: what it stores is what it was given. */
static const struct sql_stmt state = {
	"lite_migration_state",
	"select exists (select from public.lite_migration m "
	"               where m.name = $1) as known, "
	"       exists (select from public.lite_migration m where m.name = $1 "
	"               and m.sha256 = sha256(convert_to($2, 'UTF8'))) as same",
	2, GROUP, 0, NULL
};

static const struct sql_stmt record = {
	"lite_migration_record",
	"insert into public.lite_migration (name, sha256) "
	"values ($1, sha256(convert_to($2, 'UTF8')))",
	2, GROUP, 1, NULL
};

static const char first[] =
	"select pg_advisory_lock(" CATALOG_LOCK ");"
	"create table if not exists public.lite_migration ("
	"name text primary key, sha256 bytea not null,"
	"applied_at timestamptz not null default now())";

static int apply(struct sql_conn *c, const struct sql_migration *m,
		 struct err *e)
{
	if (sql_begin(c, e) < 0)
		return -1;
	if (sql_script(c, m->text, e) < 0 ||
	    sql_exec(c, &record, ARGS(m->name, m->text), NULL, e) < 0) {
		sql_rollback(c);
		return err_detail(e, "migration %s", m->name);
	}
	return sql_commit(c, e);
}

static int migrate_one(struct sql_conn *c, const struct sql_migration *m,
		       struct err *e)
{
	_cleanup_(rows_fini) struct rows rows = { 0 };
	struct row row;

	if (sql_exec(c, &state, ARGS(m->name, m->text), &rows, e) < 0)
		return -1;
	row = rows_at(&rows, 0);
	if (!row_bool(&row, 0))
		return apply(c, m, e);
	if (!row_bool(&row, 1))
		return err_internal(e, "migration %s is not the one that was "
				    "applied", m->name);
	return 0;
}

int sql_migrate(struct sql_conn *c, struct err *e)
{
	const struct sql_migration *m;
	struct err ignored;
	int rc;

	rc = sql_script(c, first, e);
	for (m = sql_migrations; rc == 0 && m->name; m++)
		rc = migrate_one(c, m, e);
	sql_script(c, "select pg_advisory_unlock(" CATALOG_LOCK ")", &ignored);
	return rc;
}
