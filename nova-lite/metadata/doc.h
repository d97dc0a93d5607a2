/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_DOC_H
#define NOVA_METADATA_DOC_H

/* The inside of the tree: the document, and the two halves that read it. */
#include <jansson.h>

#include "nova-lite/metadata/tree.h"

struct md {
	json_t *doc;
	char *user_data;	/* decoded, NULL: none */
	size_t user_data_len;
};

/* A member of the document as text, or NULL when it is absent or null. */
static inline const char *md_str(const struct md *m, const char *key)
{
	return json_string_value(json_object_get(m->doc, key));
}

static inline int md_int(const struct md *m, const char *key)
{
	return (int)json_integer_value(json_object_get(m->doc, key));
}

/* version has been checked against the list; path is relative to it, "" the
 * version itself. */
bool ec2_get(const struct md *m, const char *version, const char *path,
	     struct buf *out);
bool openstack_get(const struct md *m, const char *version, const char *path,
		   struct buf *out, enum md_type *type_r);

/* All of meta-data as one JSON object, for the config drive. */
void ec2_json(const struct md *m, const char *version, struct buf *out);
void openstack_meta_data(const struct md *m, const char *version,
			 const char *admin_pass, struct buf *out);

extern const char *const ec2_versions[], *const openstack_versions[];

#endif
