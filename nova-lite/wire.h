/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_WIRE_H
#define NOVA_WIRE_H

#include "common/service/service.h"

/* How Nova looks on the wire: the hooks of struct service. */

int wire_before_route(struct req *rq);
int wire_negotiate(struct req *rq);
int wire_after_auth(struct req *rq);
int wire_deny(struct req *rq);
int wire_bad_field(struct req *rq, const char *path, const struct jbad *bad);
int wire_no_route(struct req *rq);
void wire_render_error(struct req *rq);
void wire_finish(struct req *rq);

/* The {project_id} of /v2.1/{project_id}/..., or NULL; in the arena. */
const char *wire_url_project(struct req *rq);

#endif
