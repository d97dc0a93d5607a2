/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/auth/auth.h"
#include "common/auth/cache.h"
#include "common/base/mem.h"
#include "common/crypto/fernet.h"
#include "gen/common_sql.h"

struct auth {
	struct fernet_repo *keys;
	struct token_cache *cache;	/* NULL: never cache */
};

struct auth *auth_new(const char *key_repository, bool cached, struct err *e)
{
	struct fernet_repo *keys = fernet_repo_new(key_repository, e);
	struct auth *a;

	if (!keys)
		return NULL;
	a = xcalloc(1, sizeof(*a));
	a->keys = keys;
	if (cached)
		a->cache = token_cache_new();
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	token_cache_free(a->cache);
	fernet_repo_free(a->keys);
	free(a);
}

void auth_flush(struct auth *a)
{
	if (a->cache)
		token_cache_flush(a->cache);
}

struct fernet_repo *auth_keys(struct auth *a)
{
	return a->keys;
}

/* -- the object ------------------------------------------------------------ */

struct token *token_ref(struct token *t)
{
	__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void token_unref(struct token *t)
{
	if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(t->roles);
	free(t);
}

bool token_has_role(const struct token *t, const char *name)
{
	int i;

	for (i = 0; i < t->nroles; i++)
		if (strcasecmp(t->roles[i].name, name) == 0)
			return true;
	return false;
}

/* -- validation ------------------------------------------------------------ */

struct token *auth_cached(struct auth *a, const char *text)
{
	return a->cache ? token_cache_get(a->cache, text) : NULL;
}

static int refuse(struct err *e, const char *why)
{
	err_set(e, ERR_UNAUTHORIZED, NULL);
	return err_detail(e, "%s", why);
}

static const char *scope_kind(const struct token_payload *p)
{
	switch (p->kind) {
	case TOKEN_DOMAIN:
		return "domain";
	case TOKEN_PROJECT:
		return "project";
	case TOKEN_SYSTEM:
		return "system";
	default:
		return "none";
	}
}

static struct token *token_of(const struct token_payload *p)
{
	struct token *t = xcalloc(1, sizeof(*t));

	t->refs = 1;
	strcpy(t->user_id, p->user_id);
	if (p->kind == TOKEN_PROJECT)
		strcpy(t->project_id, p->scope_id);
	else if (p->kind == TOKEN_DOMAIN)
		strcpy(t->domain_id, p->scope_id);
	t->system = p->kind == TOKEN_SYSTEM;
	t->methods = (int)p->methods;
	t->issued_at = p->issued_at * USEC_PER_SEC;
	t->expires_at = p->expires_at;
	if (p->audit_count > 0)
		strcpy(t->audit_id, p->audit_id[0]);
	if (p->audit_count > 1)
		strcpy(t->audit_parent, p->audit_id[1]);
	return t;
}

int auth_begin(struct auth *a, const char *text, struct auth_step *st,
	       struct err *e)
{
	struct token_payload p;
	struct token *t;

	if (fernet_token_read(a->keys, text, &p) < 0)
		return refuse(e, "not one of our tokens");
	if (p.expires_at <= usec_now())
		return refuse(e, "the token has expired");
	/* Nobody makes these yet; they need rows that are not there. */
	if (p.kind == TOKEN_TRUST || p.kind == TOKEN_APP_CRED)
		return refuse(e, "unknown trust or application credential");
	t = token_of(&p);
	st->text = text;
	st->half = t;
	st->epoch = a->cache ? token_cache_epoch(a->cache) : 0;
	st->args[0] = sql_arg_text(t->user_id);
	st->args[1] = sql_arg_text(scope_kind(&p));
	st->args[2] = sql_arg_text(t->project_id[0] ? t->project_id :
				   t->system ? "all" : t->domain_id);
	st->args[3] = sql_time(t->issued_at);
	st->args[4] = sql_arg_text(t->audit_id);
	st->args[5] = sql_arg_text(t->audit_parent[0] ? t->audit_parent :
				   t->audit_id);
	st->nargs = 6;
	return 0;
}

void auth_drop(struct auth_step *st)
{
	token_unref(st->half);
	st->half = NULL;
}

static void copy(char *dst, size_t size, const struct row *row, int col)
{
	const char *s = row_text(row, col);

	if (s)
		snprintf(dst, size, "%s", s);
}
#define COPY(dst, row, col) copy(dst, sizeof(dst), row, col)

static void fill(struct token *t, const struct row *row)
{
	COPY(t->user_name, row, token_context__user_name);
	COPY(t->user_domain_id, row, token_context__user_domain_id);
	COPY(t->user_domain_name, row, token_context__user_domain_name);
	t->password_expires_at = row_time(row,
				token_context__password_expires_at);
	if (t->project_id[0]) {
		COPY(t->project_name, row, token_context__scope_name);
		COPY(t->project_domain_id, row,
		     token_context__scope_domain_id);
		COPY(t->project_domain_name, row,
		     token_context__scope_domain_name);
	} else if (t->domain_id[0]) {
		COPY(t->domain_name, row, token_context__scope_name);
	}
}

static void fill_roles(struct token *t, const struct rows *rows)
{
	struct row row;
	int i;

	t->roles = xcalloc((size_t)rows->n, sizeof(*t->roles));
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		if (row_null(&row, token_context__role_id))
			continue;
		COPY(t->roles[t->nroles].id, &row, token_context__role_id);
		COPY(t->roles[t->nroles].name, &row,
		     token_context__role_name);
		t->nroles++;
	}
	t->is_admin = token_has_role(t, "admin");
	t->is_member = t->is_admin || token_has_role(t, "member");
	t->is_reader = t->is_member || token_has_role(t, "reader");
	t->is_service = token_has_role(t, "service");
}

struct token *auth_end(struct auth *a, struct auth_step *st,
		       const struct rows *rows, struct err *e)
{
	struct token *t = st->half;
	struct row first;

	if (rows->n == 0) {
		auth_drop(st);
		refuse(e, "revoked, or its user, scope or roles are gone");
		return NULL;
	}
	st->half = NULL;
	first = rows_at(rows, 0);
	fill(t, &first);
	if (t->password_expires_at && t->password_expires_at <= usec_now()) {
		token_unref(t);
		refuse(e, "the user's password has expired");
		return NULL;
	}
	fill_roles(t, rows);
	if (a->cache)
		token_cache_put(a->cache, st->text, st->epoch, t);
	return t;
}
