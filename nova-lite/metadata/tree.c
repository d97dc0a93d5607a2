/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "nova-lite/metadata/doc.h"

static int decode_user_data(struct md *m, struct err *e)
{
	const char *text = md_str(m, "user_data");
	size_t n = text ? strlen(text) : 0;
	ssize_t got;

	if (!text)
		return 0;
	m->user_data = xmalloc(BASE64_DATA_SIZE(n));
	got = base64_decode(BASE64_STD, m->user_data, text, n);
	if (got < 0)
		return err_internal(e, "user data of %s is not base64",
				    md_str(m, "id"));
	m->user_data_len = got;
	return 0;
}

struct md *md_new(const char *doc, size_t n, struct err *e)
{
	struct md *m = xcalloc(1, sizeof(*m));

	m->doc = json_loadb(doc, n, 0, NULL);
	if (!md_str(m, "id"))
		err_internal(e, "a server's metadata is not a document");
	else if (decode_user_data(m, e) == 0)
		return m;
	md_free(m);
	return NULL;
}

void md_free(struct md *m)
{
	if (!m)
		return;
	json_decref(m->doc);
	free(m->user_data);
	free(m);
}

const char *md_server_id(const struct md *m)
{
	return md_str(m, "id");
}

/* Without slashes at its ends; ".." takes the segment before. */
static char *normal_path(const char *path)
{
	char *out = xcalloc(1, strlen(path) + 2), *end = out, *last;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0) {
			last = strrchr(out, '/');
			end = last ? last : out;
		} else if (n > 0 && !(n == 1 && *path == '.')) {
			if (end > out)
				*end++ = '/';
			end = mempcpy(end, path, n);
		}
		*end = '\0';
		path += n + (path[n] == '/');
	}
	return out;
}

static void list_versions(const char *const *versions, struct buf *out)
{
	for (size_t i = 0; versions[i]; i++)
		buf_printf(out, "%s%s", i ? "\n" : "", versions[i]);
}

static bool has_version(const char *const *versions, const char *version)
{
	while (*versions && strcmp(*versions, version) != 0)
		versions++;
	return *versions;
}

bool md_get(const struct md *m, const char *path, struct buf *out,
	    enum md_type *type_r)
{
	_cleanup_(cleanup_free) char *normal = normal_path(path);
	char *rest = normal;
	const char *tree = strsep(&rest, "/"), *version = tree, *item;
	bool openstack = strcmp(tree, "openstack") == 0;
	const char *const *versions = ec2_versions;

	/* What does not name its tree is EC2's. */
	if (openstack || strcmp(tree, "ec2") == 0)
		version = rest ? strsep(&rest, "/") : "";
	item = rest ? rest : "";
	if (openstack)
		versions = openstack_versions;
	*type_r = MD_TEXT;
	if (!*version) {
		list_versions(versions, out);
		return true;
	}
	if (!has_version(versions, version))
		return false;
	return openstack ? openstack_get(m, version, item, out, type_r) :
			   ec2_get(m, version, item, out);
}

/* -- the config drive ---------------------------------------------------- */

struct drive {
	const struct md *m;
	const char *admin_pass;
	int (*fn)(const char *path, const struct buf *data, void *arg,
		  struct err *e);
	void *arg;
};

static int drive_file(const struct drive *d, const char *tree,
		      const char *version, const char *name, struct err *e)
{
	_cleanup_(cleanup_free) char *path =
		xasprintf("%s/%s/%s", tree, version, name);
	_cleanup_(buf_fini) struct buf data = { 0 };
	enum md_type type;

	if (strcmp(name, "meta-data.json") == 0)
		ec2_json(d->m, version, &data);
	else if (strcmp(name, "meta_data.json") == 0)
		openstack_meta_data(d->m, version, d->admin_pass, &data);
	else if (!md_get(d->m, path, &data, &type))
		return 0;
	return d->fn(path, &data, d->arg, e);
}

int md_files(const struct md *m, const char *admin_pass,
	     int (*fn)(const char *path, const struct buf *data, void *arg,
		       struct err *e),
	     void *arg, struct err *e)
{
	static const char *const ec2[] = { "2009-04-04", "latest" };
	static const char *const ec2_names[] = { "meta-data.json",
						 "user-data" };
	static const char *const names[] = {
		"meta_data.json", "user_data", "vendor_data.json",
		"network_data.json", "vendor_data2.json" };
	const struct drive d = { m, admin_pass, fn, arg };
	int r = 0;

	for (size_t i = 0; i < 4 && r == 0; i++)
		r = drive_file(&d, "ec2", ec2[i / 2], ec2_names[i % 2], e);
	for (size_t v = 0; openstack_versions[v] && r == 0; v++) {
		for (size_t i = 0; i < ARRAY_LEN(names) && r == 0; i++)
			r = drive_file(&d, "openstack", openstack_versions[v],
				       names[i], e);
	}
	return r;
}
