/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/metadata/authority.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "nova-lite/metadata/first_boot.h"
#include "gen/metadata_sql.h"

#define PURPOSE "authority"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct authority authority;

int authority_ensure(struct sql_conn *conn, struct err *e)
{
	const char *name = first_boot_conf.authority;
	_cleanup_(cleanup_free) char *sealed = NULL, *cert = NULL;
	struct rows rows = { 0 };
	char *key;
	int n;

	if (sql_exec(conn, &SQL_authority_show, ARGS(name), &rows, e) < 0)
		return -1;
	n = rows.n;
	rows_fini(&rows);
	if (n > 0)
		return 0;
	key = x509_key_new();
	cert = x509_authority_new(key, name);
	sealed = vault_seal(PURPOSE, key);
	mem_clear(key, strlen(key));
	free(key);
	if (sql_exec(conn, &SQL_authority_add,
		     ARGS(name, (const char *)cert, (const char *)sealed),
		     &rows, e) < 0)
		return -1;
	rows_fini(&rows);
	return 0;
}

static int load(struct req *rq)
{
	struct row row;
	char *key;

	if (sql_one(rq, &SQL_authority_show, &row,
		    ARGS(first_boot_conf.authority)) < 0)
		return -1;
	key = vault_open(PURPOSE, row_text(&row, 1), &rq->err);
	if (!key)
		return -1;
	authority.issuer = x509_authority_open(key, row_text(&row, 0),
					       &rq->err);
	if (authority.issuer)
		authority.certificate = xstrdup(row_text(&row, 0));
	mem_clear(key, strlen(key));
	free(key);
	return authority.issuer ? 0 : -1;
}

const struct authority *authority_get(struct req *rq)
{
	int rc = 0;

	pthread_mutex_lock(&lock);
	if (!authority.issuer)
		rc = load(rq);
	pthread_mutex_unlock(&lock);
	return rc == 0 ? &authority : NULL;
}

void authority_stop(void)
{
	x509_authority_close(authority.issuer);
	free(authority.certificate);
	authority = (struct authority){ 0 };
}
