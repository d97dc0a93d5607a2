/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/virt/domain_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "common/base/mem.h"
#include "nova-lite/virt/user_net.h"

/*
 * That libvirt takes the XML and QEMU runs it is for tests/guest/virt_test.sh;
 * here is what must stand in it.
 */

#define UUID "3d3e0f6a-52d4-4c4f-9d0c-0f6f0a1b2c3d"

static const struct domain_spec base = {
	.uuid = UUID, .name = "instance-0000002a", .memory_mb = 64, .vcpus = 2,
};

static void assert_path(const struct domain_spec *spec, const char *path,
			const char *wanted)
{
	_cleanup_(cleanup_free) char *xml = domain_xml(spec, "o", "clean");
	xmlDocPtr doc = xmlReadMemory(xml, strlen(xml), NULL, NULL, 0);
	xmlXPathContextPtr context;
	xmlXPathObjectPtr found;
	xmlChar *text;

	assert_non_null(doc);
	context = xmlXPathNewContext(doc);
	xmlXPathRegisterNs(context, (const xmlChar *)"q", (const xmlChar *)
			   "http://libvirt.org/schemas/domain/qemu/1.0");
	xmlXPathRegisterNs(context, (const xmlChar *)"l",
			   (const xmlChar *)DOMAIN_XML_NS);
	found = xmlXPathEval((const xmlChar *)path, context);
	assert_non_null(found);
	text = xmlXPathCastToString(found);
	assert_string_equal((char *)text, wanted);
	xmlFree(text);
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
}

static void identity_and_size(void **state)
{
	struct domain_spec spec = base;

	(void)state;
	assert_path(&spec, "string(/domain/@type)", "qemu");
	assert_path(&spec, "string(/domain/uuid)", UUID);
	assert_path(&spec, "string(/domain/name)", "instance-0000002a");
	assert_path(&spec, "string(/domain/memory)", "65536");
	assert_path(&spec, "string(/domain/vcpu)", "2");
	assert_path(&spec, "string(//l:instance/@owner)", "o");
	assert_path(&spec, "string(//l:instance/@uuid)", UUID);
	assert_path(&spec, "string(//entry[@name='product'])",
		    "OpenStack Nova");
	assert_path(&spec, "count(/domain/cpu)", "0");
	assert_path(&spec, "count(//q:commandline)", "0");
	spec.kvm = true;
	assert_path(&spec, "string(/domain/@type)", "kvm");
	assert_path(&spec, "string(/domain/cpu/@mode)", "host-model");
	spec.cpu_model = "Nehalem";
	assert_path(&spec, "string(/domain/cpu/model)", "Nehalem");
	spec.uefi = true;
	assert_path(&spec, "string(/domain/os/@firmware)", "efi");
	assert_path(&spec, "string(/domain/os/firmware/feature[@name="
		    "'secure-boot']/@enabled)", "no");
}

static void disks_in_order(void **state)
{
	const struct disk_spec disks[] = {
		{ .path = "/a/<&\">'", .format = "qcow2", .bus = "virtio",
		  .boot = 1, .serial = "s" },
		{ .path = "/b", .format = "raw", .bus = "scsi", .cdrom = true },
		{ .path = "/c", .format = "raw", .bus = "virtio",
		  .readonly = true, .shareable = true },
		{ .path = "/d", .format = "raw", .bus = "sata" },
	};
	struct domain_spec spec = base;

	(void)state;
	spec.disks = disks;
	spec.n_disks = ARRAY_LEN(disks);
	assert_path(&spec, "count(//disk)", "4");
	assert_path(&spec, "string(//disk[1]/source/@file)", "/a/<&\">'");
	assert_path(&spec, "string(//disk[1]/boot/@order)", "1");
	assert_path(&spec, "string(//disk[1]/serial)", "s");
	assert_path(&spec, "count(//disk[1]/readonly)", "0");
	assert_path(&spec, "string(//disk[2]/@device)", "cdrom");
	assert_path(&spec, "count(//disk[2]/readonly)", "1");
	assert_path(&spec, "count(//disk[2]/boot)", "0");
	assert_path(&spec, "string(//disk[3]/target/@dev)", "vdb");
	assert_path(&spec, "count(//disk[3]/shareable)", "1");
	assert_path(&spec, "string(//disk[4]/target/@dev)", "sdb");
	assert_path(&spec, "string(//controller[@type='scsi']/@model)",
		    "virtio-scsi");
}

/* Where libvirt gives disks to QEMU's user, not those that others have too. */
static void shared_disks_stay_whose_they_are(void **state)
{
	const struct disk_spec disks[] = {
		{ .path = "/a", .format = "raw", .bus = "virtio",
		  .readonly = true, .shareable = true },
		{ .path = "/b", .format = "raw", .bus = "virtio" },
	};
	struct domain_spec spec = base;

	(void)state;
	spec.disks = disks;
	spec.n_disks = ARRAY_LEN(disks);
	assert_path(&spec, "count(//seclabel)", "0");
	spec.dac = true;
	assert_path(&spec, "count(//seclabel)", "1");
	assert_path(&spec, "string(//disk[1]/source/seclabel/@relabel)", "no");
}

static void containers(void **state)
{
	static const struct nic_spec nics[] = {
		{ .kind = NIC_USER, .mac = "fa:16:3e:00:00:01" },
		{ .kind = NIC_BRIDGE, .source = "br0",
		  .mac = "fa:16:3e:00:00:02" },
	};
	static const struct folder_spec folders[] = {
		{ .source = "/s/<1>", .target = "/", .readonly = true },
		{ .target = "/run", .ram_mb = 16 },
		{ .source = "/d", .target = "/data" },
	};
	struct domain_spec spec = base;

	(void)state;
	spec.init = "/sbin/start";
	spec.folders = folders;
	spec.n_folders = ARRAY_LEN(folders);
	spec.nics = nics;
	spec.n_nics = ARRAY_LEN(nics);
	assert_path(&spec, "string(/domain/@type)", "lxc");
	assert_path(&spec, "string(//os/init)", "/sbin/start");
	assert_path(&spec, "string(//filesystem[1]/source/@dir)", "/s/<1>");
	assert_path(&spec, "string(//filesystem[1]/target/@dir)", "/");
	assert_path(&spec, "count(//filesystem[1]/readonly)", "1");
	assert_path(&spec, "string(//filesystem[2]/@type)", "ram");
	assert_path(&spec, "string(//filesystem[2]/source/@usage)", "16");
	assert_path(&spec, "count(//filesystem[3]/readonly)", "0");
	assert_path(&spec, "string(//capabilities/@policy)", "deny");
	assert_path(&spec, "count(//capabilities/sys_admin)", "0");
	assert_path(&spec, "count(//interface)", "1");
	assert_path(&spec, "string(//interface/source/@bridge)", "br0");
	assert_path(&spec, "count(//disk)", "0");
}

static void targets_go_on_past_z(void **state)
{
	struct disk_spec disks[60];
	struct domain_spec spec = base;
	char name[DISK_TARGET_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(disks); i++)
		disks[i] = (struct disk_spec){ .bus = "virtio" };
	spec.disks = disks;
	spec.n_disks = ARRAY_LEN(disks);
	domain_disk_target(&spec, 25, name);
	assert_string_equal(name, "vdz");
	domain_disk_target(&spec, 26, name);
	assert_string_equal(name, "vdaa");
	domain_disk_target(&spec, 53, name);
	assert_string_equal(name, "vdbb");
}

static void nics_by_kind(void **state)
{
	const struct nic_spec nics[] = {
		{ .kind = NIC_NETWORK, .source = "n", .address = "10.0.0.9",
		  .mac = "52:54:00:00:00:01" },
		{ .kind = NIC_BRIDGE, .source = "br0", .model = "e1000",
		  .mac = "52:54:00:00:00:02" },
		{ .kind = NIC_USER, .mac = "52:54:00:00:00:03" },
	};
	struct domain_spec spec = base;

	(void)state;
	spec.nics = nics;
	spec.n_nics = ARRAY_LEN(nics);
	assert_path(&spec, "count(//interface)", "2");
	assert_path(&spec, "string(//interface[1]/source/@network)", "n");
	assert_path(&spec, "string(//interface[1]/model/@type)", "virtio");
	assert_path(&spec, "string(//interface[1]/filterref/@filter)",
		    "clean");
	assert_path(&spec, "string(//interface[1]/filterref/parameter/@value)",
		    "10.0.0.9");
	assert_path(&spec, "string(//interface[2]/source/@bridge)", "br0");
	assert_path(&spec, "string(//interface[2]/model/@type)", "e1000");
	assert_path(&spec, "count(//interface[2]/filterref)", "0");
	assert_path(&spec, "count(//q:arg)", "4");
	assert_path(&spec, "string(//q:arg[4]/@value)",
		    "virtio-net-pci,netdev=usernet2,mac=52:54:00:00:00:03,"
		    "bus=pcie.0,addr=0x12");
}

static void assert_netdev(const struct nic_spec *nic, const char *wanted)
{
	_cleanup_(cleanup_free) char *netdev = user_net_netdev(nic, "n");

	assert_string_equal(netdev, wanted);
}

static void user_networks_are_restricted(void **state)
{
	struct nic_spec nic = { .kind = NIC_USER };

	(void)state;
#define LINK_LOCAL "user,id=n,restrict=on,net=169.254.0.0/255.255.0.0," \
	"host=169.254.169.253,dns=169.254.169.252,dhcpstart=169.254.10.10"
	assert_netdev(&nic, LINK_LOCAL);
	nic.address = "10.0.0.5";	/* no bit in common */
	nic.gateway = "10.0.0.1";
	assert_netdev(&nic, LINK_LOCAL);
	nic.address = "192.168.1.5";	/* but its gateway has none */
	assert_netdev(&nic, LINK_LOCAL);
	nic.gateway = "192.168.1.1";
	assert_netdev(&nic, "user,id=n,restrict=on,net=128.0.0.0/128.0.0.0,"
		      "host=192.168.1.1,dns=169.254.169.252,"
		      "dhcpstart=192.168.1.5");
	nic.address = "172.24.0.5";
	nic.gateway = "172.24.0.1";
	nic.guestfwd = "/opt/a b/fwd";
	nic.metadata = "/run/it's,me";
	assert_netdev(&nic, "user,id=n,restrict=on,net=168.0.0.0/248.0.0.0,"
		      "host=172.24.0.1,dns=169.254.169.252,"
		      "dhcpstart=172.24.0.5,guestfwd=tcp:169.254.169.254:80-"
		      "cmd:'/opt/a b/fwd' '/run/it'\\''s,,me'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity_and_size),
		cmocka_unit_test(disks_in_order),
		cmocka_unit_test(shared_disks_stay_whose_they_are),
		cmocka_unit_test(containers),
		cmocka_unit_test(targets_go_on_past_z),
		cmocka_unit_test(nics_by_kind),
		cmocka_unit_test(user_networks_are_restricted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
