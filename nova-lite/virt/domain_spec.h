/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_DOMAIN_SPEC_H
#define LITE_DOMAIN_SPEC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A machine as the compute agent sees it, without libvirt. Strings and arrays
 * are borrowed; NULL or 0 stands for "none" or the default named.
 */

struct disk_spec {
	const char *path;		/* absolute */
	const char *format;		/* "qcow2", "raw" */
	const char *bus;		/* "virtio", "scsi", "sata", "ide" */
	const char *serial;		/* what the guest sees; NULL: none */
	bool cdrom;			/* else a disk */
	/* shareable: other machines have it, too; it belongs to none */
	bool readonly, shareable;
	unsigned int boot;		/* 1 boots first; 0: not booted from */
};

/* Of a container: a folder or file of the host, or (source NULL) memory. */
struct folder_spec {
	const char *source;		/* absolute */
	const char *target;		/* where the container sees it */
	bool readonly;
	unsigned int ram_mb;
};

enum nic_kind {
	NIC_NETWORK,		/* a libvirt network */
	NIC_BRIDGE,		/* a bridge of the host */
	NIC_USER,		/* QEMU's own, no way out but to the metadata */
};

struct nic_spec {
	enum nic_kind kind;
	const char *source;	/* name of the network or bridge */
	const char *mac;
	const char *model;	/* NULL: "virtio" */
	const char *address;	/* IPv4; given by DHCP, enforced by nwfilter */
	/* NIC_USER: */
	const char *gateway;	/* IPv4 */
	const char *guestfwd;	/* path of nova-lite-guestfwd */
	const char *metadata;	/* path of the socket it joins the guest to */
};

struct domain_spec {
	const char *uuid;		/* with dashes */
	const char *name;		/* "instance-0000002a" */
	bool kvm;			/* only when kvm_usable says so */
	unsigned int memory_mb, vcpus;
	const char *cpu_model;		/* NULL: the host's, or TCG's default */
	bool uefi;
	const char *kernel, *initrd, *cmdline;	/* direct boot */
	/*
	 * A container has, instead of all that makes a machine, the path of its
	 * first process and folders, in this order, the first of which is "/".
	 */
	const char *init;
	const struct folder_spec *folders;
	size_t n_folders;
	const struct disk_spec *disks;
	size_t n_disks;
	const struct nic_spec *nics;
	size_t n_nics;
	const char *console_log;	/* what the serial port says */
	bool dac;			/* libvirt gives disks to QEMU's user */
	const char *vnc_listen;		/* address; NULL: no display */
	unsigned int hotplug_ports;	/* room for devices to come */
};

/* The device name of disks[i] as libvirt and most guests have it: "vda". */
#define DISK_TARGET_MAX 8
void domain_disk_target(const struct domain_spec *spec, size_t i,
			char *name_r);

/*
 * The libvirt XML of the machine, owned by `owner` (see virt_conf). nwfilter
 * names the filter that keeps a guest to its MAC and address, or is NULL. The
 * caller frees the result.
 */
char *domain_xml(const struct domain_spec *spec, const char *owner,
		 const char *nwfilter);

/* The namespace of our element in a domain's metadata. */
#define DOMAIN_XML_NS "urn:openstack-lite:domain:1"

#endif
