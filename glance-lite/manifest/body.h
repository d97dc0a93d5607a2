/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_MANIFEST_BODY_H
#define GLANCE_MANIFEST_BODY_H

#include "common/service/req.h"
#include "glance-lite/manifest/cost.h"
#include "glance-lite/manifest/set.h"

/* A value through a field table; where it stands ("weights", "" for the body
 * itself) is part of the BAD_REQUEST. */
int body_fields(json_t *v, const char *where, const struct jfield *f,
		void *out, struct err *e);
/* A UUID of a body as the catalog writes it, in the request's arena. */
const char *body_uuid(struct req *rq, const char *id);
/* The request's body through a field table. key: NULL, as of req_body. */
int manifest_req_body(struct req *rq, const char *key, const struct jfield *f,
		      void *out);

enum { PLAN_SETS_MAX = 64 };

/* The bodies that ask for sources: of candidates, and of plans. */
struct ask_in {
	json_t *files, *sets;		/* one or the other */
	int64_t model;
	json_t *weights, *rates, *cached;
	const char *host, *project_id;
};
struct plan_set_in {
	const char *base_image;
	json_t *files;
};
struct manifest_in {
	const char *base_image;
	json_t *files;
};
extern const struct jfield candidate_fields[], plan_fields[];
extern const struct jfield plan_set_fields[], manifest_fields[];
extern const struct jfield weights_fields[], rates_fields[];

/* What they say besides the files, checked; all in the request's arena. */
struct ask {
	const char *project, *host;	/* host may be NULL */
	struct cost_model model;	/* rates: NAN where not asked for */
	const char *images;		/* that the host holds: "{uuid,...}" */
	const char **contents;		/* SHA-256 that it holds, in order */
	size_t ncontents;
};
int ask_read(struct req *rq, const struct ask_in *in, struct ask *ask_r);
/* Bytes of a file that must be transferred to the host. */
int64_t ask_fetch(const struct ask *ask, const struct set_file *f);

#endif
