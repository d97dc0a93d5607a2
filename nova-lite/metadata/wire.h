/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_WIRE_H
#define NOVA_METADATA_WIRE_H

#include "common/service/req.h"

#define READ(m, p, op, ...) extern const struct read_op op;
#define WRITE(m, p, op, ...) int op(struct req *rq);
#include "nova-lite/metadata/routes.tbl"
#undef READ
#undef WRITE

/*
 * Who asks. A guest of user-mode networking comes in on the unix socket of its
 * server, which the guest cannot choose: the peer is the server's id. A proxy
 * says it in X-Instance-ID, signed with the secret that it shares with us
 * (Nova's and Neutron's scheme; only when a secret is configured). A guest on
 * a bridge is who has its source address there.
 */
struct who {
	const char *server_id, *project_id;	/* project NULL: any */
	const char *address, *bridge;
};

/* BAD_REQUEST, FORBIDDEN or NOT_FOUND in Nova's words. */
int who_asks(struct req *rq, struct who *who_r);

struct metadata_conf {
	const char *state_path, *dhcp_domain, *bridge, *socket_group;
	char *secret;			/* NULL: no proxies */
};
extern struct metadata_conf metadata_conf;

#endif
