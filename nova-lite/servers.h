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

/* What creates and rebuilds make up (api/server_draft.c); in the arena. */
const char *random_text(struct req *rq, size_t n, const char *alphabet);
const char *random_password(struct req *rq);
/* "" takes an address or user data away. */
const char *null_if_empty(const char *s);

/*
 * The files of a create or a rebuild (api/server_files.c). The limits of the
 * project are the catalog's to judge: see compute.files_fit.
 */
struct files_in {
	json_t *plain, *lite;	/* personality, lite:files; NULL: none */
	const struct file *files;	/* both, one behind the other */
	size_t n;
	/*
	 * As a JSON list for the agent: {path, sha256, size, mode, uid, gid}
	 * each; without size where the client gave the digest alone.
	 */
	const char *text;
	bool first_boot;	/* the servers may be in want of the agent */
};
int check_files(struct req *rq, struct files_in *in);
/* In the transaction that makes the jobs: names the image that has all files,
 * or keeps the contents, which they may need. */
int settle_files(struct req *rq, const struct files_in *in);

#endif
