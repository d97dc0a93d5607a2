/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_SERVER_IN_H
#define NOVA_SERVER_IN_H

#include "nova-lite/servers.h"

/* The body of a create: first what the client sent, then what it means. */
struct server_in {
	json_t *server, *hints;

	const char *name, *image, *key_name, *user_data, *password, *zone;
	const char *v4, *v6, *disk_config, *description;
	const char *host, *hypervisor_hostname, *hostname;
	json_t *flavor, *metadata, *networks, *security_groups;
	json_t *devices, *tags;
	struct files_in files;
	int64_t min_count, max_count;
	bool config_drive, return_reservation_id;

	const char *flavor_id, *on_host, *on_node;
	const char *networks_text;	/* JSON; NULL: none was named */
	const char *groups_text;	/* JSON list of names, or NULL */
	int64_t swap_mb, ephemeral_gb;	/* of blank local devices */
	bool place_known;		/* the host must exist */
};

/* api/server_parts.c: the lists in the body. -1 with Nova's 400. */
int check_networks(struct req *rq, struct server_in *in);
int check_security_groups(struct req *rq, struct server_in *in);
/* Fills in->image from the boot device where imageRef is empty. */
int check_devices(struct req *rq, struct server_in *in);

#endif
