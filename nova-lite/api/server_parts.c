/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "common/json/text.h"
#include "nova-lite/check.h"
#include "nova-lite/server_in.h"

/* -- networks ------------------------------------------------------------- */

struct network_in {
	const char *uuid, *port, *fixed_ip, *tag;
};

static const struct jfield network_fields[] = {
	JF_STR(struct network_in, uuid, J_NULL | J_UUID, 1, 36),
	JF_STR(struct network_in, port, J_NULL | J_UUID, 1, 36),
	JF_STR(struct network_in, fixed_ip, J_NULL, 1, 45),
	JF_STR_MV(struct network_in, tag, 0, 1, 60, 32, 36),
	JF_STR_MV(struct network_in, tag, 0, 1, 60, 42, 999),
	JF_END
};

static int check_network(struct req *rq, json_t *v, const char *index)
{
	struct network_in in = { 0 };

	if (req_fields(rq, v, index, network_fields, &in) < 0)
		return -1;
	if (in.fixed_ip && !check_ipv4(in.fixed_ip))
		return bad_string(rq, "fixed_ip", in.fixed_ip,
				  "is not a 'ipv4'");
	if (in.fixed_ip && in.port)
		return fail(rq, ERR_BAD_REQUEST, "Specified Fixed IP '%s' "
			    "cannot be used with port '%s': the two cannot be "
			    "specified together.", in.fixed_ip, in.port);
	if (!in.uuid && !in.port)
		return fail(rq, ERR_BAD_REQUEST, "Bad networks format: network "
			    "uuid is not in proper format (None)");
	return 0;
}

int check_networks(struct req *rq, struct server_in *in)
{
	const char *word = json_string_value(in->networks);
	json_t *v;
	size_t i;

	if (word && strcmp(word, "none") == 0) {
		in->networks_text = "[]";
		return 0;
	}
	if (word && strcmp(word, "auto") == 0) {
		in->networks_text = "\"auto\"";
		return 0;
	}
	if (in->networks && !json_is_array(in->networks))
		return bad_value(rq, "networks", in->networks, "is not valid "
				 "under any of the given schemas");
	json_array_foreach(in->networks, i, v)
		if (check_network(rq, v, req_printf(rq, "%zu", i)) < 0)
			return -1;
	if (json_array_size(in->networks) > 0)
		in->networks_text = json_text(rq, in->networks);
	return 0;
}

/* -- security groups ------------------------------------------------------ */

int check_security_groups(struct req *rq, struct server_in *in)
{
	struct group_in { const char *name; } group;
	static const struct jfield fields[] = {
		JF_STR(struct group_in, name, 0, 1, 255), JF_END
	};
	json_t *names, *v;
	size_t i;

	if (json_array_size(in->security_groups) == 0)
		return 0;
	names = json_array();
	json_array_foreach(in->security_groups, i, v) {
		group = (struct group_in){ .name = "default" };
		if (req_fields(rq, v, req_printf(rq, "%zu", i), fields,
			       &group) < 0)
			break;
		json_array_append_new(names, json_string(group.name));
	}
	in->groups_text = json_text(rq, names);
	json_decref(names);
	return i == json_array_size(in->security_groups) ? 0 : -1;
}

/* -- block devices -------------------------------------------------------- */

struct device_in {
	const char *uuid, *source, *destination, *guest_format;
	json_t *boot_index;
	int64_t size;
};

static const struct jfield device_fields[] = {
	JF_STR(struct device_in, uuid, 0, 1, 255),
	JF_STR_K(struct device_in, source, "source_type", 0, 1, 8),
	JF_STR_K(struct device_in, destination, "destination_type", 0, 1, 6),
	JF_STR(struct device_in, guest_format, J_NULL, 0, 255),
	JF_JSON(struct device_in, boot_index, 0),
	JF_INT_K(struct device_in, size, "volume_size", J_LAX | J_NULL, 0,
		 INT32_MAX),
	JF_END_OPEN
};

static int bad_device(struct req *rq, const char *why)
{
	return fail(rq, ERR_BAD_REQUEST, "Block Device Mapping is Invalid: %s",
		    why);
}

static bool is_boot(const struct device_in *d)
{
	const char *s = json_string_value(d->boot_index);

	if (s)
		return strcmp(s, "0") == 0;
	return json_is_integer(d->boot_index) &&
		json_integer_value(d->boot_index) == 0;
}

/* A blank local disk is swap or ephemeral space of the flavor's. */
static void take_blank(struct server_in *in, const struct device_in *d)
{
	if (d->guest_format && strcmp(d->guest_format, "swap") == 0)
		in->swap_mb += d->size;
	else
		in->ephemeral_gb += d->size;
}

static int take_image(struct req *rq, struct server_in *in,
		      const struct device_in *d)
{
	if (!d->uuid || !text_is_uuid(d->uuid))
		return bad_device(rq, "Missing device UUID.");
	if (!is_boot(d) || (in->image && *in->image &&
			    strcasecmp(in->image, d->uuid) != 0))
		return bad_device(rq, "Mapping image to local is not "
				  "supported.");
	in->image = d->uuid;
	return 0;
}

/* There are no volumes here: devices are local or refused. */
static int take_device(struct req *rq, struct server_in *in,
		       const struct device_in *d)
{
	bool local = d->destination && strcmp(d->destination, "local") == 0;

	if (!d->source)
		return bad_device(rq, "Missing device UUID.");
	if (strcmp(d->source, "volume") == 0 ||
	    strcmp(d->source, "snapshot") == 0)
		return bad_device(rq, req_printf(rq, "failed to get %s %s.",
						 d->source,
						 d->uuid ? d->uuid : "None"));
	if (!local && d->destination)
		return bad_device(rq, "there is no volume service.");
	if (strcmp(d->source, "image") == 0)
		return take_image(rq, in, d);
	if (strcmp(d->source, "blank") != 0)
		return bad_string(rq, "source_type", d->source, "is not one of "
				  "['volume', 'image', 'snapshot', 'blank']");
	take_blank(in, d);
	return 0;
}

int check_devices(struct req *rq, struct server_in *in)
{
	json_t *v;
	size_t i;

	json_array_foreach(in->devices, i, v) {
		struct device_in d = { 0 };

		if (req_fields(rq, v, req_printf(rq, "%zu", i), device_fields,
			       &d) < 0 || take_device(rq, in, &d) < 0)
			return -1;
	}
	if (!in->image || !*in->image)
		return fail(rq, ERR_BAD_REQUEST, "Missing imageRef attribute");
	return 0;
}
