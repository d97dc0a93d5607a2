/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/crypto/ssh.h"
#include "nova-lite/nova.h"

#define NAME_CHARS "_- 0123456789abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* From 2.92 on names may be addresses, and keys are no longer generated. */
#define NAME_CHARS_92 "@." NAME_CHARS

static int no_keypair(struct req *rq, const char *user)
{
	return fail(rq, ERR_NOT_FOUND, "Keypair %s not found for user %s",
		    req_path(rq, "keypair_name"), user);
}

/* Key pairs belong to users; ?user_id (2.10) is for administrators. */
static int owner(struct req *rq, const char *asked, const char **user_r)
{
	*user_r = rq->token->user_id;
	if (!asked || !req_mv(rq, 10) || strcmp(asked, *user_r) == 0)
		return 0;
	if (!rq->token->is_admin)
		return rq->svc->deny(rq);
	*user_r = asked;
	return 0;
}

static void keypair_core(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_str(w, "name", row_text(row, keypair__name));
	j_str(w, "public_key", row_text(row, keypair__public_key));
	j_str(w, "fingerprint", row_text(row, keypair__fingerprint));
	if (req_mv(rq, 2))
		j_str(w, "type", row_text(row, keypair__type));
}

/* -- list ----------------------------------------------------------------- */

/* Pages came with 2.35; before, limit and marker mean nothing. */
static int list_page(struct req *rq, const char **marker_r, int64_t *limit_r)
{
	*marker_r = req_mv(rq, 35) ? req_query(rq, "marker") : NULL;
	*limit_r = INT32_MAX;
	return req_mv(rq, 35) ? query_limit(rq, limit_r) : 0;
}

static int list_bind(struct req *rq)
{
	const char *user, *marker;
	int64_t limit;

	if (owner(rq, req_query(rq, "user_id"), &user) < 0 ||
	    list_page(rq, &marker, &limit) < 0)
		return -1;
	req_args(rq, user, marker, limit);
	return 0;
}

static int list_view(struct req *rq, const struct rows *rows)
{
	struct page page = { "keypairs_links", NULL, rows->n, 0 };
	struct jw *w = &rq->w;
	struct row row;
	int i;

	list_page(rq, &page.last, &page.limit);
	j_obj(w, NULL);
	j_arr(w, "keypairs");
	for (i = 0; i < rows->n; i++) {
		row = rows_at(rows, i);
		j_obj(w, NULL);
		j_obj(w, "keypair");
		keypair_core(rq, &row);
		j_end(w);
		j_end(w);
		page.last = row_text(&row, keypair__name);
	}
	j_end(w);
	next_view(rq, &page);
	j_end(w);
	return reply(rq, 200);
}

const struct read_op keypair_list = {
	&SQL_keypair_list, list_bind, list_view
};

/* -- one ------------------------------------------------------------------ */

static int show_bind(struct req *rq)
{
	const char *user;

	if (owner(rq, req_query(rq, "user_id"), &user) < 0)
		return -1;
	req_args(rq, user, req_path(rq, "keypair_name"));
	return 0;
}

static int show_view(struct req *rq, const struct rows *rows)
{
	struct jw *w = &rq->w;
	const char *user;
	struct row row;

	if (owner(rq, req_query(rq, "user_id"), &user) < 0)
		return -1;
	if (rows->n == 0)
		return no_keypair(rq, user);
	row = rows_at(rows, 0);
	j_obj(w, NULL);
	j_obj(w, "keypair");
	keypair_core(rq, &row);
	j_str(w, "user_id", row_text(&row, keypair__user_id));
	j_time(w, "created_at", row_time(&row, keypair__created_at),
	       TIME_USEC);
	j_bool(w, "deleted", false);
	j_null(w, "deleted_at");
	j_int(w, "id", row_int(&row, keypair__id));
	j_null(w, "updated_at");
	j_end(w);
	j_end(w);
	return reply(rq, 200);
}

const struct read_op keypair_show = {
	&SQL_keypair_show, show_bind, show_view
};

int keypair_delete(struct req *rq)
{
	const char *user;
	int64_t n;

	if (owner(rq, req_query(rq, "user_id"), &user) < 0)
		return -1;
	n = sql_run(rq, &SQL_keypair_delete,
		    ARGS(user, req_path(rq, "keypair_name")));
	if (n <= 0)
		return n < 0 ? -1 : no_keypair(rq, user);
	return reply(rq, req_mv(rq, 2) ? 204 : 202);
}

/* -- create --------------------------------------------------------------- */

struct keypair_in {
	const char *name, *type, *public_key, *user_id;
};

static const struct jfield keypair_fields[] = {
	JF_STR(struct keypair_in, name, J_REQ, 1, 255),
	JF_STR_MV(struct keypair_in, type, 0, 1, 255, 2, 999),
	JF_STR_MV(struct keypair_in, public_key, 0, 0, 65535, 1, 91),
	JF_STR_MV(struct keypair_in, public_key, J_REQ, 0, 65535, 92, 999),
	JF_STR_MV(struct keypair_in, user_id, 0, 1, 255, 10, 999),
	JF_END
};

static int check_keypair(struct req *rq, const struct keypair_in *in)
{
	const char *allowed = req_mv(rq, 92) ? NAME_CHARS_92 : NAME_CHARS;
	const char *c = in->name + strspn(in->name, allowed);
	size_t n = strlen(in->name);

	if (*c || in->name[0] == ' ' || in->name[n - 1] == ' ')
		return fail(rq, ERR_BAD_REQUEST, "An invalid 'name' value was "
			    "provided. The name must be: Only expected "
			    "characters: [%s]", allowed);
	if (strcmp(in->type, "ssh") != 0 && strcmp(in->type, "x509") != 0)
		return bad_string(rq, "type", in->type,
				  "is not one of ['ssh', 'x509']");
	if (strcmp(in->type, "x509") == 0)
		return fail(rq, ERR_BAD_REQUEST, "Keypair data is invalid: "
			    "x509 certificates are not supported.");
	return 0;
}

/* The new pair; the private key is in this reply and nowhere else. */
static int created(struct req *rq, const struct row *row, const char *private)
{
	struct jw *w = &rq->w;

	j_obj(w, NULL);
	j_obj(w, "keypair");
	if (private)
		j_str(w, "private_key", private);
	keypair_core(rq, row);
	j_str(w, "user_id", row_text(row, keypair__user_id));
	j_end(w);
	j_end(w);
	return reply(rq, req_mv(rq, 2) ? 201 : 200);
}

static int keypair_store(struct req *rq, const struct keypair_in *in,
			 const struct ssh_keypair *kp)
{
	const char *user;
	struct row row;

	if (owner(rq, in->user_id, &user) < 0)
		return -1;
	if (sql_one(rq, &SQL_keypair_create, &row,
		    ARGS(user, in->name, in->type, kp->public_key,
			 kp->fingerprint, rq->token->project_id)) < 0)
		return rq->err.kind != ERR_CONFLICT ? -1 :
			fail(rq, ERR_CONFLICT, "Key pair '%s' already exists.",
			     in->name);
	return created(rq, &row, kp->private_key);
}

int keypair_create(struct req *rq)
{
	struct keypair_in in = { .type = "ssh" };
	struct ssh_keypair kp = { 0 };
	int ret;

	if (req_body(rq, "keypair", keypair_fields, &in) < 0 ||
	    check_keypair(rq, &in) < 0)
		return -1;
	if (!in.public_key) {
		ssh_keypair_init(&kp);
		ret = keypair_store(rq, &in, &kp);
		ssh_keypair_fini(&kp);
		return ret;
	}
	if (ssh_public_key_check(in.public_key, kp.fingerprint) < 0)
		return fail(rq, ERR_BAD_REQUEST, "Keypair data is invalid: "
			    "failed to generate fingerprint");
	kp.public_key = (char *)in.public_key;
	return keypair_store(rq, &in, &kp);
}
