/* SPDX-License-Identifier: Apache-2.0 */
/* Domains: define, act on, list. */
#include "nova-lite/virt/virt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "common/base/mem.h"
#include "nova-lite/virt/internal.h"

#define NWFILTER "clean-traffic"
#define UNDEFINE_FLAGS (VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | \
			VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | \
			VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | \
			VIR_DOMAIN_UNDEFINE_NVRAM)

static int find(struct virt *v, const char *uuid, virDomainPtr *dom_r,
		struct err *e)
{
	_cleanup_(virt_conn_unref) virConnectPtr conn = NULL;

	if (virt_conn(v, &conn, e) < 0)
		return -1;
	*dom_r = virDomainLookupByUUIDString(conn, uuid);
	return *dom_r ? 0 : virt_fail(e, "look up");
}

/* Session libvirts have no packet filters, and no other guests to protect. */
static bool has_nwfilter(virConnectPtr conn)
{
	virNWFilterPtr filter = virNWFilterLookupByName(conn, NWFILTER);

	if (filter)
		virNWFilterFree(filter);
	return filter;
}

int virt_define(struct virt *v, const struct domain_spec *spec, struct err *e)
{
	_cleanup_(virt_conn_unref) virConnectPtr conn = NULL;
	_cleanup_(virt_dom_free) virDomainPtr dom = NULL;
	_cleanup_(cleanup_free) char *xml = NULL;

	if (virt_conn(v, &conn, e) < 0)
		return -1;
	xml = domain_xml(spec, v->conf->owner,
			 has_nwfilter(conn) ? NWFILTER : NULL);
	dom = virDomainDefineXMLFlags(conn, xml, VIR_DOMAIN_DEFINE_VALIDATE);
	return dom ? 0 : virt_fail(e, "define");
}

/*
 * One act on one domain. An act that failed because the domain is already as
 * wished has succeeded; only then is libvirt asked for the state.
 */
struct act {
	const char *name;
	int (*run)(virDomainPtr dom);
	int (*is_done)(virDomainPtr dom);	/* 1, 0, -1 */
};

static int dom_act(struct virt *v, const char *uuid, const struct act *act,
		   struct err *e)
{
	_cleanup_(virt_dom_free) virDomainPtr dom = NULL;
	struct err why;

	if (find(v, uuid, &dom, e) < 0)
		return -1;
	if (act->run(dom) == 0)
		return 0;
	virt_fail(&why, act->name);
	if (act->is_done && act->is_done(dom) == 1)
		return 0;
	*e = why;
	return -1;
}

static int state_of(virDomainPtr dom)
{
	int state, reason;

	return virDomainGetState(dom, &state, &reason, 0) < 0 ? -1 : state;
}

static int is_off(virDomainPtr dom)
{
	return virDomainIsActive(dom) == 0;
}

static int is_on(virDomainPtr dom)
{
	return virDomainIsActive(dom);
}

static int is_paused(virDomainPtr dom)
{
	return state_of(dom) == VIR_DOMAIN_PAUSED;
}

static int is_running(virDomainPtr dom)
{
	return state_of(dom) == VIR_DOMAIN_RUNNING;
}

static int press_reset(virDomainPtr dom)
{
	return virDomainReset(dom, 0);
}

/* Containers have no power button. */
static bool is_container(virDomainPtr dom)
{
	const char *type = virConnectGetType(virDomainGetConnect(dom));

	return type && strcmp(type, "LXC") == 0;
}

static int press_power(virDomainPtr dom)
{
	return virDomainShutdownFlags(dom, is_container(dom) ?
				      VIR_DOMAIN_SHUTDOWN_SIGNAL :
				      VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
}

int virt_start(struct virt *v, const char *uuid, struct err *e)
{
	static const struct act act = { "start", virDomainCreate, is_on };

	return dom_act(v, uuid, &act, e);
}

int virt_destroy(struct virt *v, const char *uuid, struct err *e)
{
	static const struct act act = { "destroy", virDomainDestroy, is_off };

	return dom_act(v, uuid, &act, e);
}

int virt_shutdown(struct virt *v, const char *uuid, struct err *e)
{
	static const struct act act = { "shutdown", press_power, is_off };

	return dom_act(v, uuid, &act, e);
}

int virt_reset(struct virt *v, const char *uuid, struct err *e)
{
	static const struct act act = { "reset", press_reset, NULL };

	return dom_act(v, uuid, &act, e);
}

int virt_suspend(struct virt *v, const char *uuid, struct err *e)
{
	static const struct act act = {
		"suspend", virDomainSuspend, is_paused,
	};

	return dom_act(v, uuid, &act, e);
}

int virt_resume(struct virt *v, const char *uuid, struct err *e)
{
	static const struct act act = { "resume", virDomainResume, is_running };

	return dom_act(v, uuid, &act, e);
}

int virt_undefine(struct virt *v, const char *uuid, struct err *e)
{
	_cleanup_(virt_conn_unref) virConnectPtr conn = NULL;
	_cleanup_(virt_dom_free) virDomainPtr dom = NULL;

	if (virt_conn(v, &conn, e) < 0)
		return -1;
	dom = virDomainLookupByUUIDString(conn, uuid);
	if (dom && virDomainUndefineFlags(dom, is_container(dom) ? 0 :
					  UNDEFINE_FLAGS) == 0)
		return 0;
	return virt_last_is(VIR_ERR_NO_DOMAIN) ? 0 : virt_fail(e, "undefine");
}

static enum virt_state from_libvirt(int state)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
	case VIR_DOMAIN_SHUTDOWN:	/* still at it */
		return VIRT_RUNNING;
	case VIR_DOMAIN_PAUSED:
		return VIRT_PAUSED;
	case VIR_DOMAIN_SHUTOFF:
		return VIRT_SHUTDOWN;
	case VIR_DOMAIN_CRASHED:
		return VIRT_CRASHED;
	case VIR_DOMAIN_PMSUSPENDED:
		return VIRT_SUSPENDED;
	default:
		return VIRT_NOSTATE;
	}
}

static int describe(virDomainPtr dom, struct virt_domain *d_r)
{
	struct virt_domain d;
	int state = state_of(dom);

	if (state < 0 || virDomainGetUUIDString(dom, d.uuid) < 0)
		return -1;
	d.state = from_libvirt(state);
	*d_r = d;
	return 0;
}

int virt_show(struct virt *v, const char *uuid, struct virt_domain *d_r,
	      struct err *e)
{
	_cleanup_(virt_dom_free) virDomainPtr dom = NULL;

	if (find(v, uuid, &dom, e) < 0)
		return -1;
	return describe(dom, d_r) < 0 ? virt_fail(e, "show") : 0;
}

/* Does the element that virt_define wrote name our owner? */
static bool is_ours(struct virt *v, virDomainPtr dom)
{
	char *xml = virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT,
					 DOMAIN_XML_NS, 0);
	xmlDocPtr doc = xml ? xmlReadMemory(xml, strlen(xml), NULL, NULL,
					    XML_PARSE_NONET) : NULL;
	xmlChar *owner = doc ? xmlGetProp(xmlDocGetRootElement(doc),
					  (const xmlChar *)"owner") : NULL;
	bool ours = owner && strcmp((char *)owner, v->conf->owner) == 0;

	xmlFree(owner);
	xmlFreeDoc(doc);
	free(xml);
	return ours;
}

int virt_list(struct virt *v, struct virt_domain **list_r, size_t *n_r,
	      struct err *e)
{
	_cleanup_(virt_conn_unref) virConnectPtr conn = NULL;
	struct virt_domain *list;
	virDomainPtr *doms;
	size_t n = 0;
	int all, i;

	if (virt_conn(v, &conn, e) < 0)
		return -1;
	all = virConnectListAllDomains(conn, &doms, 0);
	if (all < 0)
		return virt_fail(e, "list");
	list = xcalloc(all + 1, sizeof(*list));
	for (i = 0; i < all; i++) {
		/* One that has gone meanwhile is not there. */
		if (is_ours(v, doms[i]) && describe(doms[i], &list[n]) == 0)
			n++;
		virDomainFree(doms[i]);
	}
	free(doms);
	*list_r = list;
	*n_r = n;
	return 0;
}
