/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_TREE_H
#define NOVA_METADATA_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/*
 * What a server is told about itself: the EC2 tree (/latest/meta-data/...,
 * /2009-04-04/..., all of EC2's dates) and OpenStack's (/openstack/VERSION/
 * meta_data.json ...), as Nova's metadata service and config drive have them.
 *
 * The tree is a pure function of one document, which sql/server_metadata.sql
 * makes of the server's row, its flavor, its host and its ports.
 */
struct md;

/* doc is read and not kept. NULL with INTERNAL when it is not a document. */
struct md *md_new(const char *doc, size_t n, struct err *e);
void md_free(struct md *m);
const char *md_server_id(const struct md *m);

enum md_type {
	MD_TEXT,	/* text/plain; charset=UTF-8 */
	MD_JSON,	/* application/json */
	MD_PASSWORD,	/* text/html; charset=UTF-8; may be POSTed to */
};

/*
 * Appends what is at path ("/latest/meta-data/", ".", ".." and doubled or
 * trailing slashes as posixpath.normpath has them) to out. False, and out
 * untouched, when there is nothing there.
 */
bool md_get(const struct md *m, const char *path, struct buf *out,
	    enum md_type *type_r);

/*
 * Calls fn for each file of a config drive ("openstack/latest/meta_data.json",
 * "ec2/latest/meta-data.json" ...) and stops where it returns -1.
 * admin_pass, or NULL, becomes a member of meta_data.json.
 */
int md_files(const struct md *m, const char *admin_pass,
	     int (*fn)(const char *path, const struct buf *data, void *arg,
		       struct err *e),
	     void *arg, struct err *e);

#endif
