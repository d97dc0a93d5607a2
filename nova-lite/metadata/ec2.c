/* SPDX-License-Identifier: Apache-2.0 */
/* EC2's tree as Nova answers it; what its versions hold is a table. */
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/json/out.h"
#include "nova-lite/metadata/doc.h"

const char *const ec2_versions[] = {
	"1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10",
	"2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04", "latest", NULL
};

/* A leaf's value; -1: this server has no such leaf. */
typedef int leaf_fn(const struct md *m, struct buf *out);

static int put(struct buf *out, const char *s)
{
	if (!s)
		return -1;
	buf_adds(out, s);
	return 0;
}

/* EC2's names for images are numbers of eight digits: the id's first eight. */
static int ami(const struct md *m, const char *prefix, const char *key,
	       struct buf *out)
{
	const char *id = md_str(m, key);

	if (!id)
		return -1;
	buf_printf(out, "%s-%.8s", prefix, id);
	return 0;
}

static int ami_id(const struct md *m, struct buf *out)
{
	return ami(m, "ami", "image_id", out);
}

static int kernel_id(const struct md *m, struct buf *out)
{
	return ami(m, "aki", "kernel_id", out);
}

static int ramdisk_id(const struct md *m, struct buf *out)
{
	return ami(m, "ari", "ramdisk_id", out);
}

static int launch_index(const struct md *m, struct buf *out)
{
	buf_printf(out, "%d", md_int(m, "launch_index"));
	return 0;
}

static int manifest_path(const struct md *m, struct buf *out)
{
	(void)m;
	return put(out, "FIXME");	/* as Nova answers */
}

static int root_name(const struct md *m, struct buf *out)
{
	const char *device = md_str(m, "root_device"), *slash;

	slash = device ? strrchr(device, '/') : NULL;
	return put(out, slash ? slash + 1 : device);
}

static int root_device(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "root_device"));
}

static int ephemeral0(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "ephemeral_device"));
}

static int swap(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "swap_device"));
}

static int hostname(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "hostname"));
}

static int instance_action(const struct md *m, struct buf *out)
{
	(void)m;
	return put(out, "none");
}

static int instance_id(const struct md *m, struct buf *out)
{
	buf_printf(out, "i-%08x", md_int(m, "num"));
	return 0;
}

static int instance_type(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "flavor"));
}

/* The first address; a server without one answers with nothing. */
static int local_ipv4(const struct md *m, struct buf *out)
{
	json_t *nic = json_array_get(json_object_get(m->doc, "nics"), 0);
	const char *ip = json_string_value(json_object_get(nic, "ip"));

	return put(out, ip ? ip : "");
}

static int public_ipv4(const struct md *m, struct buf *out)
{
	(void)m;
	return put(out, "");		/* there are no floating addresses */
}

static int zone(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "zone"));
}

static int openssh_key(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "public_key"));
}

static int reservation_id(const struct md *m, struct buf *out)
{
	return put(out, md_str(m, "reservation_id"));
}

static int security_groups(const struct md *m, struct buf *out)
{
	json_t *names = json_object_get(m->doc, "security_groups"), *name;
	size_t i;

	json_array_foreach(names, i, name)
		buf_printf(out, "%s%s", i ? "\n" : "",
			   json_string_value(name));
	return 0;
}

/* Sorted, as listings are; since: the first version that has it. */
static const struct leaf {
	const char *path, *since;
	leaf_fn *fn;
} leaves[] = {
	{ "ami-id", "", ami_id },
	{ "ami-launch-index", "", launch_index },
	{ "ami-manifest-path", "", manifest_path },
	{ "block-device-mapping/ami", "2007-12-15", root_name },
	{ "block-device-mapping/ephemeral0", "2007-12-15", ephemeral0 },
	{ "block-device-mapping/root", "2007-12-15", root_device },
	{ "block-device-mapping/swap", "2007-12-15", swap },
	{ "hostname", "", hostname },
	{ "instance-action", "2008-09-01", instance_action },
	{ "instance-id", "", instance_id },
	{ "instance-type", "2007-08-29", instance_type },
	{ "kernel-id", "2007-12-15", kernel_id },
	{ "local-hostname", "2007-01-19", hostname },
	{ "local-ipv4", "", local_ipv4 },
	{ "placement/availability-zone", "2008-02-01", zone },
	{ "public-hostname", "2007-01-19", hostname },
	{ "public-ipv4", "2007-01-19", public_ipv4 },
	{ "public-keys/0/openssh-key", "", openssh_key },
	{ "ramdisk-id", "2007-12-15", ramdisk_id },
	{ "reservation-id", "", reservation_id },
	{ "security-groups", "", security_groups },
};

static bool leaf_shown(const struct leaf *l, const struct md *m,
		       const char *version)
{
	struct buf value = { 0 };
	bool shown = strcmp(l->since, version) <= 0 && l->fn(m, &value) == 0;

	buf_fini(&value);
	return shown;
}

/*
 * Appends the entry that l is in a listing of dir ("" or "a/b/"): its name, or
 * the name of the folder it is in, unless that was the entry before.
 */
static void list_entry(const struct md *m, const char *dir,
		       const struct leaf *l, struct buf *out)
{
	const char *name = l->path + strlen(dir);
	size_t n = strcspn(name, "/") + (strchr(name, '/') != NULL);
	size_t start = out->len;
	const char *last;

	while (start > 0 && out->data[start - 1] != '\n')
		start--;
	last = out->data + start;
	if (strcmp(dir, "public-keys/") == 0) {
		buf_printf(out, "0=%s", md_str(m, "key_name"));
		return;
	}
	if (out->len - start == n && n && strncmp(last, name, n) == 0)
		return;
	if (out->len > 0)
		buf_addc(out, '\n');
	buf_add(out, name, n);
}

static bool list(const struct md *m, const char *version, const char *path,
		 struct buf *out)
{
	_cleanup_(cleanup_free) char *dir =
		xasprintf("%s%s", path, *path ? "/" : "");
	struct buf entries = { 0 };
	bool any;

	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		if (strncmp(leaves[i].path, dir, strlen(dir)) == 0 &&
		    leaf_shown(&leaves[i], m, version))
			list_entry(m, dir, &leaves[i], &entries);
	}
	buf_add(out, buf_str(&entries), entries.len);
	any = entries.len > 0;
	buf_fini(&entries);
	return any;
}

static bool meta_data_get(const struct md *m, const char *version,
			  const char *path, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		if (strcmp(leaves[i].path, path) == 0)
			return leaf_shown(&leaves[i], m, version) &&
			       leaves[i].fn(m, out) == 0;
	}
	return list(m, version, path, out);
}

bool ec2_get(const struct md *m, const char *version, const char *path,
	     struct buf *out)
{
	if (strcmp(path, "") == 0) {
		buf_adds(out, m->user_data ? "meta-data/\nuser-data" :
					     "meta-data/");
		return true;
	}
	if (strcmp(path, "user-data") == 0 && m->user_data) {
		buf_add(out, m->user_data, m->user_data_len);
		return true;
	}
	if (strcmp(path, "meta-data") == 0)
		return meta_data_get(m, version, "", out);
	if (strncmp(path, "meta-data/", 10) == 0)
		return meta_data_get(m, version, path + 10, out);
	return false;
}

/* -- as one JSON object -------------------------------------------------- */

static void member(struct jw *w, const struct leaf *l, const struct md *m)
{
	const char *name = strrchr(l->path, '/');
	struct buf value = { 0 };
	json_t *group;
	size_t i;

	name = name ? name + 1 : l->path;
	if (l->fn == launch_index) {
		j_int(w, name, md_int(m, "launch_index"));
	} else if (l->fn == security_groups) {
		j_arr(w, name);
		json_array_foreach(json_object_get(m->doc, "security_groups"),
				   i, group)
			j_str(w, NULL, json_string_value(group));
		j_end(w);
	} else {
		l->fn(m, &value);
		j_str(w, name, buf_str(&value));
		buf_fini(&value);
	}
}

/* Opens and closes objects until the writer stands in the folder of path. */
static void enter(struct jw *w, char *dir, const char *path, const char *key)
{
	const char *slash = strchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (strlen(dir) == n && strncmp(dir, path, n) == 0)
		return;
	if (*dir) {
		j_end(w);
		if (strcmp(dir, "public-keys") == 0)
			j_end(w);
	}
	memcpy(dir, path, n);
	dir[n] = '\0';
	if (n == 0)
		return;
	j_obj(w, dir);
	if (strcmp(dir, "public-keys") == 0) {
		j_obj(w, "0");
		j_strf(w, "_name", "0=%s", key);
	}
}

void ec2_json(const struct md *m, const char *version, struct buf *out)
{
	char dir[64] = "";
	struct jw w;

	jw_init(&w, out);
	j_obj(&w, NULL);
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		if (!leaf_shown(&leaves[i], m, version))
			continue;
		enter(&w, dir, leaves[i].path, md_str(m, "key_name"));
		member(&w, &leaves[i], m);
	}
	enter(&w, dir, "", NULL);
	j_end(&w);
}
