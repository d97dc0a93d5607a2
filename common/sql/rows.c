/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/sql/link.h"

/* Numbers of PostgreSQL's types (catalog/pg_type.dat), which never change. */
enum {
	T_BOOL = 16, T_CHAR = 18, T_NAME = 19, T_INT8 = 20,
	T_INT2 = 21, T_INT4 = 23, T_TEXT = 25, T_OID = 26, T_JSON = 114,
	T_FLOAT4 = 700, T_FLOAT8 = 701, T_UNKNOWN = 705, T_BPCHAR = 1042,
	T_VARCHAR = 1043, T_TIMESTAMPTZ = 1184, T_UUID = 2950, T_JSONB = 3802,
	T_FIRST_OWN = 16384,	/* enums of the schema: sent as text */
};

#define PG_EPOCH (946684800LL * USEC_PER_SEC)	/* 2000-01-01 */
#define UUID_BYTES 16
#define UUID_TEXT 36
#define UUID_RING 16

struct rows link_rows(PGresult *res)
{
	const char *tag = PQcmdStatus(res);
	bool reads = strncmp(tag, "SELECT", 6) == 0;

	return (struct rows){
		.res = res, .n = PQntuples(res),
		.affected = reads ? 0 : atoll(PQcmdTuples(res)),
	};
}

bool link_ok(const PGresult *res)
{
	ExecStatusType st = PQresultStatus(res);

	return st == PGRES_TUPLES_OK || st == PGRES_COMMAND_OK ||
	       st == PGRES_EMPTY_QUERY;
}

void rows_fini(struct rows *r)
{
	PQclear(r->res);
	*r = (struct rows){ 0 };
}

struct row rows_at(const struct rows *r, int i)
{
	assert(i >= 0 && i < r->n);
	return (struct row){ r, r->first + i };
}

/* Of a column that there is: any other has type 0. */
static Oid type_of(const struct row *r, int col)
{
	Oid type = PQftype(r->rows->res, col);

	assert(type);
	return type;
}

static const char *value(const struct row *r, int col)
{
	return PQgetvalue(r->rows->res, r->i, col);
}

static size_t length(const struct row *r, int col)
{
	return (size_t)PQgetlength(r->rows->res, r->i, col);
}

/* Where the column is known to be there. */
static bool is_null(const struct row *r, int col)
{
	return PQgetisnull(r->rows->res, r->i, col);
}

bool row_null(const struct row *r, int col)
{
	assert(col >= 0 && col < PQnfields(r->rows->res));
	return is_null(r, col);
}

static bool is_text(Oid type)
{
	switch (type) {
	case T_TEXT:
	case T_VARCHAR:
	case T_JSON:
	case T_NAME:
	case T_BPCHAR:
	case T_CHAR:
	case T_UNKNOWN:
		return true;
	default:
		return type >= T_FIRST_OWN;
	}
}

static const char *uuid_text(const char *bytes)
{
	static __thread char ring[UUID_RING][UUID_TEXT + 1];
	static __thread unsigned next;
	static const char hex[] = "0123456789abcdef";
	char *out = ring[next++ % UUID_RING], *p = out;

	for (int i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[(unsigned char)bytes[i] >> 4];
		*p++ = hex[bytes[i] & 15];
	}
	*p = '\0';
	return out;
}

const char *row_text(const struct row *r, int col)
{
	Oid type = type_of(r, col);

	if (is_null(r, col))
		return NULL;
	if (type == T_UUID)
		return uuid_text(value(r, col));
	if (type == T_JSONB)
		return value(r, col) + 1;	/* behind the version */
	assert(is_text(type));
	return value(r, col);
}

size_t row_len(const struct row *r, int col)
{
	Oid type = type_of(r, col);

	if (is_null(r, col))
		return 0;
	if (type == T_UUID)
		return UUID_TEXT;
	return length(r, col) - (type == T_JSONB);
}

static uint32_t get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static uint64_t get64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

int64_t row_int(const struct row *r, int col)
{
	Oid type = type_of(r, col);
	const char *p = value(r, col);
	uint16_t v;

	if (is_null(r, col))
		return 0;
	switch (type) {
	case T_INT8:
		return (int64_t)get64(p);
	case T_INT4:
		return (int32_t)get32(p);
	case T_OID:
		return get32(p);
	default:
		assert(type == T_INT2);
		memcpy(&v, p, sizeof(v));
		return (int16_t)be16toh(v);
	}
}

bool row_bool(const struct row *r, int col)
{
	assert(type_of(r, col) == T_BOOL);
	return !is_null(r, col) && *value(r, col);
}

double row_double(const struct row *r, int col)
{
	Oid type = type_of(r, col);
	uint64_t b8;
	uint32_t b4;
	double d;
	float f;

	if (is_null(r, col))
		return 0;
	if (type == T_FLOAT4) {
		b4 = get32(value(r, col));
		memcpy(&f, &b4, sizeof(f));
		return (double)f;
	}
	assert(type == T_FLOAT8);
	b8 = get64(value(r, col));
	memcpy(&d, &b8, sizeof(d));
	return d;
}

usec_t row_time(const struct row *r, int col)
{
	usec_t t;

	assert(type_of(r, col) == T_TIMESTAMPTZ);
	if (is_null(r, col))
		return 0;
	t = (usec_t)get64(value(r, col));
	/* 'infinity' is the largest number already. */
	return t > INT64_MAX - PG_EPOCH ? INT64_MAX : t + PG_EPOCH;
}
