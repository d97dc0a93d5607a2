/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_AGENT_H
#define NOVA_COMPUTE_AGENT_H

#include <stdbool.h>

#include "common/base/conf.h"
#include "common/job/job.h"
#include "nova-lite/compute/boot_cache.h"
#include "nova-lite/compute/glance.h"
#include "nova-lite/compute/image.h"
#include "nova-lite/virt/virt.h"

/*
 * nova-lite-compute, the agent of one host. Everything it leaves on the host
 * is under state_path, which looks like this:
 *
 *	images/ID.FORMAT	the cache (image.h)
 *	instances/SERVER/	one server's: owner made disk disk.eph0
 *				disk.swap disk.files (until it is disk)
 *				disk.data (system.h)
 *				disk.config disk.boot kernel ramdisk
 *				console.log
 *	boot/DIGEST.img		boot images (boot_cache.h)
 *	systems/IMAGE		OS images of containers (container.h)
 *	metadata/SERVER		the metadata service listens at SERVER.sock
 *	kvm-probe		whether KVM works on this host
 */
struct agent {
	char host[256];
	const char *state_path, *zone, *my_ip, *dhcp_domain, *url;
	const char *guestfwd, *inject, *boot;	/* programs */
	const char *inject_appliance;	/* its folder */
	char images_dir[400], boot_dir[400];
	int64_t boot_cache_bytes;
	bool force_config_drive, kvm;
	bool containers;		/* and no machines (container.h) */
	int stop_seconds, reboot_seconds;
	int64_t ready_seconds, grace_seconds;	/* of OS images */
	double cpu_ratio, ram_ratio, disk_ratio;
	char secret[65];
	struct virt_conf virt_conf;
	struct virt *virt;
	struct glance_conf glance_conf;
	struct image_cache images;
	struct boot_cache boots;
	struct job_conf job_conf;
	struct job_engine *engine;
};

/* The one of this process; good from service start to stop. */
extern struct agent agent;

/* The tables of steps; NULL ends. */
extern const struct job_kind *const agent_kinds[];

extern const struct conf_opt agent_opts[];
int agent_start(const struct conf *conf, struct sql_conn *conn,
		struct err *e);
void agent_stop(void);

#endif
