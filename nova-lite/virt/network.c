/* SPDX-License-Identifier: Apache-2.0 */
/* libvirt networks: a bridge, dnsmasq for DHCP, and the metadata address. */
#include "nova-lite/virt/virt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xpath.h>

#include "common/base/mem.h"
#include "nova-lite/virt/internal.h"
#include "nova-lite/virt/xml.h"

#define DNSMASQ_NS "http://libvirt.org/schemas/network/dnsmasq/1.0"
#define LIVE_AND_CONFIG (VIR_NETWORK_UPDATE_AFFECT_LIVE | \
			 VIR_NETWORK_UPDATE_AFFECT_CONFIG)

/*
 * dnsmasq gives an address to nobody else while its last holder's lease runs,
 * and deleted machines do not give theirs back; so leases are short.
 */
#define LEASE_MINUTES "2"

static void put_lease(struct xml *x, const struct virt_lease *lease)
{
	xml_open(x, "host");
	xml_attr(x, "mac", lease->mac);
	xml_attr(x, "name", lease->name);
	xml_attr(x, "ip", lease->address);
	if (lease->mac && lease->address)
		xml_leaf(x, "lease", "expiry", LEASE_MINUTES,
			 "unit", "minutes", NULL);
	xml_close(x);
}

/* Without a range dnsmasq answers those only whom it knows. */
static void put_addresses(struct xml *x, const struct network_spec *spec)
{
	size_t i;

	xml_open(x, "ip");
	xml_attr(x, "address", spec->gateway);
	xml_attr_uint(x, "prefix", spec->prefix);
	xml_open(x, "dhcp");
	for (i = 0; i < spec->n_leases; i++)
		put_lease(x, &spec->leases[i]);
	xml_close(x);
	xml_close(x);
	xml_leaf(x, "ip", "address", VIRT_METADATA_ADDRESS, "prefix", "32",
		 NULL);
}

/*
 * In an isolated network libvirt announces no router, and guests would not
 * find the metadata address. Our routes stand in options 3 and 121 (RFC 3442).
 */
static void put_routes(struct xml *x, const struct network_spec *spec)
{
	char text[160];

	xml_open(x, "dnsmasq:options");
	snprintf(text, sizeof(text), "dhcp-option=option:router,%s",
		 spec->gateway);
	xml_leaf(x, "dnsmasq:option", "value", text, NULL);
	snprintf(text, sizeof(text), "dhcp-option=121,0.0.0.0/0,%s,"
		 VIRT_METADATA_ADDRESS "/32,%s", spec->gateway, spec->gateway);
	xml_leaf(x, "dnsmasq:option", "value", text, NULL);
	xml_close(x);
}

static char *network_xml(const struct network_spec *spec)
{
	struct xml x;

	xml_init(&x);
	xml_open(&x, "network");
	xml_attr(&x, "xmlns:dnsmasq", DNSMASQ_NS);
	xml_text(&x, "name", spec->name);
	xml_text(&x, "uuid", spec->uuid);
	if (spec->nat)
		xml_leaf(&x, "forward", "mode", "nat", NULL);
	xml_leaf(&x, "bridge", "name", spec->bridge, "stp", "off",
		 "delay", "0", NULL);
	/* Names asked of the host's servers would be a way out, too. */
	if (!spec->nat)
		xml_leaf(&x, "dns", "enable", "no", NULL);
	put_addresses(&x, spec);
	put_routes(&x, spec);
	xml_close(&x);
	return xml_finish(&x);
}

static bool path_is(xmlXPathContextPtr context, const char *path,
		    const char *wanted)
{
	xmlXPathObjectPtr found = xmlXPathEval((const xmlChar *)path, context);
	xmlChar *text = found ? xmlXPathCastToString(found) : NULL;
	bool is = text && strcmp((char *)text, wanted) == 0;

	xmlFree(text);
	xmlXPathFreeObject(found);
	return is;
}

static bool is_as_specified(xmlXPathContextPtr context,
			    const struct network_spec *spec)
{
	char prefix[12];

	snprintf(prefix, sizeof(prefix), "%u", spec->prefix);
	return path_is(context, "string(/network/bridge/@name)",
		       spec->bridge) &&
		path_is(context, "string(/network/ip[1]/@address)",
			spec->gateway) &&
		path_is(context, "string(/network/ip[1]/@prefix)", prefix) &&
		path_is(context, "string(/network/ip[2]/@address)",
			VIRT_METADATA_ADDRESS) &&
		path_is(context, "string(/network/forward/@mode)",
			spec->nat ? "nat" : "");
}

static bool net_matches(virNetworkPtr net, const struct network_spec *spec)
{
	char *xml = virNetworkGetXMLDesc(net, 0);
	xmlDocPtr doc = xml ? xmlReadMemory(xml, strlen(xml), NULL, NULL,
					    XML_PARSE_NONET) : NULL;
	xmlXPathContextPtr context = doc ? xmlXPathNewContext(doc) : NULL;
	bool match = context && is_as_specified(context, spec);

	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	free(xml);
	return match;
}

static int net_drop(virNetworkPtr net, struct err *e)
{
	if (virNetworkIsActive(net) == 1 && virNetworkDestroy(net) < 0)
		return virt_fail(e, "network destroy");
	if (virNetworkIsPersistent(net) == 1 && virNetworkUndefine(net) < 0)
		return virt_fail(e, "network undefine");
	return 0;
}

static int net_create(virConnectPtr conn, const struct network_spec *spec,
		      struct err *e)
{
	_cleanup_(cleanup_free) char *xml = network_xml(spec);
	_cleanup_(virt_net_free) virNetworkPtr net =
		virNetworkDefineXML(conn, xml);

	if (!net)
		return virt_fail(e, "network define");
	if (virNetworkCreate(net) == 0)
		return 0;
	virt_fail(e, "network create");
	virNetworkUndefine(net);
	return -1;
}

int virt_network_ensure(struct virt *v, const struct network_spec *spec,
			struct err *e)
{
	_cleanup_(virt_conn_unref) virConnectPtr conn = NULL;
	_cleanup_(virt_net_free) virNetworkPtr net = NULL;

	if (strstr(v->conf->uri, ":///session"))
		return err_set(e, ERR_NOT_IMPLEMENTED,
			       "A session has no networks.");
	if (virt_conn(v, &conn, e) < 0)
		return -1;
	net = virNetworkLookupByName(conn, spec->name);
	if (!net && !virt_last_is(VIR_ERR_NO_NETWORK))
		return virt_fail(e, "network look up");
	if (net && virNetworkIsActive(net) == 1 && net_matches(net, spec))
		return 0;
	if (net && net_drop(net, e) < 0)
		return -1;
	return net_create(conn, spec, e);
}

/* 1: *net_r is the network; 0: there is none. */
static int find_net(struct virt *v, const char *name, virNetworkPtr *net_r,
		    struct err *e)
{
	_cleanup_(virt_conn_unref) virConnectPtr conn = NULL;

	if (virt_conn(v, &conn, e) < 0)
		return -1;
	*net_r = virNetworkLookupByName(conn, name);
	if (*net_r)
		return 1;
	return virt_last_is(VIR_ERR_NO_NETWORK) ? 0 :
		virt_fail(e, "network look up");
}

int virt_network_remove(struct virt *v, const char *name, struct err *e)
{
	_cleanup_(virt_net_free) virNetworkPtr net = NULL;
	int found = find_net(v, name, &net, e);

	return found > 0 ? net_drop(net, e) : found;
}

static int update(virNetworkPtr net, unsigned int command,
		  const struct virt_lease *lease)
{
	char *text;
	struct xml x;
	int rc;

	xml_init(&x);
	put_lease(&x, lease);
	text = xml_finish(&x);
	rc = virNetworkUpdate(net, command, VIR_NETWORK_SECTION_IP_DHCP_HOST,
			      -1, text, LIVE_AND_CONFIG);
	free(text);
	return rc;
}

/* Removing what is not there is "an invalid operation" to libvirt. */
static int drop_lease(virNetworkPtr net, const struct virt_lease *like,
		      struct err *e)
{
	if (update(net, VIR_NETWORK_UPDATE_COMMAND_DELETE, like) == 0 ||
	    virt_last_is(VIR_ERR_OPERATION_INVALID))
		return 0;
	return virt_fail(e, "network unlease");
}

int virt_network_lease(struct virt *v, const char *name,
		       const struct virt_lease *lease, struct err *e)
{
	_cleanup_(virt_net_free) virNetworkPtr net = NULL;
	const struct virt_lease same_mac = { .mac = lease->mac };
	const struct virt_lease same_address = { .address = lease->address };
	int found = find_net(v, name, &net, e);

	if (found < 0)
		return -1;
	if (!found)
		return err_internal(e, "no network %s", name);
	if (drop_lease(net, &same_mac, e) < 0 ||
	    drop_lease(net, &same_address, e) < 0)
		return -1;
	if (update(net, VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, lease) < 0)
		return virt_fail(e, "network lease");
	return 0;
}

int virt_network_unlease(struct virt *v, const char *name, const char *mac,
			 struct err *e)
{
	_cleanup_(virt_net_free) virNetworkPtr net = NULL;
	const struct virt_lease same_mac = { .mac = mac };
	int found = find_net(v, name, &net, e);

	return found > 0 ? drop_lease(net, &same_mac, e) : found;
}
