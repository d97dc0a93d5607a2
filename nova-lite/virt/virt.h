/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_VIRT_H
#define LITE_VIRT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "nova-lite/virt/domain_spec.h"

/*
 * The hypervisor of this host, through libvirt. Functions are for any thread
 * and block for as long as libvirt takes. They fail with UNAVAILABLE while
 * libvirtd cannot be reached, with NOT_FOUND where no domain has the uuid, and
 * else with INTERNAL whose detail has libvirt's words.
 *
 * Acts are idempotent: starting what runs, destroying what is off and
 * undefining what is not there succeed, so a step of a job can be repeated.
 */
struct virt;

/* Numbers as Nova's power_state. */
enum virt_state {
	VIRT_NOSTATE = 0,
	VIRT_RUNNING = 1,
	VIRT_PAUSED = 3,
	VIRT_SHUTDOWN = 4,
	VIRT_CRASHED = 6,
	VIRT_SUSPENDED = 7,
};

enum virt_event {
	VIRT_EVENT_CONNECTED,	/* again: look at every domain anew */
	VIRT_EVENT_LOST,
	VIRT_EVENT_STARTED,
	VIRT_EVENT_PAUSED,
	VIRT_EVENT_RESUMED,
	VIRT_EVENT_STOPPED,	/* by the guest itself or by us */
	VIRT_EVENT_CRASHED,	/* stopped by no one's wish */
	VIRT_EVENT_REBOOTED,
};

struct virt_conf {
	const char *uri;	/* "qemu:///system" */
	/*
	 * Written into every domain we define; others' domains are never
	 * listed. Two clouds on one libvirtd have two owners.
	 */
	const char *owner;
	/*
	 * From a thread of virt's own: must return soon and not call back.
	 * uuid is NULL for CONNECTED and LOST, and may be another owner's.
	 */
	void (*on_event)(void *user, enum virt_event event, const char *uuid);
	void *user;
};

/*
 * Connects; afterwards the connection is kept up, and remade once a second
 * after it was lost. conf is borrowed and must outlive it. One at a time per
 * process (asserted), since libvirt's event loop is the process's.
 */
struct virt *virt_new(const struct virt_conf *conf, struct err *e);
/* No event comes any more once this has returned. */
void virt_free(struct virt *v);

/* ---- domains ---- */

struct virt_domain {
	char uuid[37];
	enum virt_state state;
};

/* Defines the domain or, when it is there, defines it anew. */
int virt_define(struct virt *v, const struct domain_spec *spec, struct err *e);
/* Its definition, with anything that libvirt keeps for it; not its disks. */
int virt_undefine(struct virt *v, const char *uuid, struct err *e);

int virt_start(struct virt *v, const char *uuid, struct err *e);
/* Pulls the plug. */
int virt_destroy(struct virt *v, const char *uuid, struct err *e);
/* Presses the power button, which a guest may not heed. */
int virt_shutdown(struct virt *v, const char *uuid, struct err *e);
/* Presses the reset button. */
int virt_reset(struct virt *v, const char *uuid, struct err *e);
int virt_suspend(struct virt *v, const char *uuid, struct err *e);
int virt_resume(struct virt *v, const char *uuid, struct err *e);

int virt_show(struct virt *v, const char *uuid, struct virt_domain *d_r,
	      struct err *e);
/* All domains of our owner, on or off. The caller frees *list_r. */
int virt_list(struct virt *v, struct virt_domain **list_r, size_t *n_r,
	      struct err *e);

/*
 * The end of a console log, at most max bytes, across one rotation by
 * virtlogd. No log yet is an empty text. The caller frees *text_r, which has a
 * NUL behind its *len_r bytes.
 */
int virt_console(const char *path, size_t max, char **text_r, size_t *len_r,
		 struct err *e);

/* ---- the host ---- */

struct virt_host {
	char hostname[256];
	char type[32];			/* "QEMU" */
	unsigned long version;		/* 7002022 is 7.2.22 */
	unsigned long libvirt_version;
	unsigned int vcpus;
	unsigned long memory_mb, memory_free_mb;
	char arch[32], cpu_model[64], cpu_vendor[64];
	unsigned int sockets, cores, threads;
};

int virt_host(struct virt *v, struct virt_host *h_r, struct err *e);

/* ---- networks ---- */

#define VIRT_METADATA_ADDRESS "169.254.169.254"

struct virt_lease {
	const char *mac, *address, *name;	/* name may be NULL */
};

struct network_spec {
	const char *name;
	const char *uuid;
	const char *bridge;		/* at most 15 bytes */
	const char *gateway;		/* the bridge's address */
	unsigned int prefix;
	bool nat;			/* else no way out of the host */
	const struct virt_lease *leases;
	size_t n_leases;
};

/*
 * Makes the network run as specified: a bridge with the gateway's address and
 * 169.254.169.254 on it, DHCP only for the leases. One that runs is left as it
 * is when it has this bridge and these addresses (guests are on it), leases
 * aside. Fails with NOT_IMPLEMENTED where the connection cannot have networks
 * (a session): use NIC_USER there.
 */
int virt_network_ensure(struct virt *v, const struct network_spec *spec,
			struct err *e);
int virt_network_remove(struct virt *v, const char *name, struct err *e);
/* Adds the lease, in place of any with its MAC or its address. */
int virt_network_lease(struct virt *v, const char *name,
		       const struct virt_lease *lease, struct err *e);
int virt_network_unlease(struct virt *v, const char *name, const char *mac,
			 struct err *e);

#endif
