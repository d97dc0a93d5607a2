/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/sql/link.h"

static const struct sql_constraint *constraints;

void sql_constraints(const struct sql_constraint *table)
{
	constraints = table;
}

static const struct sql_constraint *find_constraint(const char *name)
{
	const struct sql_constraint *c = constraints;

	for (; name && c && c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static enum err_kind kind_of(const char *code)
{
	static const struct {
		const char *prefix;
		enum err_kind kind;
	} rows[] = {
#define SQLSTATE(prefix, kind) { prefix, ERR_##kind },
#include "common/tbl/sqlstate.tbl"
#undef SQLSTATE
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strncmp(code, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].kind;
	return ERR_INTERNAL;
}

/* What the statement itself raised for the client: LTnnn. */
static bool set_raised(struct err *e, const char *code, const char *msg)
{
	enum err_kind kind;

	if (strncmp(code, "LT", 2) != 0)
		return false;
	kind = err_of_status(atoi(code + 2));
	err_set(e, kind, kind == ERR_INTERNAL ? NULL : "%s", msg);
	return true;
}

int link_fault(struct err *e, const char *name, const PGresult *res)
{
	const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *msg = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const struct sql_constraint *c = find_constraint(
		PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME));

	if (!code || !msg) {
		err_set(e, ERR_UNAVAILABLE, NULL);
		return err_detail(e, "%s: %s", name, PQresultErrorMessage(res));
	}
	if (c)
		err_set(e, c->kind, c->msg ? "%s" : NULL, c->msg);
	else if (!set_raised(e, code, msg))
		err_set(e, kind_of(code), NULL);
	return err_detail(e, "%s: %s %s", name, code, msg);
}

int link_lost(struct err *e, const PGconn *pg)
{
	err_set(e, ERR_UNAVAILABLE, NULL);
	return err_detail(e, "database: %s", PQerrorMessage(pg));
}
