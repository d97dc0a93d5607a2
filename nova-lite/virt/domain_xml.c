/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/virt/domain_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/virt/container_xml.h"
#include "nova-lite/virt/user_net.h"
#include "nova-lite/virt/xml.h"

#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"
/* First slot on the root bus for devices that libvirt does not know of. */
#define USER_NIC_SLOT 0x10

/* The device names of a bus share a prefix: sda is scsi's and sata's. */
static const char *target_prefix(const char *bus)
{
	if (strcmp(bus, "virtio") == 0)
		return "vd";
	return strcmp(bus, "ide") == 0 ? "hd" : "sd";
}

void domain_disk_target(const struct domain_spec *spec, size_t i, char *name_r)
{
	const char *prefix = target_prefix(spec->disks[i].bus);
	unsigned int before = 0;
	size_t k;

	for (k = 0; k < i; k++)
		before += target_prefix(spec->disks[k].bus) == prefix;
	if (before < 26)
		snprintf(name_r, DISK_TARGET_MAX, "%s%c", prefix, 'a' + before);
	else
		snprintf(name_r, DISK_TARGET_MAX, "%s%c%c", prefix,
			 'a' + before / 26 % 27 - 1, 'a' + before % 26);
}

static void put_metadata(struct xml *x, const struct domain_spec *spec,
			 const char *owner)
{
	xml_open(x, "metadata");
	xml_leaf(x, "lite:instance", "xmlns:lite", DOMAIN_XML_NS,
		 "owner", owner, "uuid", spec->uuid, NULL);
	xml_close(x);
}

static void put_entry(struct xml *x, const char *name, const char *value)
{
	xml_open(x, "entry");
	xml_attr(x, "name", name);
	xml_content(x, value);
	xml_close(x);
}

/* cloud-init tells by these whether it runs in an OpenStack cloud. */
static void put_smbios(struct xml *x, const struct domain_spec *spec)
{
	xml_open(x, "sysinfo");
	xml_attr(x, "type", "smbios");
	xml_open(x, "system");
	put_entry(x, "manufacturer", "OpenStack Foundation");
	put_entry(x, "product", "OpenStack Nova");
	put_entry(x, "uuid", spec->uuid);
	put_entry(x, "family", "Virtual Machine");
	xml_close(x);
	xml_close(x);
}

/* Firmware with keys enrolled starts nothing that is not signed with them. */
static void put_firmware(struct xml *x)
{
	xml_open(x, "firmware");
	xml_leaf(x, "feature", "enabled", "no", "name", "enrolled-keys", NULL);
	xml_leaf(x, "feature", "enabled", "no", "name", "secure-boot", NULL);
	xml_close(x);
}

static void put_os(struct xml *x, const struct domain_spec *spec)
{
	xml_open(x, "os");
	xml_attr(x, "firmware", spec->uefi ? "efi" : NULL);
	xml_open(x, "type");
	xml_attr(x, "arch", "x86_64");
	xml_attr(x, "machine", "q35");
	xml_content(x, "hvm");
	xml_close(x);
	if (spec->uefi)
		put_firmware(x);
	xml_text(x, "kernel", spec->kernel);
	xml_text(x, "initrd", spec->initrd);
	xml_text(x, "cmdline", spec->cmdline);
	xml_leaf(x, "smbios", "mode", "sysinfo", NULL);
	xml_close(x);
}

/*
 * TCG's own default processor is left alone: "maximum" would emulate more and
 * makes a small guest take half as long again to boot.
 */
static void put_cpu(struct xml *x, const struct domain_spec *spec)
{
	if (spec->cpu_model) {
		xml_open(x, "cpu");
		xml_attr(x, "mode", "custom");
		xml_attr(x, "match", "exact");
		xml_text(x, "model", spec->cpu_model);
		xml_close(x);
	} else if (spec->kvm) {
		xml_leaf(x, "cpu", "mode", "host-model", NULL);
	}
}

static void put_clock(struct xml *x, const struct domain_spec *spec)
{
	xml_open(x, "clock");
	xml_attr(x, "offset", "utc");
	if (spec->kvm) {
		xml_leaf(x, "timer", "name", "pit", "tickpolicy", "delay",
			 NULL);
		xml_leaf(x, "timer", "name", "rtc", "tickpolicy", "catchup",
			 NULL);
		xml_leaf(x, "timer", "name", "hpet", "present", "no", NULL);
	}
	xml_close(x);
}

/* What all share must not become the property of QEMU's user, who could then
 * write to it. */
static void put_source(struct xml *x, const struct disk_spec *d, bool dac)
{
	xml_open(x, "source");
	xml_attr(x, "file", d->path);
	if (dac && d->shareable)
		xml_leaf(x, "seclabel", "model", "dac", "relabel", "no", NULL);
	xml_close(x);
}

static void put_disk(struct xml *x, const struct domain_spec *spec, size_t i)
{
	const struct disk_spec *d = &spec->disks[i];
	char target[DISK_TARGET_MAX];

	domain_disk_target(spec, i, target);
	xml_open(x, "disk");
	xml_attr(x, "type", "file");
	xml_attr(x, "device", d->cdrom ? "cdrom" : "disk");
	xml_leaf(x, "driver", "name", "qemu", "type", d->format,
		 "discard", d->cdrom || d->readonly ? NULL : "unmap", NULL);
	put_source(x, d, spec->dac);
	xml_leaf(x, "target", "dev", target, "bus", d->bus, NULL);
	xml_text(x, "serial", d->serial);
	if (d->readonly || d->cdrom)
		xml_leaf(x, "readonly", NULL);
	if (d->shareable)
		xml_leaf(x, "shareable", NULL);
	if (d->boot) {
		xml_open(x, "boot");
		xml_attr_uint(x, "order", d->boot);
		xml_close(x);
	}
	xml_close(x);
}

static unsigned int disks_on(const struct domain_spec *spec, const char *bus)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < spec->n_disks; i++)
		n += strcmp(spec->disks[i].bus, bus) == 0;
	return n;
}

/* libvirt puts each virtio device on a root port, so the spare ones come on
 * top of those for the disks, the network cards, SCSI and the balloon. */
static void put_root_ports(struct xml *x, const struct domain_spec *spec)
{
	unsigned int n = spec->hotplug_ports + disks_on(spec, "virtio") +
		spec->n_nics + (disks_on(spec, "scsi") > 0) + 1;

	if (!spec->hotplug_ports)
		return;
	xml_leaf(x, "controller", "type", "pci", "index", "0",
		 "model", "pcie-root", NULL);
	for (; n > 0; n--)
		xml_leaf(x, "controller", "type", "pci",
			 "model", "pcie-root-port", NULL);
}

static void put_controllers(struct xml *x, const struct domain_spec *spec)
{
	if (disks_on(spec, "scsi"))
		xml_leaf(x, "controller", "type", "scsi", "index", "0",
			 "model", "virtio-scsi", NULL);
	put_root_ports(x, spec);
	if (!spec->vnc_listen)
		xml_leaf(x, "controller", "type", "usb", "model", "none", NULL);
}

static void put_nic(struct xml *x, const struct nic_spec *nic,
		    const char *nwfilter)
{
	bool network = nic->kind == NIC_NETWORK;

	if (nic->kind == NIC_USER)
		return;		/* see put_user_nics */
	xml_open(x, "interface");
	xml_attr(x, "type", network ? "network" : "bridge");
	xml_leaf(x, "mac", "address", nic->mac, NULL);
	xml_leaf(x, "source", network ? "network" : "bridge", nic->source,
		 NULL);
	xml_leaf(x, "model", "type", nic->model ? nic->model : "virtio", NULL);
	if (nwfilter && nic->address) {
		xml_open(x, "filterref");
		xml_attr(x, "filter", nwfilter);
		xml_leaf(x, "parameter", "name", "IP", "value", nic->address,
			 NULL);
		xml_close(x);
	}
	xml_close(x);
}

static void put_console(struct xml *x, const struct domain_spec *spec)
{
	xml_open(x, "serial");
	xml_attr(x, "type", "pty");
	if (spec->console_log)
		xml_leaf(x, "log", "file", spec->console_log, "append", "on",
			 NULL);
	xml_leaf(x, "target", "port", "0", NULL);
	xml_close(x);
}

static void put_display(struct xml *x, const struct domain_spec *spec)
{
	if (!spec->vnc_listen)
		return;
	xml_leaf(x, "graphics", "type", "vnc", "port", "-1", "autoport", "yes",
		 "listen", spec->vnc_listen, NULL);
	xml_open(x, "video");
	xml_leaf(x, "model", "type", "vga", NULL);
	xml_close(x);
	xml_leaf(x, "input", "type", "tablet", "bus", "usb", NULL);
}

static void put_devices(struct xml *x, const struct domain_spec *spec,
			const char *nwfilter)
{
	size_t i;

	xml_open(x, "devices");
	for (i = 0; i < spec->n_disks; i++)
		put_disk(x, spec, i);
	put_controllers(x, spec);
	for (i = 0; i < spec->n_nics; i++)
		put_nic(x, &spec->nics[i], nwfilter);
	put_console(x, spec);
	put_display(x, spec);
	xml_leaf(x, "memballoon", "model", "virtio", NULL);
	xml_close(x);
}

static const char *qemu_nic_model(const struct nic_spec *nic)
{
	if (!nic->model || strcmp(nic->model, "virtio") == 0)
		return "virtio-net-pci";
	return nic->model;
}

static void put_arg(struct xml *x, const char *name, char *value)
{
	xml_leaf(x, "qemu:arg", "value", name, NULL);
	xml_leaf(x, "qemu:arg", "value", value, NULL);
	free(value);
}

static bool has_user_nic(const struct domain_spec *spec)
{
	size_t i;

	for (i = 0; i < spec->n_nics; i++) {
		if (spec->nics[i].kind == NIC_USER)
			return true;
	}
	return false;
}

/*
 * libvirt's own user-mode interface can neither be restricted nor start a
 * program per connection, so these are passed to QEMU as they are.
 */
static void put_user_nics(struct xml *x, const struct domain_spec *spec)
{
	char id[32];
	size_t i;

	if (!has_user_nic(spec))
		return;
	xml_open(x, "qemu:commandline");
	for (i = 0; i < spec->n_nics; i++) {
		const struct nic_spec *nic = &spec->nics[i];

		if (nic->kind != NIC_USER)
			continue;
		snprintf(id, sizeof(id), "usernet%zu", i);
		put_arg(x, "-netdev", user_net_netdev(nic, id));
		put_arg(x, "-device",
			xasprintf("%s,netdev=%s,mac=%s,bus=pcie.0,addr=0x%zx",
				  qemu_nic_model(nic), id, nic->mac,
				  USER_NIC_SLOT + i));
	}
	xml_close(x);
}

static void put_machine(struct xml *x, const struct domain_spec *spec,
			const char *nwfilter)
{
	put_smbios(x, spec);
	put_os(x, spec);
	xml_open(x, "features");
	xml_leaf(x, "acpi", NULL);
	xml_leaf(x, "apic", NULL);
	xml_close(x);
	put_cpu(x, spec);
	put_clock(x, spec);
	xml_text(x, "on_poweroff", "destroy");
	xml_text(x, "on_reboot", "restart");
	xml_text(x, "on_crash", "destroy");
	put_devices(x, spec, nwfilter);
	put_user_nics(x, spec);
}

char *domain_xml(const struct domain_spec *spec, const char *owner,
		 const char *nwfilter)
{
	struct xml x;

	xml_init(&x);
	xml_open(&x, "domain");
	xml_attr(&x, "type", spec->init ? "lxc" : spec->kvm ? "kvm" : "qemu");
	xml_attr(&x, "xmlns:qemu", spec->init ? NULL : QEMU_NS);
	xml_text(&x, "name", spec->name);
	xml_text(&x, "uuid", spec->uuid);
	put_metadata(&x, spec, owner);
	xml_text_uint(&x, "memory", spec->memory_mb * 1024UL);	/* KiB */
	xml_text_uint(&x, "vcpu", spec->vcpus);
	if (spec->init)
		container_xml_put(&x, spec);
	else
		put_machine(&x, spec, nwfilter);
	xml_close(&x);
	return xml_finish(&x);
}
