/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sql/link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

/*
 * The sooner a dead server is noticed the better, and results must not depend
 * on the server's settings. No statement of ours runs for as long as compiling
 * it takes. Those before dbname, which is the DSN, give way to it, those behind
 * it do not.
 */
static const char *const keys[] = {
	"connect_timeout", "tcp_user_timeout", "options", "dbname",
	"client_encoding", NULL,
};
#define LINK_VALUES(dsn) { \
	"5", "20000", "-c timezone=UTC -c datestyle=ISO -c jit=off", dsn, \
	"UTF8", NULL, \
}

static void no_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

static PGconn *quiet(PGconn *pg)
{
	if (!pg)
		abort();
	PQsetNoticeReceiver(pg, no_notice, NULL);
	return pg;
}

PGconn *link_connect(const char *dsn)
{
	const char *values[] = LINK_VALUES(dsn);

	return quiet(PQconnectdbParams(keys, values, 1));
}

PGconn *link_connect_start(const char *dsn)
{
	const char *values[] = LINK_VALUES(dsn);

	return quiet(PQconnectStartParams(keys, values, 1));
}

/* -- prepared statements ------------------------------------------------- */

bool link_seen(const struct link_seen *seen, const struct sql_stmt *s)
{
	assert(s->group < SQL_GROUPS && s->id < SQL_GROUP_MAX);
	return seen->bits[s->group][s->id / 64] >> s->id % 64 & 1;
}

void link_seen_set(struct link_seen *seen, const struct sql_stmt *s, bool v)
{
	uint64_t bit = 1ULL << s->id % 64;

	assert(s->group < SQL_GROUPS && s->id < SQL_GROUP_MAX);
	if (v)
		seen->bits[s->group][s->id / 64] |= bit;
	else
		seen->bits[s->group][s->id / 64] &= ~bit;
}

bool link_stale(const PGresult *res)
{
	const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *where = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	if (!code)
		return false;
	if (strcmp(code, "26000") == 0 || strcmp(code, "42P05") == 0)
		return true;
	/* A migration changed a column that the statement returns. */
	return strcmp(code, "0A000") == 0 && where &&
	       strcmp(where, "RevalidateCachedQuery") == 0;
}

/* -- parameters ---------------------------------------------------------- */

struct sql_arg sql_arg_text(const char *s)
{
	return (struct sql_arg){ SQL_TEXT, s, 0 };
}

struct sql_arg sql_arg_int(int64_t v)
{
	return (struct sql_arg){ SQL_INT, NULL, v };
}

struct sql_arg sql_arg_bool(bool v)
{
	return (struct sql_arg){ SQL_BOOL, NULL, v };
}

struct sql_arg sql_arg_id(struct sql_arg a)
{
	return a;
}

struct sql_arg sql_time(usec_t t)
{
	return (struct sql_arg){ SQL_TIME, NULL, t };
}

struct sql_arg sql_null(void)
{
	return (struct sql_arg){ SQL_NULL, NULL, 0 };
}

struct sql_arg sql_int_or_null(int64_t v, int64_t none)
{
	return v == none ? sql_null() : sql_arg_int(v);
}

/* Text, so that a number fits whatever numeric type the statement has. */
void link_params_init(struct link_params *p, const struct sql_arg *args,
		      int nargs)
{
	assert(nargs <= SQL_ARGS_MAX);
	for (int i = 0; i < nargs; i++) {
		const struct sql_arg *a = &args[i];

		p->values[i] = p->text[i];
		switch (a->type) {
		case SQL_NULL:
			p->values[i] = NULL;
			break;
		case SQL_TEXT:
			p->values[i] = a->s;
			break;
		case SQL_INT:
			snprintf(p->text[i], sizeof(p->text[i]), "%lld",
				 (long long)a->i);
			break;
		case SQL_BOOL:
			strcpy(p->text[i], a->i ? "t" : "f");
			break;
		case SQL_TIME:
			time_format(a->i, TIME_USEC_Z, p->text[i]);
			break;
		}
	}
}
