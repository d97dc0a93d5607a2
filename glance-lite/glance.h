/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_H
#define GLANCE_H

#include "common/service/service.h"
#include "glance-lite/store/file.h"

/* What the configuration said, and the store; set before the first request. */
struct glance {
	struct store *store;
	const char *www_authenticate;
	int64_t size_cap;		/* bytes of one image */
	int64_t property_quota, tag_quota;	/* INT32_MAX: no bound */
	int64_t member_quota;
	int64_t limit_default, limit_max;	/* of a list */
	int64_t bundle_max_mb;		/* of an OS image, unpacked */
	bool match_format;	/* refuse bytes that are not recognised, too */
};
const struct glance *glance(void);
extern const struct conf_opt glance_opts[];
int glance_start(const struct conf *conf, struct sql_conn *conn,
		 struct err *e);
void glance_stop(void);

/* The service's hooks (wire.c): Glance's errors and unknown paths. */
int glance_before_route(struct req *rq);
int glance_no_route(struct req *rq);
int glance_deny(struct req *rq);
int glance_bad_field(struct req *rq, const char *path,
		     const struct jbad *bad);
void glance_render_error(struct req *rq);
void glance_finish(struct req *rq);

/*
 * Glance's errors have an explanation and below it sometimes a detail. This
 * fails with the status' own explanation and the detail given; fail() with an
 * explanation alone.
 */
int fail_detail(struct req *rq, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* No body, but the Content-Type that Glance's own such replies have. */
int reply_done(struct req *rq, int status);

/*
 * The JSON body, whatever its media type says (as Glance takes it), owned by
 * the request; NULL with the error filled.
 */
json_t *glance_body(struct req *rq);

/* The path's {image_id}, or NULL with `lost` (a format with %s) as the 404:
 * what is no UUID is no image. */
const char *image_id(struct req *rq, const char *lost);
#define IMAGE_LOST "No image found with ID %s"

/* FORBIDDEN for all but admins while the image is deactivated. */
int image_check_download(struct req *rq, const char *status);

/* The only store and the only way of import, as clients see them. */
#define STORE_ID "fs"
#define IMPORT_METHOD "glance-direct"

/* Common parameters: the image, and who asks. */
#define IMAGE_ASKED(rq, id) \
	id, (const char *)(rq)->token->project_id, (rq)->token->is_admin

#endif
