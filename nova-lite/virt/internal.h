/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_VIRT_INTERNAL_H
#define LITE_VIRT_INTERNAL_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdbool.h>

#include "nova-lite/virt/virt.h"

struct virt {
	const struct virt_conf *conf;
	pthread_t loop, keeper;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	virConnectPtr conn;		/* NULL: lost */
	virConnectPtr dead;		/* lost, for the keeper to close */
	bool stopping;			/* the keeper is to end */
	bool ended;			/* ... and then the loop */
	int wake;			/* a timer that wakes the loop */
};

/* A reference to the connection: release it with virt_conn_unref. */
int virt_conn(struct virt *v, virConnectPtr *conn_r, struct err *e);
void virt_conn_unref(virConnectPtr *conn);
void virt_dom_free(virDomainPtr *dom);
void virt_net_free(virNetworkPtr *net);

/* libvirt's last error of this thread into e; returns -1. */
int virt_fail(struct err *e, const char *what);
bool virt_last_is(int code);

#endif
