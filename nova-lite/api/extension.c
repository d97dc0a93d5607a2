/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"

/* What clients look for before they use it. The list is closed since 2.1 began
 * to count microversions; ours names what is here. */
static const struct extension {
	const char *alias, *name, *doc;
} extensions[] = {
	{ "OS-DCF", "DiskConfig", "Disk Management Extension." },
	{ "OS-EXT-AZ", "ExtendedAvailabilityZone",
	  "Extended Availability Zone support." },
	{ "OS-EXT-IPS", "ExtendedIps",
	  "Adds type parameter to the ip list." },
	{ "OS-EXT-IPS-MAC", "ExtendedIpsMac",
	  "Adds mac address parameter to the ip list." },
	{ "OS-EXT-SRV-ATTR", "ExtendedServerAttributes",
	  "Extended Server Attributes support." },
	{ "OS-EXT-STS", "ExtendedStatus", "Extended Status support." },
	{ "OS-FLV-DISABLED", "FlavorDisabled",
	  "Support to show the disabled status of a flavor." },
	{ "OS-FLV-EXT-DATA", "FlavorExtraData",
	  "Provide additional data for flavors." },
	{ "OS-SCH-HNT", "SchedulerHints",
	  "Pass arbitrary key/value pairs to the scheduler." },
	{ "OS-SRV-USG", "ServerUsage",
	  "Adds launched_at and terminated_at on Servers." },
	{ "os-access-ips", "AccessIPs", "Access IPs support." },
	{ "os-attach-interfaces", "AttachInterfaces",
	  "Attach interface support." },
	{ "os-availability-zone", "AvailabilityZone",
	  "Availability zones of servers and hosts." },
	{ "os-config-drive", "ConfigDrive", "Config Drive Extension." },
	{ "os-console-output", "ConsoleOutput",
	  "Console log output support, with tailing ability." },
	{ "os-extended-volumes", "ExtendedVolumes",
	  "Extended Volumes support." },
	{ "os-flavor-access", "FlavorAccess", "Flavor access support." },
	{ "os-flavor-extra-specs", "FlavorExtraSpecs",
	  "Flavors extra specs support." },
	{ "os-flavor-manage", "FlavorManage",
	  "Flavor create/delete API support." },
	{ "os-flavor-rxtx", "FlavorRxtx",
	  "Support to show the rxtx status of a flavor." },
	{ "os-flavor-swap", "FlavorSwap",
	  "Support to show the swap status of a flavor." },
	{ "os-hypervisors", "Hypervisors",
	  "Admin-only hypervisor administration." },
	{ "os-instance-actions", "InstanceActions",
	  "View a log of actions and events taken on an instance." },
	{ "os-keypairs", "Keypairs", "Keypair Support." },
	{ "os-lock-server", "LockServer",
	  "Enable lock/unlock server actions." },
	{ "os-multiple-create", "MultipleCreate",
	  "Allow multiple create in the Create Server v2.1 API." },
	{ "os-personality", "Personality", "Personality support." },
	{ "os-quota-sets", "Quotas", "Quotas management support." },
	{ "os-server-sort-keys", "ServerSortKeys",
	  "Add sorting support in get Server v2 API." },
	{ "os-server-start-stop", "ServerStartStop",
	  "Start/Stop instance compute API support." },
	{ "os-services", "Services", "Services support." },
	{ "os-simple-tenant-usage", "SimpleTenantUsage",
	  "Simple tenant usage extension." },
	{ "os-used-limits", "UsedLimits",
	  "Provide data on limited resources that are being used." },
	{ "os-user-data", "UserData",
	  "Add user_data to the Create Server API." },
};

static void extension_view(struct jw *w, const char *key,
			   const struct extension *x)
{
	j_obj(w, key);
	j_str(w, "alias", x->alias);
	j_str(w, "description", x->doc);
	j_arr(w, "links");
	j_end(w);
	j_str(w, "name", x->name);
	j_str(w, "namespace",
	      "http://docs.openstack.org/compute/ext/fake_xml");
	j_str(w, "updated", "2014-12-03T00:00:00Z");
	j_end(w);
}

int extension_list(struct req *rq)
{
	size_t i;

	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "extensions");
	for (i = 0; i < ARRAY_LEN(extensions); i++)
		extension_view(&rq->w, NULL, &extensions[i]);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int extension_show(struct req *rq)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(extensions); i++) {
		if (strcmp(extensions[i].alias, req_path(rq, "alias")) != 0)
			continue;
		j_obj(&rq->w, NULL);
		extension_view(&rq->w, "extension", &extensions[i]);
		j_end(&rq->w);
		return reply(rq, 200);
	}
	return fail(rq, ERR_NOT_FOUND, NULL);
}
