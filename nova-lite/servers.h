/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_SERVERS_H
#define NOVA_SERVERS_H

#include "nova-lite/nova.h"

/* What several operations ask of a server's body (api/server_check.c). All
 * take NULL for what was not given; -1 with Nova's 400. */
int check_disk_config(struct req *rq, const char *s);
int check_address(struct req *rq, const char *field, const char *s);
int check_hostname(struct req *rq, const char *s);
int check_user_data(struct req *rq, const char *s);
int check_tags(struct req *rq, const json_t *tags);
/* One tag of the path or a list; `field` for the message. */
int check_tag(struct req *rq, const char *field, const json_t *tag);

#endif
