/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: made from a password or a token, looked at, revoked. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/crypto/fernet.h"
#include "gen/common_sql.h"
#include "keystone-shim/api/catalog.h"
#include "keystone-shim/api/passwords.h"
#include "keystone-shim/api/resource.h"

/* Somebody who has shown who he is. */
struct identity {
	char user_id[TOKEN_ID_SIZE];
	const char *default_project_id;
	unsigned int methods;
	usec_t expires_at;		/* of the token it was; 0: none */
	char chain[TOKEN_AUDIT_SIZE];	/* its first token's id, or "" */
};

/* -- the reply ------------------------------------------------------------ */

static void domain_write(struct req *rq, const char *id, const char *name)
{
	j_obj(&rq->w, "domain");
	j_str(&rq->w, "id", id);
	j_str(&rq->w, "name", name);
	j_end(&rq->w);
}

static void user_write(struct req *rq, const struct token *t)
{
	struct jw *w = &rq->w;

	j_obj(w, "user");
	domain_write(rq, t->user_domain_id, t->user_domain_name);
	j_str(w, "id", t->user_id);
	j_str(w, "name", t->user_name);
	if (t->password_expires_at)
		j_time(w, "password_expires_at", t->password_expires_at,
		       TIME_USEC);
	else
		j_null(w, "password_expires_at");
	j_end(w);
}

static void methods_write(struct req *rq, int methods)
{
	static const char *const names[] = {
		"external", "password", "token", "oauth1", "mapped",
		"application_credential",
	};

	j_arr(&rq->w, "methods");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (methods & 1 << i)
			j_str(&rq->w, NULL, names[i]);
	j_end(&rq->w);
}

static void roles_write(struct req *rq, const struct token *t)
{
	j_arr(&rq->w, "roles");
	for (int i = 0; i < t->nroles; i++) {
		j_obj(&rq->w, NULL);
		j_str(&rq->w, "id", t->roles[i].id);
		j_str(&rq->w, "name", t->roles[i].name);
		j_end(&rq->w);
	}
	j_end(&rq->w);
}

/* Scope and roles; false for a token without a scope. */
static bool scope_write(struct req *rq, const struct token *t)
{
	struct jw *w = &rq->w;

	if (t->project_id[0]) {
		j_obj(w, "project");
		domain_write(rq, t->project_domain_id,
			     t->project_domain_name);
		j_str(w, "id", t->project_id);
		j_str(w, "name", t->project_name);
		j_end(w);
		j_bool(w, "is_domain", false);
	} else if (t->domain_id[0]) {
		domain_write(rq, t->domain_id, t->domain_name);
	} else if (t->system) {
		j_obj(w, "system");
		j_bool(w, "all", true);
		j_end(w);
	} else {
		return false;
	}
	roles_write(rq, t);
	return true;
}

static int token_reply(struct req *rq, const struct token *t,
		       const char *text, int status)
{
	bool scoped = t->project_id[0] || t->domain_id[0] || t->system;
	const struct rows *catalog = NULL;
	struct jw *w = &rq->w;

	if (scoped && !req_query(rq, "nocatalog") &&
	    sql_rows(rq, &SQL_catalog_list, &catalog, NO_ARGS) < 0)
		return -1;
	reply_header(rq, "X-Subject-Token", "%s", text);
	j_obj(w, NULL);
	j_obj(w, "token");
	methods_write(rq, t->methods);
	user_write(rq, t);
	j_arr(w, "audit_ids");
	j_str(w, NULL, t->audit_id);
	if (t->audit_parent[0])
		j_str(w, NULL, t->audit_parent);
	j_end(w);
	j_time(w, "expires_at", t->expires_at, TIME_USEC_Z);
	j_time(w, "issued_at", t->issued_at, TIME_USEC_Z);
	if (scope_write(rq, t) && catalog)
		catalog_write(rq, t, catalog);
	j_end(w);
	j_end(w);
	return reply(rq, status);
}

/* -- looking at a token --------------------------------------------------- */

static void token_drop(void *token)
{
	token_unref(token);
}

/* What a token stands for now; NULL with UNAUTHORIZED when nothing. */
static const struct token *token_look(struct req *rq, const char *text)
{
	const struct rows *rows;
	struct auth_step st;
	struct token *t;

	if (auth_begin(service_auth(), text, &st, &rq->err) < 0)
		return NULL;
	if (sql_rows(rq, &SQL_token_context, &rows, st.args, st.nargs) < 0) {
		auth_drop(&st);
		return NULL;
	}
	t = auth_end(service_auth(), &st, rows, &rq->err);
	if (t)
		arena_own(req_arena(rq), t, token_drop);
	return t;
}

/* A token that the request is about: 404 when it is no good. */
static const struct token *token_subject(struct req *rq, const char *text)
{
	const struct token *t = token_look(rq, text);
	struct token_payload p;

	if (!t && rq->err.kind == ERR_UNAUTHORIZED)
		fail(rq, ERR_NOT_FOUND, "%s",
		     fernet_token_read(auth_keys(service_auth()), text,
				       &p) < 0 ?
		     "Could not recognize Fernet token" :
		     "Failed to validate token");
	return t;
}

/* Who may look: readers of the system, services, the token's own user. */
static int token_may_look(struct req *rq, const struct token *subject)
{
	if (rq->token->is_service)
		return 0;
	return allow_user(rq, subject->user_id);
}

int token_show(struct req *rq)
{
	const char *text = req_header(rq, "X-Subject-Token");
	const struct token *t;

	if (!text)
		return fail(rq, ERR_NOT_FOUND, "No token in the request");
	t = token_subject(rq, text);
	if (!t || token_may_look(rq, t) < 0)
		return -1;
	return token_reply(rq, t, text, 200);
}

int token_revoke(struct req *rq)
{
	const char *text = req_header(rq, "X-Subject-Token");
	const struct token *t;

	if (!text)
		return fail(rq, ERR_NOT_FOUND, "No token in the request");
	t = token_subject(rq, text);
	if (!t)
		return -1;
	if (!rq->token->is_admin &&
	    strcmp(rq->token->user_id, t->user_id) != 0)
		return wire_deny(rq);
	if (sql_run(rq, &SQL_token_revoke,
		    ARGS((const char *)t->audit_id,
			 sql_time(t->expires_at))) < 0 ||
	    sql_run(rq, &SQL_revocation_prune,
		    ARGS(2 * conf_int(service_conf(), "token",
				      "expiration"))) < 0 ||
	    tokens_changed(rq) < 0)
		return -1;
	return reply(rq, 204);
}

/* -- making a token ------------------------------------------------------- */

static int unauthorized(struct req *rq)
{
	return fail(rq, ERR_UNAUTHORIZED, NULL);
}

static int prove_password(struct req *rq, const struct login *in,
			  struct identity *who)
{
	struct row row;

	if (password_prove(rq, &in->user, in->password, &row) < 0)
		return -1;
	snprintf(who->user_id, sizeof(who->user_id), "%s",
		 row_text(&row, login__id));
	who->default_project_id = row_text(&row, login__default_project_id);
	who->methods |= TOKEN_METHOD_PASSWORD;
	return 0;
}

/* The new token ends with the old one, and belongs to its chain. */
static int prove_token(struct req *rq, const struct login *in,
		       struct identity *who)
{
	const struct token *t = token_subject(rq, in->token);
	struct row row;
	int n;

	if (!t)
		return -1;
	if (who->user_id[0] && strcmp(who->user_id, t->user_id) != 0)
		return unauthorized(rq);
	snprintf(who->user_id, sizeof(who->user_id), "%s", t->user_id);
	who->methods |= (unsigned int)t->methods | TOKEN_METHOD_TOKEN;
	who->expires_at = t->expires_at;
	snprintf(who->chain, sizeof(who->chain), "%.*s", TOKEN_AUDIT_SIZE - 1,
		 t->audit_parent[0] ? t->audit_parent : t->audit_id);
	if (in->scope_kind != SCOPE_NONE)
		return 0;
	n = sql_maybe(rq, &SQL_login_show, &row,
		      ARGS(t->user_id, sql_null(), sql_null(), sql_null(), 0,
			   0));
	if (n > 0)
		who->default_project_id =
			row_text(&row, login__default_project_id);
	return n < 0 ? -1 : 0;
}

static int prove(struct req *rq, const struct login *in, struct identity *who)
{
	if (in->by_password && prove_password(rq, in, who) < 0)
		return -1;
	if (in->by_token && prove_token(rq, in, who) < 0)
		return -1;
	return 0;
}

/* The id of the project or domain that is asked for; 401 when there is none. */
static const char *scope_id(struct req *rq, const struct login *in)
{
	const struct named *s = &in->scope;
	struct row row;
	int n;

	if (in->scope_kind == SCOPE_SYSTEM)
		return "all";
	n = sql_maybe(rq, &SQL_scope_find, &row,
		      ARGS(in->scope_kind == SCOPE_DOMAIN, s->id, s->name,
			   s->domain_id, s->domain_name));
	if (n == 0)
		unauthorized(rq);
	return n > 0 ? row_text(&row, 0) : NULL;
}

/* The second that a new token is dated, as it begins when it must be new. */
static int birth(struct req *rq, const struct token_payload *p,
		 int64_t *second_r)
{
	const char *scope = p->scope_id;
	struct timespec wait = { 0 };
	struct row row;
	int64_t ms;

	if (sql_one(rq, &SQL_token_birth, &row,
		    ARGS((const char *)p->user_id,
			 p->kind == TOKEN_PROJECT ? scope : NULL,
			 p->kind == TOKEN_DOMAIN ? scope : NULL)) < 0)
		return -1;
	*second_r = row_int(&row, birth__second);
	ms = row_int(&row, birth__wait);
	if (ms > 0) {
		sql_release(rq);
		wait.tv_sec = ms / 1000;
		wait.tv_nsec = ms % 1000 * 1000000;
		nanosleep(&wait, NULL);
		++*second_r;
	}
	return 0;
}

/*
 * Makes a token and looks at it as anybody would: what it may not be (a scope
 * without a role, something disabled) is found in one place only.
 */
static const struct token *issue(struct req *rq, const struct identity *who,
				 enum token_kind kind, const char *scope,
				 char text_r[TOKEN_TEXT_SIZE])
{
	struct token_payload p = { .kind = kind, .methods = who->methods };

	snprintf(p.user_id, sizeof(p.user_id), "%s", who->user_id);
	snprintf(p.scope_id, sizeof(p.scope_id), "%s", scope ? scope : "");
	if (birth(rq, &p, &p.issued_at) < 0)
		return NULL;
	p.expires_at = who->expires_at;
	if (!p.expires_at)
		p.expires_at = USEC_PER_SEC * (p.issued_at +
			conf_int(service_conf(), "token", "expiration"));
	token_audit_id(p.audit_id[p.audit_count++]);
	if (who->chain[0])
		strcpy(p.audit_id[p.audit_count++], who->chain);
	fernet_token_make(auth_keys(service_auth()), &p, text_r);
	return token_look(rq, text_r);
}

/* The default project if it will do, and else no scope. */
static const struct token *issue_default(struct req *rq,
					 const struct identity *who,
					 char text_r[TOKEN_TEXT_SIZE])
{
	const struct token *t = NULL;

	if (who->default_project_id) {
		t = issue(rq, who, TOKEN_PROJECT, who->default_project_id,
			  text_r);
		if (!t && rq->err.kind != ERR_UNAUTHORIZED)
			return NULL;
		rq->err.kind = ERR_NONE;
	}
	return t ? t : issue(rq, who, TOKEN_UNSCOPED, NULL, text_r);
}

int token_create(struct req *rq)
{
	static const enum token_kind kinds[] = {
		[SCOPE_UNSCOPED] = TOKEN_UNSCOPED,
		[SCOPE_PROJECT] = TOKEN_PROJECT,
		[SCOPE_DOMAIN] = TOKEN_DOMAIN,
		[SCOPE_SYSTEM] = TOKEN_SYSTEM,
	};
	struct identity who = { 0 };
	char text[TOKEN_TEXT_SIZE];
	const char *scope = NULL;
	const struct token *t;
	struct login in;

	if (login_read(rq, &in) < 0 || prove(rq, &in, &who) < 0)
		return -1;
	if (in.scope_kind > SCOPE_UNSCOPED) {
		scope = scope_id(rq, &in);
		if (!scope)
			return -1;
	}
	t = in.scope_kind == SCOPE_NONE ? issue_default(rq, &who, text) :
		issue(rq, &who, kinds[in.scope_kind], scope, text);
	return t ? token_reply(rq, t, text, 201) : -1;
}

/* -- GET /v3/auth/system --------------------------------------------------- */

static int auth_system_list_bind(struct req *rq)
{
	req_args(rq, (const char *)rq->token->user_id);
	return 0;
}

static int auth_system_list_view(struct req *rq, const struct rows *rows)
{
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "system");
	if (rows->n > 0) {
		j_obj(&rq->w, NULL);
		j_bool(&rq->w, "all", true);
		j_end(&rq->w);
	}
	j_end(&rq->w);
	j_obj(&rq->w, "links");
	j_strf(&rq->w, "self", "%s%s", rq->base_url, rq->path);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

const struct read_op auth_system_list = {
	&SQL_auth_system_list, auth_system_list_bind, auth_system_list_view
};
