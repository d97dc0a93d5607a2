/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/nova.h"
#include "nova-lite/status.h"

static void raw(struct req *rq, const char *key, const struct row *row,
		int col)
{
	j_raw(&rq->w, key, row_text(row, col), row_len(row, col));
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void image_view(struct req *rq, const struct urls *u,
		       const struct row *row)
{
	struct jw *w = &rq->w;

	if (row_null(row, server__image_id)) {
		j_str(w, "image", "");
		return;
	}
	j_obj(w, "image");
	j_str(w, "id", row_text(row, server__image_id));
	bookmark_view(rq, u, "images", row_text(row, server__image_id));
	j_end(w);
}

/* From 2.47 on the flavor as it was, before that where it may be found. */
static void server_flavor_view(struct req *rq, const struct urls *u,
			       const struct row *row)
{
	struct jw *w = &rq->w;

	j_obj(w, "flavor");
	if (!req_mv(rq, 47)) {
		j_str(w, "id", row_text(row, server__flavor_id));
		bookmark_view(rq, u, "flavors",
			      row_text(row, server__flavor_id));
		j_end(w);
		return;
	}
	j_int(w, "vcpus", row_int(row, server__vcpus));
	j_int(w, "ram", row_int(row, server__ram));
	j_int(w, "disk", row_int(row, server__disk));
	j_int(w, "ephemeral", row_int(row, server__ephemeral));
	j_int(w, "swap", row_int(row, server__swap));
	j_str(w, "original_name", row_text(row, server__flavor_name));
	raw(rq, "extra_specs", row, server__flavor_specs);
	j_end(w);
}

/* Progress stands where something may be under way, a fault where it ended. */
static void outcome_view(struct req *rq, const struct row *row,
			 const char *status)
{
	static const char *const moving[] = { "ACTIVE", "BUILD", "DELETED",
		"MIGRATING", "RESIZE", "REBUILD", "VERIFY_RESIZE" };
	struct jw *w = &rq->w;
	size_t i;

	if ((strcmp(status, "ERROR") == 0 || strcmp(status, "DELETED") == 0) &&
	    !row_null(row, server__fault))
		raw(rq, "fault", row, server__fault);
	for (i = 0; i < ARRAY_LEN(moving); i++)
		if (strcmp(status, moving[i]) == 0)
			j_int(w, "progress", row_int(row, server__progress));
}

/* Replies to changes are short before 2.75. */
static bool is_short(const struct req *rq)
{
	return rq->route->run && !req_mv(rq, 75);
}

/* Without what the extensions of 2.1 add to each address. */
static void short_addresses_view(struct req *rq, const struct row *row)
{
	json_t *all = json_loadb(row_text(row, server__addresses),
				 row_len(row, server__addresses), 0, NULL);
	json_t *list, *address;
	const char *network, *text;
	size_t i;

	json_object_foreach(all, network, list)
		json_array_foreach(list, i, address) {
			json_object_del(address, "OS-EXT-IPS:type");
			json_object_del(address, "OS-EXT-IPS-MAC:mac_addr");
		}
	text = json_text(rq, all);
	j_raw(&rq->w, "addresses", text, strlen(text));
	json_decref(all);
}

static void core_view(struct req *rq, const struct urls *u,
		      const struct row *row)
{
	const char *status = status_of(row_text(row, server__vm_state),
				       row_text(row, server__task_state));
	struct jw *w = &rq->w;

	j_str(w, "id", row_text(row, server__id));
	j_str(w, "name", row_text(row, server__name));
	j_str(w, "status", status);
	j_str(w, "tenant_id", row_text(row, server__project_id));
	j_str(w, "user_id", row_text(row, server__user_id));
	raw(rq, "metadata", row, server__metadata);
	j_str(w, "hostId", row_text(row, server__host_id));
	image_view(rq, u, row);
	server_flavor_view(rq, u, row);
	j_time(w, "created", row_time(row, server__created_at), TIME_Z);
	j_time(w, "updated", row_time(row, server__updated_at), TIME_Z);
	if (is_short(rq))
		short_addresses_view(rq, row);
	else
		raw(rq, "addresses", row, server__addresses);
	j_str(w, "accessIPv4", or_empty(row_text(row, server__access_ip_v4)));
	j_str(w, "accessIPv6", or_empty(row_text(row, server__access_ip_v6)));
	links_view(rq, u, "servers", row_text(row, server__id));
	j_str(w, "OS-DCF:diskConfig", row_text(row, server__disk_config));
	outcome_view(rq, row, status);
}

static void time_or_null(struct jw *w, const char *key, usec_t t)
{
	if (t)
		j_time(w, key, t, TIME_USEC);
	else
		j_null(w, key);
}

static void groups_view(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;
	json_t *names, *name;
	size_t i;

	if (row_len(row, server__addresses) <= 2)	/* no ports */
		return;
	names = json_loadb(row_text(row, server__groups_json),
			   row_len(row, server__groups_json), 0, NULL);
	j_arr(w, "security_groups");
	json_array_foreach(names, i, name) {
		j_obj(w, NULL);
		j_str(w, "name", json_string_value(name));
		j_end(w);
	}
	j_end(w);
	json_decref(names);
}

/* The rest of 2.1, which replies to an update lack before 2.75. */
static void more_view(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	j_str(w, "OS-EXT-AZ:availability_zone",
	      row_null(row, server__host) ? "" : row_text(row, server__zone));
	j_str(w, "config_drive",
	      row_bool(row, server__config_drive) ? "True" : "");
	j_str(w, "key_name", row_text(row, server__key_name));
	time_or_null(w, "OS-SRV-USG:launched_at",
		     row_time(row, server__launched_at));
	time_or_null(w, "OS-SRV-USG:terminated_at",
		     row_time(row, server__terminated_at));
	groups_view(rq, row);
	j_str(w, "OS-EXT-STS:task_state", row_text(row, server__task_state));
	j_str(w, "OS-EXT-STS:vm_state", row_text(row, server__vm_state));
	j_int(w, "OS-EXT-STS:power_state", row_int(row, server__power_state));
	j_arr(w, "os-extended-volumes:volumes_attached");
	j_end(w);
}

/* What only administrators see. */
static void admin_view(struct req *rq, const struct row *row, bool rebuilt)
{
	struct jw *w = &rq->w;

	j_str(w, "OS-EXT-SRV-ATTR:host", row_text(row, server__host));
	j_strf(w, "OS-EXT-SRV-ATTR:instance_name", "instance-%08x",
	       (unsigned)row_int(row, server__num));
	j_str(w, "OS-EXT-SRV-ATTR:hypervisor_hostname",
	      row_text(row, server__node));
	if (req_mv(rq, 16))
		j_str(w, "host_status",
		      or_empty(row_text(row, server__host_status)));
	if (!req_mv(rq, 3))
		return;
	j_str(w, "OS-EXT-SRV-ATTR:reservation_id",
	      row_text(row, server__reservation_id));
	j_int(w, "OS-EXT-SRV-ATTR:launch_index",
	      row_int(row, server__launch_index));
	j_str(w, "OS-EXT-SRV-ATTR:kernel_id",
	      or_empty(row_text(row, server__kernel_id)));
	j_str(w, "OS-EXT-SRV-ATTR:ramdisk_id",
	      or_empty(row_text(row, server__ramdisk_id)));
	j_str(w, "OS-EXT-SRV-ATTR:root_device_name",
	      row_null(row, server__host) ? NULL :
	      row_text(row, server__root_device));
	if (!rebuilt)
		j_str(w, "OS-EXT-SRV-ATTR:user_data",
		      row_text(row, server__user_data));
	j_str(w, "OS-EXT-SRV-ATTR:hostname", row_text(row, server__hostname));
}

/* What came with later versions, in an update's reply too. */
static void late_view(struct req *rq, const struct row *row)
{
	struct jw *w = &rq->w;

	if (req_mv(rq, 9))
		j_bool(w, "locked", row_bool(row, server__locked));
	if (req_mv(rq, 73))
		j_str(w, "locked_reason",
		      row_text(row, server__locked_reason));
	if (req_mv(rq, 19))
		j_str(w, "description", row_text(row, server__description));
	if (req_mv(rq, 26))
		raw(rq, "tags", row, server__tags_json);
	if (req_mv(rq, 63))
		j_null(w, "trusted_image_certificates");
	if (req_mv(rq, 90) && !rq->token->is_admin)
		j_str(w, "OS-EXT-SRV-ATTR:hostname",
		      row_text(row, server__hostname));
}

static void fields_view(struct req *rq, const struct urls *u,
			const struct row *row, bool rebuilt)
{
	core_view(rq, u, row);
	if (!is_short(rq)) {
		more_view(rq, row);
		if (rq->token->is_admin)
			admin_view(rq, row, rebuilt);
	} else if (rebuilt && req_mv(rq, 54)) {
		j_str(&rq->w, "key_name", row_text(row, server__key_name));
	}
	late_view(rq, row);
}

static void group_view(struct req *rq, const struct row *row)
{
	j_arr(&rq->w, "server_groups");
	if (!row_null(row, server__group_id))
		j_str(&rq->w, NULL, row_text(row, server__group_id));
	j_end(&rq->w);
}

void server_view(struct req *rq, const struct urls *u, const char *key,
		 const struct row *row)
{
	j_obj(&rq->w, key);
	fields_view(rq, u, row, false);
	if (key && req_mv(rq, 71))
		group_view(rq, row);
	j_end(&rq->w);
}

void rebuilt_view(struct req *rq, const struct urls *u, const struct row *row,
		  const char *password)
{
	j_obj(&rq->w, "server");
	fields_view(rq, u, row, true);
	if (req_mv(rq, 71))
		group_view(rq, row);
	j_str(&rq->w, "adminPass", password);
	if (req_mv(rq, 57))
		j_str(&rq->w, "user_data", row_text(row, server__user_data));
	j_end(&rq->w);
}
