/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/manifest/body.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "glance-lite/api/attr.h"
#include "glance-lite/glance.h"

const struct jfield weights_fields[] = {
	JF_NUM(struct cost_weights, download, 0, 0, 1000),
	JF_NUM(struct cost_weights, injection, 0, 0, 1000),
	JF_NUM(struct cost_weights, removal, 0, 0, 1000),
	JF_END
};

/* Bytes a second; seconds a file. */
const struct jfield rates_fields[] = {
	JF_NUM(struct cost_rates, transfer, 0, 1, 1000000000000),
	JF_NUM(struct cost_rates, injection, 0, 0, 3600),
	JF_NUM(struct cost_rates, removal, 0, 0, 3600),
	JF_END
};

const struct jfield candidate_fields[] = {
	JF_JSON(struct ask_in, files, J_REQ | J_ARR),
	JF_INT(struct ask_in, model, 0, 1, 5),
	JF_JSON(struct ask_in, weights, J_OBJ),
	JF_JSON(struct ask_in, rates, J_OBJ),
	JF_STR(struct ask_in, host, 0, 1, 255),
	JF_JSON(struct ask_in, cached, J_ARR),
	JF_STR(struct ask_in, project_id, 0, 1, 255),
	JF_END
};

const struct jfield plan_fields[] = {
	JF_JSON(struct ask_in, sets, J_REQ | J_ARR),
	JF_INT(struct ask_in, model, 0, 1, 5),
	JF_JSON(struct ask_in, weights, J_OBJ),
	JF_JSON(struct ask_in, rates, J_OBJ),
	JF_STR(struct ask_in, host, 0, 1, 255),
	JF_JSON(struct ask_in, cached, J_ARR),
	JF_STR(struct ask_in, project_id, 0, 1, 255),
	JF_END
};

const struct jfield plan_set_fields[] = {
	JF_STR(struct plan_set_in, base_image, J_REQ | J_UUID, 36, 36),
	JF_JSON(struct plan_set_in, files, J_REQ | J_ARR),
	JF_END
};

const struct jfield manifest_fields[] = {
	JF_STR(struct manifest_in, base_image, J_REQ | J_UUID, 36, 36),
	JF_JSON(struct manifest_in, files, J_REQ | J_ARR),
	JF_END
};

int body_fields(json_t *v, const char *where, const struct jfield *f,
		void *out, struct err *e)
{
	struct jbad bad;

	if (json_fields(v, f, 0, out, &bad) == 0)
		return 0;
	return err_set(e, ERR_BAD_REQUEST, "Invalid %s%s%s: %s",
		       *where || *bad.field ? where : "body",
		       *where && *bad.field ? "." : "", bad.field, bad.text);
}

int manifest_req_body(struct req *rq, const char *key, const struct jfield *f,
		      void *out)
{
	json_t *body = glance_body(rq);

	return body ? body_fields(body, key ? key : "", f, out, &rq->err) : -1;
}

const char *body_uuid(struct req *rq, const char *id)
{
	char *out = arena_strdup(req_arena(rq), id);

	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

/* -- what requests say ---------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_sha256(const char *s)
{
	uint8_t hash[SHA256_SIZE];

	return hex_decode(hash, sizeof(hash), s, strlen(s)) == 0;
}

static void images_drop(void *buf)
{
	buf_fini(buf);
}

/* What the host holds: ids of images, and digests of contents. */
static int read_cached(struct req *rq, json_t *cached, struct ask *ask)
{
	struct buf *images = arena_zalloc(req_arena(rq), sizeof(*images));
	const char *s;
	json_t *v;
	size_t i;

	arena_own(req_arena(rq), images, images_drop);
	ask->contents = arena_alloc(req_arena(rq), (json_array_size(cached) +
				    1) * sizeof(*ask->contents));
	buf_addc(images, '{');
	json_array_foreach(cached, i, v) {
		s = json_string_value(v);
		if (s && is_sha256(s))
			ask->contents[ask->ncontents++] = s;
		else if (s && attr_is_uuid(s))
			buf_printf(images, "%s%s", images->len > 1 ? "," : "",
				   s);
		else
			return fail(rq, ERR_BAD_REQUEST, "Invalid cached[%zu]:"
				    " neither an image's ID nor a SHA-256",
				    i);
	}
	buf_addc(images, '}');
	ask->images = buf_str(images);
	qsort(ask->contents, ask->ncontents, sizeof(*ask->contents), by_text);
	return 0;
}

static int read_project(struct req *rq, const char *project, struct ask *ask)
{
	ask->project = project ? project : rq->token->project_id;
	if (rq->token->is_admin ||
	    strcmp(ask->project, rq->token->project_id) == 0)
		return 0;
	return fail(rq, ERR_FORBIDDEN, "Invalid project_id: only an admin "
		    "asks for another project.");
}

int ask_read(struct req *rq, const struct ask_in *in, struct ask *ask_r)
{
	struct ask ask = {
		.host = in->host,
		.model = { .number = in->model ? (int)in->model
			   : COST_MODEL_DEFAULT, .weights = { 1, 1, 1 },
			   .rates = { NAN, NAN, NAN } },
	};

	if (in->weights && ask.model.number != 5)
		return fail(rq, ERR_BAD_REQUEST, "Invalid weights: only model "
			    "5 has weights");
	if (in->weights && body_fields(in->weights, "weights", weights_fields,
				       &ask.model.weights, &rq->err) < 0)
		return -1;
	if (in->rates && body_fields(in->rates, "rates", rates_fields,
				     &ask.model.rates, &rq->err) < 0)
		return -1;
	if (read_cached(rq, in->cached, &ask) < 0 ||
	    read_project(rq, in->project_id, &ask) < 0)
		return -1;
	*ask_r = ask;
	return 0;
}

int64_t ask_fetch(const struct ask *ask, const struct set_file *f)
{
	return bsearch(&f->sha256, ask->contents, ask->ncontents,
		       sizeof(*ask->contents), by_text) ? 0 : f->size;
}
