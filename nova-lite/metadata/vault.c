/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "nova-lite/metadata/first_boot.h"
#include "gen/metadata_sql.h"

char *vault_seal(const char *purpose, const char *text)
{
	return seal_text(&first_boot_conf.seal, purpose, text);
}

char *vault_open(const char *purpose, const char *sealed, struct err *e)
{
	char *text = unseal_text(&first_boot_conf.seal, purpose, sealed);

	if (!text)
		err_internal(e, "%s: sealed with a key that is not in the "
			     "file", purpose);
	return text;
}

/* -- signing keys --------------------------------------------------------- */

#define SIGNING "signing_key"

static int run(struct sql_conn *conn, const struct sql_stmt *stmt,
	       const struct sql_arg *args, int n, struct err *e)
{
	return sql_exec(conn, stmt, args, n, NULL, e);
}

int vault_signing_key_add(struct sql_conn *conn, bool first, struct err *e)
{
	char hex[2 * JWS_SEED_SIZE + 1];
	_cleanup_(cleanup_free) char *sealed = NULL;
	struct jws_key k;
	int rc;

	jws_key_new(&k);
	hex_encode(hex, k.seed, JWS_SEED_SIZE);
	sealed = vault_seal(SIGNING, hex);
	rc = run(conn, &SQL_signing_key_add,
		 ARGS((const char *)k.kid, (const char *)k.x, sealed, first),
		 e);
	mem_clear(hex, sizeof(hex));
	jws_key_fini(&k);
	return rc;
}

static int open_key(const char *sealed, struct jws_key *k, struct err *e)
{
	char *hex = vault_open(SIGNING, sealed, e);
	uint8_t seed[JWS_SEED_SIZE];
	int rc = hex ? hex_decode(seed, sizeof(seed), hex, strlen(hex)) : -1;

	if (rc == 0)
		jws_key_of(k, seed);
	if (hex)
		mem_clear(hex, strlen(hex));
	mem_clear(seed, sizeof(seed));
	free(hex);
	return rc;
}

int vault_signing_keys(const struct rows *rows, struct jws_key *keys,
		       size_t n, struct err *e)
{
	int i;

	for (i = 0; i < rows->n && (size_t)i < n; i++) {
		struct row row = rows_at(rows, i);

		if (open_key(row_text(&row, 2), &keys[i], e) < 0)
			return -1;
	}
	return i;
}

/* -- sealing anew --------------------------------------------------------- */

static int reseal(struct sql_conn *conn, const struct row *row, struct err *e)
{
	const char *purpose = row_text(row, 0), *was = row_text(row, 3);
	_cleanup_(cleanup_free) char *sealed = NULL;
	char *text = vault_open(purpose, was, e);

	if (!text)
		return -1;
	sealed = vault_seal(purpose, text);
	mem_clear(text, strlen(text));
	free(text);
	return run(conn, &SQL_sealed_set,
		   ARGS(row_text(row, 1), row_text(row, 2),
			(const char *)sealed, was), e);
}

int vault_reseal(struct sql_conn *conn, struct err *e)
{
	struct rows rows = { 0 };
	int rc = 0;

	if (sql_exec(conn, &SQL_sealed_list, NULL, 0, &rows, e) < 0)
		return -1;
	for (int i = 0; i < rows.n; i++) {
		struct row row = rows_at(&rows, i);

		if (reseal(conn, &row, e) < 0)
			rc = -1;
	}
	rows_fini(&rows);
	return rc;
}
