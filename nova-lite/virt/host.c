/* SPDX-License-Identifier: Apache-2.0 */
/* What the host has. */
#include "nova-lite/virt/virt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xpath.h>

#include "common/base/mem.h"
#include "nova-lite/virt/internal.h"

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* The string that an XPath expression finds; empty when it finds nothing. */
static void copy_path(xmlXPathContextPtr context, const char *path, char *to,
		      size_t size)
{
	xmlXPathObjectPtr found = xmlXPathEval((const xmlChar *)path, context);
	xmlChar *text = found ? xmlXPathCastToString(found) : NULL;

	copy(to, size, (char *)text);
	xmlFree(text);
	xmlXPathFreeObject(found);
}

static void read_cpu(const char *capabilities, struct virt_host *h)
{
	xmlDocPtr doc = xmlReadMemory(capabilities, strlen(capabilities), NULL,
				      NULL, XML_PARSE_NONET);
	xmlXPathContextPtr context = doc ? xmlXPathNewContext(doc) : NULL;

	if (context) {
		copy_path(context, "string(/capabilities/host/cpu/model)",
			  h->cpu_model, sizeof(h->cpu_model));
		copy_path(context, "string(/capabilities/host/cpu/vendor)",
			  h->cpu_vendor, sizeof(h->cpu_vendor));
		copy_path(context, "string(/capabilities/host/cpu/arch)",
			  h->arch, sizeof(h->arch));
	}
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
}

static int read_node(virConnectPtr conn, struct virt_host *h)
{
	virNodeInfo node;
	unsigned long long free_bytes = virNodeGetFreeMemory(conn);

	if (virNodeGetInfo(conn, &node) < 0)
		return -1;
	h->vcpus = node.cpus;
	h->memory_mb = node.memory / 1024;
	h->memory_free_mb = free_bytes >> 20;
	h->sockets = node.sockets;
	h->cores = node.cores;
	h->threads = node.threads;
	return 0;
}

int virt_host(struct virt *v, struct virt_host *h_r, struct err *e)
{
	_cleanup_(virt_conn_unref) virConnectPtr conn = NULL;
	struct virt_host h = { .type = "" };
	char *hostname, *capabilities;

	if (virt_conn(v, &conn, e) < 0)
		return -1;
	if (read_node(conn, &h) < 0 ||
	    virConnectGetVersion(conn, &h.version) < 0 ||
	    virConnectGetLibVersion(conn, &h.libvirt_version) < 0)
		return virt_fail(e, "host");
	hostname = virConnectGetHostname(conn);
	capabilities = virConnectGetCapabilities(conn);
	copy(h.type, sizeof(h.type), virConnectGetType(conn));
	copy(h.hostname, sizeof(h.hostname), hostname);
	if (capabilities)
		read_cpu(capabilities, &h);
	free(hostname);
	if (!capabilities)
		return virt_fail(e, "capabilities");
	free(capabilities);
	*h_r = h;
	return 0;
}
