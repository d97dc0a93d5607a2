/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_KEYSTONE_WIRE_H
#define LITE_KEYSTONE_WIRE_H

#include "common/service/service.h"
#include "keystone-shim/routes.h"

/* What is Keystone's alone: the bytes of its errors and its headers. */
extern const struct sql_constraint wire_constraints[];
int wire_deny(struct req *rq);
int wire_bad_field(struct req *rq, const char *path, const struct jbad *bad);
int wire_no_route(struct req *rq);
void wire_render_error(struct req *rq);
void wire_finish(struct req *rq);

/* BAD_REQUEST in Keystone's words: "Expecting to find WHAT in WHERE. ..." */
int wire_expecting(struct req *rq, const char *what, const char *where);

/* BAD_REQUEST for a value of the configuration that cannot work. */
int options_check(const struct conf *conf, struct err *e);

/* Subcommands; see `keystone-shim --help`. */
int bootstrap(const struct conf *conf, int argc, char **argv);
int fernet_setup(const struct conf *conf, int argc, char **argv);
int fernet_rotate(const struct conf *conf, int argc, char **argv);

#endif
