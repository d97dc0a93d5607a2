/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against what Nova 26 answered for a server like this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "common/base/mem.h"
#include "nova-lite/metadata/tree.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID6Lbtr root@vm\n"

static const char doc[] =
	"{\"id\": \"ad345083-145f-44fd-8ffa-9071ec9be70c\", \"num\": 24,"
	"\"project_id\": \"f74ee3d951094a97815ba41da70ca2a4\","
	"\"name\": \"metasrv\", \"hostname\": \"metasrv.novalocal\","
	"\"launch_index\": 0, \"reservation_id\": \"r-ltjvexow\","
	"\"zone\": \"nova\", \"flavor\": \"m1.tiny\","
	"\"image_id\": \"00000004-7b0b-4b0e-9d1c-0f5b6c1a2d3e\","
	"\"kernel_id\": null, \"ramdisk_id\": null,"
	"\"root_device\": \"/dev/sda\", \"swap_device\": null,"
	"\"key_name\": \"metakp\", \"key_type\": \"ssh\","
	"\"public_key\": \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID6Lbtr "
	"root@vm\\n\", \"metadata\": {\"k1\": \"v1\"},"
	"\"user_data\": \"I2Nsb3VkLWNvbmZpZwp7fQo=\","
	"\"security_groups\": [\"default\"], \"dns\": [\"10.0.0.2\"],"
	"\"nics\": [{\"port_id\": \"390d1516-39ea-4fea-9b10-5614f8005316\","
	"\"network_id\": \"36e861b3-b2e6-4cb7-8930-ec6d988e9dca\","
	"\"mac\": \"fa:16:3e:e4:90:c4\", \"ip\": \"10.0.2.18\","
	"\"mtu\": 1500, \"link_type\": \"tap\"}]}";

static const char bare[] =
	"{\"id\": \"ad345083-145f-44fd-8ffa-9071ec9be70c\", \"num\": 1,"
	"\"hostname\": \"h\", \"name\": \"h\", \"nics\": [],"
	"\"launch_index\": 0, \"security_groups\": []}";

#define EC2_DATES "1.0\n2007-01-19\n2007-03-01\n2007-08-29\n2007-10-10\n" \
	"2007-12-15\n2008-02-01\n2008-09-01\n2009-04-04\nlatest"
#define DATES "2012-08-10\n2013-04-04\n2013-10-17\n2015-10-15\n" \
	"2016-06-30\n2016-10-06\n2017-02-22\n2018-08-27\n2020-10-14\nlatest"
#define FULL "ami-id\nami-launch-index\nami-manifest-path\n" \
	"block-device-mapping/\nhostname\ninstance-action\ninstance-id\n" \
	"instance-type\nlocal-hostname\nlocal-ipv4\nplacement/\n" \
	"public-hostname\npublic-ipv4\npublic-keys/\nreservation-id\n" \
	"security-groups"
#define FIRST "ami-id\nami-launch-index\nami-manifest-path\nhostname\n" \
	"instance-id\nlocal-ipv4\npublic-keys/\nreservation-id\n" \
	"security-groups"
#define LISTED "meta_data.json\nuser_data\npassword\nvendor_data.json\n" \
	"network_data.json"

/* body NULL: 404 */
static const struct {
	const char *path, *body;
	enum md_type type;
} cases[] = {
	{ "/", EC2_DATES, MD_TEXT },
	{ "", EC2_DATES, MD_TEXT },
	{ "/ec2", EC2_DATES, MD_TEXT },
	{ "/ec2/latest/meta-data/ami-id", "ami-00000004", MD_TEXT },
	{ "/1.0/", "meta-data/\nuser-data", MD_TEXT },
	{ "/latest", "meta-data/\nuser-data", MD_TEXT },
	{ "/latest/user-data", "#cloud-config\n{}\n", MD_TEXT },
	{ "/latest/meta-data/", FULL, MD_TEXT },
	{ "/latest/meta-data", FULL, MD_TEXT },
	{ "//latest/./meta-data/x/..//", FULL, MD_TEXT },
	{ "/2009-04-04/meta-data/", FULL, MD_TEXT },
	{ "/1.0/meta-data/", FIRST, MD_TEXT },
	{ "/latest/meta-data/ami-id", "ami-00000004", MD_TEXT },
	{ "/latest/meta-data/ami-launch-index", "0", MD_TEXT },
	{ "/latest/meta-data/ami-manifest-path", "FIXME", MD_TEXT },
	{ "/latest/meta-data/block-device-mapping/", "ami\nroot", MD_TEXT },
	{ "/latest/meta-data/block-device-mapping/ami", "sda", MD_TEXT },
	{ "/latest/meta-data/block-device-mapping/root", "/dev/sda", MD_TEXT },
	{ "/latest/meta-data/block-device-mapping/swap", NULL, MD_TEXT },
	{ "/1.0/meta-data/block-device-mapping/", NULL, MD_TEXT },
	{ "/latest/meta-data/hostname", "metasrv.novalocal", MD_TEXT },
	{ "/latest/meta-data/instance-action", "none", MD_TEXT },
	{ "/latest/meta-data/instance-id", "i-00000018", MD_TEXT },
	{ "/latest/meta-data/instance-type", "m1.tiny", MD_TEXT },
	{ "/1.0/meta-data/instance-type", NULL, MD_TEXT },
	{ "/latest/meta-data/local-ipv4", "10.0.2.18", MD_TEXT },
	{ "/latest/meta-data/placement/", "availability-zone", MD_TEXT },
	{ "/latest/meta-data/placement/availability-zone", "nova", MD_TEXT },
	{ "/latest/meta-data/public-ipv4", "", MD_TEXT },
	{ "/latest/meta-data/public-keys/", "0=metakp", MD_TEXT },
	{ "/latest/meta-data/public-keys/0/", "openssh-key", MD_TEXT },
	{ "/latest/meta-data/public-keys/0/openssh-key", KEY, MD_TEXT },
	{ "/latest/meta-data/public-keys/1/", NULL, MD_TEXT },
	{ "/latest/meta-data/reservation-id", "r-ltjvexow", MD_TEXT },
	{ "/latest/meta-data/security-groups", "default", MD_TEXT },
	{ "/latest/meta-data/nosuch", NULL, MD_TEXT },
	{ "/latest/meta-data/ami-id/x", NULL, MD_TEXT },
	{ "/2010-01-01/meta-data/", NULL, MD_TEXT },
	{ "/openstack", DATES, MD_TEXT },
	{ "/openstack/", DATES, MD_TEXT },
	{ "/openstack/2012-08-10", "meta_data.json\nuser_data", MD_TEXT },
	{ "/openstack/2013-04-04", "meta_data.json\nuser_data\npassword",
	  MD_TEXT },
	{ "/openstack/2013-10-17",
	  "meta_data.json\nuser_data\npassword\nvendor_data.json", MD_TEXT },
	{ "/openstack/2015-10-15", LISTED, MD_TEXT },
	{ "/openstack/2016-06-30", LISTED, MD_TEXT },
	{ "/openstack/2016-10-06", LISTED "\nvendor_data2.json", MD_TEXT },
	{ "/openstack/latest/", LISTED "\nvendor_data2.json", MD_TEXT },
	{ "/openstack/latest/user_data", "#cloud-config\n{}\n", MD_TEXT },
	{ "/openstack/latest/vendor_data.json", "{}", MD_JSON },
	{ "/openstack/2013-04-04/vendor_data.json", NULL, MD_TEXT },
	{ "/openstack/latest/vendor_data2.json", "{\"static\": {}}", MD_JSON },
	{ "/openstack/2016-06-30/vendor_data2.json", NULL, MD_TEXT },
	{ "/openstack/latest/password", "", MD_PASSWORD },
	{ "/openstack/2012-08-10/password", NULL, MD_TEXT },
	{ "/openstack/latest/nosuch", NULL, MD_TEXT },
	{ "/openstack/1999-01-01/meta_data.json", NULL, MD_TEXT },
};

static struct md *load(const char *text)
{
	struct err e;
	struct md *m = md_new(text, strlen(text), &e);

	assert_non_null(m);
	return m;
}

static void test_cases(void **state)
{
	struct md *m = load(doc);
	struct buf out = { 0 };
	enum md_type type;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool there = md_get(m, cases[i].path, &out, &type);

		if (there != (cases[i].body != NULL))
			fail_msg("%s: there %d", cases[i].path, there);
		if (there && strcmp(buf_str(&out), cases[i].body) != 0)
			fail_msg("%s: %s", cases[i].path, buf_str(&out));
		if (there && type != cases[i].type)
			fail_msg("%s: type %d", cases[i].path, type);
		if (!there)
			assert_int_equal(out.len, 0);
		buf_reset(&out);
	}
	buf_fini(&out);
	md_free(m);
}

static json_t *get_json(const struct md *m, const char *path)
{
	struct buf out = { 0 };
	enum md_type type;
	json_t *v;

	assert_true(md_get(m, path, &out, &type));
	v = json_loads(buf_str(&out), 0, NULL);
	assert_non_null(v);
	buf_fini(&out);
	return v;
}

/* The keys of meta_data.json in each version, in order. */
static void test_meta_data_keys(void **state)
{
	static const char *const expect[][2] = {
		{ "2012-08-10", "" },
		{ "2013-04-04", " random_seed" },
		{ "2013-10-17", " random_seed" },
		{ "2015-10-15", " random_seed project_id" },
		{ "2016-06-30", " random_seed project_id devices" },
		{ "2018-08-27", " random_seed project_id devices" },
		{ "2020-10-14",
		  " random_seed project_id devices dedicated_cpus" },
		{ "latest", " random_seed project_id devices dedicated_cpus" },
	};
	struct md *m = load(doc);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expect); i++) {
		struct buf keys = { 0 };
		char path[80], want[256];
		const char *key;
		json_t *v, *j;

		snprintf(path, sizeof(path), "/openstack/%s/meta_data.json",
			 expect[i][0]);
		snprintf(want, sizeof(want), " uuid meta public_keys keys "
			 "hostname name launch_index availability_zone%s",
			 expect[i][1]);
		j = get_json(m, path);
		json_object_foreach(j, key, v)
			buf_printf(&keys, " %s", key);
		assert_string_equal(buf_str(&keys), want);
		buf_fini(&keys);
		json_decref(j);
	}
	md_free(m);
}

static void check_json(const struct md *m, const char *path, const char *want)
{
	json_t *got = get_json(m, path), *expect = json_loads(want, 0, NULL);

	assert_non_null(expect);
	json_object_del(got, "random_seed");
	if (!json_equal(got, expect))
		fail_msg("%s: %s", path, json_dumps(got, 0));
	json_decref(got);
	json_decref(expect);
}

static void test_json(void **state)
{
	struct md *m = load(doc);

	(void)state;
	check_json(m, "/openstack/latest/meta_data.json",
		   "{\"uuid\": \"ad345083-145f-44fd-8ffa-9071ec9be70c\","
		   "\"meta\": {\"k1\": \"v1\"}, \"public_keys\": {\"metakp\":"
		   "\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID6Lbtr "
		   "root@vm\\n\"}, \"keys\": [{\"name\": \"metakp\","
		   "\"type\": \"ssh\", \"data\": \"ssh-ed25519 "
		   "AAAAC3NzaC1lZDI1NTE5AAAAID6Lbtr root@vm\\n\"}],"
		   "\"hostname\": \"metasrv.novalocal\", \"name\": "
		   "\"metasrv\", \"launch_index\": 0, \"availability_zone\":"
		   "\"nova\", \"project_id\": "
		   "\"f74ee3d951094a97815ba41da70ca2a4\", \"devices\": [],"
		   "\"dedicated_cpus\": []}");
	check_json(m, "/openstack/2012-08-10/network_data.json",
		   "{\"links\": [{\"id\": \"tap390d1516-39\", \"vif_id\": "
		   "\"390d1516-39ea-4fea-9b10-5614f8005316\", \"type\": "
		   "\"tap\", \"mtu\": 1500, \"ethernet_mac_address\": "
		   "\"fa:16:3e:e4:90:c4\"}], \"networks\": [{\"id\": "
		   "\"network0\", \"type\": \"ipv4_dhcp\", \"link\": "
		   "\"tap390d1516-39\", \"network_id\": "
		   "\"36e861b3-b2e6-4cb7-8930-ec6d988e9dca\"}], "
		   "\"services\": [{\"type\": \"dns\", \"address\": "
		   "\"10.0.0.2\"}]}");
	md_free(m);
}

static void test_seed_differs(void **state)
{
	struct md *m = load(doc);
	json_t *a = get_json(m, "/openstack/latest/meta_data.json");
	json_t *b = get_json(m, "/openstack/latest/meta_data.json");
	const char *seed = json_string_value(json_object_get(a,
							     "random_seed"));

	(void)state;
	assert_int_equal(strlen(seed), 684);
	assert_string_not_equal(seed, json_string_value(
		json_object_get(b, "random_seed")));
	json_decref(a);
	json_decref(b);
	md_free(m);
}

/* No key, no user data, no address, no zone. */
static void test_bare(void **state)
{
	struct md *m = load(bare);
	struct buf out = { 0 };
	enum md_type type;

	(void)state;
	assert_true(md_get(m, "/latest", &out, &type));
	assert_string_equal(buf_str(&out), "meta-data/");
	assert_false(md_get(m, "/latest/user-data", &out, &type));
	assert_false(md_get(m, "/openstack/latest/user_data", &out, &type));
	assert_false(md_get(m, "/latest/meta-data/public-keys/", &out, &type));
	buf_reset(&out);
	assert_true(md_get(m, "/openstack/2012-08-10", &out, &type));
	assert_string_equal(buf_str(&out), "meta_data.json");
	check_json(m, "/openstack/2012-08-10/meta_data.json",
		   "{\"uuid\": \"ad345083-145f-44fd-8ffa-9071ec9be70c\","
		   "\"hostname\": \"h\", \"name\": \"h\", \"launch_index\": 0,"
		   "\"availability_zone\": null}");
	buf_fini(&out);
	md_free(m);
}

static int collect(const char *path, const struct buf *data, void *arg,
		   struct err *e)
{
	json_t *v = json_loadb(data->data, data->len, 0, NULL);

	(void)e;
	json_object_set_new(arg, path, v ? v : json_null());
	return 0;
}

static void test_files(void **state)
{
	struct md *m = load(doc);
	json_t *files = json_object(), *meta;
	struct err e;

	(void)state;
	assert_int_equal(md_files(m, "s3cret", collect, files, &e), 0);
	/* 2 x 2 of EC2; 10 meta_data, 10 user_data, 8, 10 and 5 of OpenStack */
	assert_int_equal(json_object_size(files), 4 + 10 + 10 + 8 + 10 + 5);
	meta = json_object_get(files, "openstack/latest/meta_data.json");
	assert_string_equal(json_string_value(json_object_get(
		meta, "admin_pass")), "s3cret");
	meta = json_object_get(files, "ec2/latest/meta-data.json");
	assert_string_equal(json_string_value(json_object_get(
		json_object_get(json_object_get(meta, "public-keys"), "0"),
		"_name")), "0=metakp");
	assert_string_equal(json_string_value(json_object_get(
		json_object_get(meta, "placement"), "availability-zone")),
		"nova");
	assert_string_equal(json_string_value(json_object_get(
		meta, "reservation-id")), "r-ltjvexow");
	json_decref(files);
	md_free(m);
}

static void test_not_a_document(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", "{\"id\": \"a\", \"user_data\": \"%%%\"}" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(md_new(bad[i], strlen(bad[i]), &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_meta_data_keys),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_seed_differs),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_not_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
