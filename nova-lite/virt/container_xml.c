/* SPDX-License-Identifier: Apache-2.0 */
/* Containers, by libvirt's LXC driver. */
#include "nova-lite/virt/container_xml.h"

#include "common/base/mem.h"

/*
 * What its root may do, which is root's of the host: what changes nothing
 * beyond its own namespaces. Above all it cannot mount (sys_admin), and so not
 * remount what it sees of the host, nor open files by handles
 * (dac_read_search).
 */
static const char *const capabilities[] = {
	"audit_write", "chown", "dac_override", "fowner", "fsetid", "kill",
	"net_admin", "net_bind_service", "net_raw", "setfcap", "setgid",
	"setpcap", "setuid", "sys_boot", "sys_chroot",
};

static void put_os(struct xml *x, const struct domain_spec *spec)
{
	xml_open(x, "os");
	xml_open(x, "type");
	xml_attr(x, "arch", "x86_64");
	xml_content(x, "exe");
	xml_close(x);
	xml_text(x, "init", spec->init);
	xml_close(x);
}

static void put_ram(struct xml *x, const char *target, unsigned int mb)
{
	xml_open(x, "filesystem");
	xml_attr(x, "type", "ram");
	xml_open(x, "source");
	xml_attr_uint(x, "usage", mb);
	xml_attr(x, "units", "MiB");
	xml_close(x);
	xml_leaf(x, "target", "dir", target, NULL);
	xml_close(x);
}

static void put_folder(struct xml *x, const struct folder_spec *f)
{
	xml_open(x, "filesystem");
	xml_attr(x, "type", "mount");
	xml_leaf(x, "source", "dir", f->source, NULL);
	xml_leaf(x, "target", "dir", f->target, NULL);
	if (f->readonly)
		xml_leaf(x, "readonly", NULL);
	xml_close(x);
}

static void put_folders(struct xml *x, const struct domain_spec *spec)
{
	for (size_t i = 0; i < spec->n_folders; i++) {
		const struct folder_spec *f = &spec->folders[i];

		if (f->source)
			put_folder(x, f);
		else
			put_ram(x, f->target, f->ram_mb);
	}
}

static void put_features(struct xml *x)
{
	xml_open(x, "features");
	xml_leaf(x, "privnet", NULL);
	xml_open(x, "capabilities");
	xml_attr(x, "policy", "deny");
	for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
		xml_leaf(x, capabilities[i], "state", "on", NULL);
	xml_close(x);
	xml_close(x);
}

/* On a network of libvirt's or a bridge; QEMU's own are not for it. */
static void put_nics(struct xml *x, const struct domain_spec *spec)
{
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic_spec *nic = &spec->nics[i];
		bool network = nic->kind == NIC_NETWORK;

		if (nic->kind == NIC_USER)
			continue;
		xml_open(x, "interface");
		xml_attr(x, "type", network ? "network" : "bridge");
		xml_leaf(x, "mac", "address", nic->mac, NULL);
		xml_leaf(x, "source", network ? "network" : "bridge",
			 nic->source, NULL);
		xml_close(x);
	}
}

void container_xml_put(struct xml *x, const struct domain_spec *spec)
{
	put_os(x, spec);
	put_features(x);
	xml_leaf(x, "clock", "offset", "utc", NULL);
	xml_text(x, "on_poweroff", "destroy");
	xml_text(x, "on_reboot", "restart");
	xml_text(x, "on_crash", "destroy");
	xml_open(x, "devices");
	put_folders(x, spec);
	put_nics(x, spec);
	xml_leaf(x, "console", "type", "pty", NULL);
	xml_close(x);
}
