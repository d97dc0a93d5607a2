/* SPDX-License-Identifier: Apache-2.0 */
/* OpenStack's own tree. */
#include <string.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "common/json/out.h"
#include "nova-lite/metadata/doc.h"

#define FOLSOM "2012-08-10"
#define GRIZZLY "2013-04-04"
#define HAVANA "2013-10-17"
#define LIBERTY "2015-10-15"
#define NEWTON_ONE "2016-06-30"
#define NEWTON_TWO "2016-10-06"
#define VICTORIA "2020-10-14"

const char *const openstack_versions[] = {
	FOLSOM, GRIZZLY, HAVANA, LIBERTY, NEWTON_ONE, NEWTON_TWO,
	"2017-02-22", "2018-08-27", VICTORIA, "latest", NULL
};

static bool since(const char *version, const char *first)
{
	return strcmp(version, first) >= 0;
}

static void j_json(struct jw *w, const char *key, json_t *v)
{
	_cleanup_(cleanup_free) char *text =
		json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

	j_raw(w, key, text, strlen(text));
}

/* -- meta_data.json ------------------------------------------------------ */

static void put_keys(struct jw *w, const struct md *m)
{
	const char *name = md_str(m, "key_name");
	const char *key = md_str(m, "public_key");

	if (!name || !key)
		return;
	j_obj(w, "public_keys");
	j_str(w, name, key);
	j_end(w);
	j_arr(w, "keys");
	j_obj(w, NULL);
	j_str(w, "name", name);
	j_str(w, "type", md_str(m, "key_type"));
	j_str(w, "data", key);
	j_end(w);
	j_end(w);
}

/* Fresh for each reader: to seed the guest's generator. */
static void put_seed(struct jw *w)
{
	unsigned char seed[512];
	char text[BASE64_TEXT_SIZE(sizeof(seed))];

	random_bytes(seed, sizeof(seed));
	base64_encode(BASE64_STD, text, seed, sizeof(seed));
	j_str(w, "random_seed", text);
}

static void put_empty(struct jw *w, const char *key)
{
	j_arr(w, key);
	j_end(w);
}

void openstack_meta_data(const struct md *m, const char *version,
			 const char *admin_pass, struct buf *out)
{
	json_t *meta = json_object_get(m->doc, "metadata");
	struct jw w;

	jw_init(&w, out);
	j_obj(&w, NULL);
	j_str(&w, "uuid", md_str(m, "id"));
	if (json_object_size(meta) > 0)
		j_json(&w, "meta", meta);
	put_keys(&w, m);
	j_str(&w, "hostname", md_str(m, "hostname"));
	j_str(&w, "name", md_str(m, "name"));
	if (admin_pass)
		j_str(&w, "admin_pass", admin_pass);
	j_int(&w, "launch_index", md_int(m, "launch_index"));
	j_str(&w, "availability_zone", md_str(m, "zone"));
	if (since(version, GRIZZLY))
		put_seed(&w);
	if (since(version, LIBERTY))
		j_str(&w, "project_id", md_str(m, "project_id"));
	if (since(version, NEWTON_ONE))
		put_empty(&w, "devices");
	if (since(version, VICTORIA))
		put_empty(&w, "dedicated_cpus");
	j_end(&w);
}

/* -- network_data.json --------------------------------------------------- */

static const char *nic_str(json_t *nic, const char *key)
{
	return json_string_value(json_object_get(nic, key));
}

static void put_link(struct jw *w, json_t *nic)
{
	j_obj(w, NULL);
	j_strf(w, "id", "tap%.11s", nic_str(nic, "port_id"));
	j_str(w, "vif_id", nic_str(nic, "port_id"));
	j_str(w, "type", nic_str(nic, "link_type"));
	j_json(w, "mtu", json_object_get(nic, "mtu"));
	j_str(w, "ethernet_mac_address", nic_str(nic, "mac"));
	j_end(w);
}

/* Addresses come by DHCP on every kind of network that hosts have. */
static void put_network(struct jw *w, json_t *nic, size_t i)
{
	j_obj(w, NULL);
	j_strf(w, "id", "network%zu", i);
	j_str(w, "type", "ipv4_dhcp");
	j_strf(w, "link", "tap%.11s", nic_str(nic, "port_id"));
	j_str(w, "network_id", nic_str(nic, "network_id"));
	j_end(w);
}

static void network_data(const struct md *m, struct buf *out)
{
	json_t *nics = json_object_get(m->doc, "nics"), *nic, *address;
	struct jw w;
	size_t i;

	jw_init(&w, out);
	j_obj(&w, NULL);
	j_arr(&w, "links");
	json_array_foreach(nics, i, nic)
		put_link(&w, nic);
	j_end(&w);
	j_arr(&w, "networks");
	json_array_foreach(nics, i, nic)
		put_network(&w, nic, i);
	j_end(&w);
	j_arr(&w, "services");
	json_array_foreach(json_object_get(m->doc, "dns"), i, address) {
		j_obj(&w, NULL);
		j_str(&w, "type", "dns");
		j_str(&w, "address", json_string_value(address));
		j_end(&w);
	}
	j_end(&w);
	j_end(&w);
}

/* -- the files ----------------------------------------------------------- */

static void put_meta_data(const struct md *m, const char *version,
			  struct buf *out)
{
	openstack_meta_data(m, version, NULL, out);
}

static void put_user_data(const struct md *m, const char *version,
			  struct buf *out)
{
	(void)version;
	buf_add(out, m->user_data, m->user_data_len);
}

static void put_password(const struct md *m, const char *version,
			 struct buf *out)
{
	const char *password = md_str(m, "password");

	(void)version;
	buf_adds(out, password ? password : "");
}

static void put_vendor_data(const struct md *m, const char *version,
			    struct buf *out)
{
	(void)m;
	(void)version;
	buf_adds(out, "{}");
}

static void put_network_data(const struct md *m, const char *version,
			     struct buf *out)
{
	(void)version;
	network_data(m, out);
}

static void put_vendor_data2(const struct md *m, const char *version,
			     struct buf *out)
{
	(void)m;
	(void)version;
	buf_adds(out, "{\"static\": {}}");
}

/*
 * In the order of Nova's listing. It lists network_data.json from Liberty on
 * and serves it in every version, as text; both are kept.
 */
static const struct file {
	const char *name, *listed, *served;
	enum md_type type;
	void (*put)(const struct md *m, const char *version, struct buf *out);
} files[] = {
	{ "meta_data.json", FOLSOM, FOLSOM, MD_JSON, put_meta_data },
	{ "user_data", FOLSOM, FOLSOM, MD_TEXT, put_user_data },
	{ "password", GRIZZLY, GRIZZLY, MD_PASSWORD, put_password },
	{ "vendor_data.json", HAVANA, HAVANA, MD_JSON, put_vendor_data },
	{ "network_data.json", LIBERTY, FOLSOM, MD_TEXT, put_network_data },
	{ "vendor_data2.json", NEWTON_TWO, NEWTON_TWO, MD_JSON,
	  put_vendor_data2 },
};

static bool file_there(const struct file *f, const struct md *m)
{
	return f->put != put_user_data || m->user_data;
}

static void list(const struct md *m, const char *version, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (!since(version, files[i].listed) ||
		    !file_there(&files[i], m))
			continue;
		buf_printf(out, "%s%s", between, files[i].name);
		between = "\n";
	}
}

bool openstack_get(const struct md *m, const char *version, const char *path,
		   struct buf *out, enum md_type *type_r)
{
	if (!*path) {
		list(m, version, out);
		*type_r = MD_TEXT;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (strcmp(files[i].name, path) != 0 ||
		    !since(version, files[i].served) ||
		    !file_there(&files[i], m))
			continue;
		files[i].put(m, version, out);
		*type_r = files[i].type;
		return true;
	}
	return false;
}
