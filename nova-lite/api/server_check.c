/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/json/text.h"
#include "nova-lite/check.h"
#include "nova-lite/servers.h"

#define TAGS_MAX 50
#define TAG_CHARS_MAX 60
#define USER_DATA_MAX 65535

int check_disk_config(struct req *rq, const char *s)
{
	if (!s || strcmp(s, "AUTO") == 0 || strcmp(s, "MANUAL") == 0)
		return 0;
	return bad_string(rq, "OS-DCF:diskConfig", s,
			  "is not one of ['AUTO', 'MANUAL']");
}

int check_address(struct req *rq, const char *field, const char *s)
{
	if (!s || !*s || check_ipv4(s))
		return 0;
	return bad_string(rq, field, s, "is not a 'ipv4'");
}

int check_hostname(struct req *rq, const char *s)
{
	if (!s || check_hostname_form(s))
		return 0;
	return bad_string(rq, "hostname", s, "does not match "
			  "'^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$'");
}

int check_user_data(struct req *rq, const char *s)
{
	if (!s || (strlen(s) <= USER_DATA_MAX && check_base64(s)))
		return 0;
	return bad_string(rq, "user_data", s, strlen(s) > USER_DATA_MAX ?
			  "is too long" : "is not a 'base64'");
}

int check_tag(struct req *rq, const char *field, const json_t *tag)
{
	const char *s = json_string_value(tag);

	if (!s)
		return bad_value(rq, field, tag, "is not of type 'string'");
	if (!*s)
		return bad_value(rq, field, tag, "is too short");
	if (text_chars(s) > TAG_CHARS_MAX)
		return bad_value(rq, field, tag, "is too long");
	if (!check_tag_form(s))
		return bad_value(rq, field, tag, "does not match '^[^,/]*$'");
	return 0;
}

int check_tags(struct req *rq, const json_t *tags)
{
	json_t *tag;
	size_t i;

	if (json_array_size(tags) > TAGS_MAX)
		return bad_value(rq, "tags", tags, "is too long");
	json_array_foreach(tags, i, tag)
		if (check_tag(rq, req_printf(rq, "%zu", i), tag) < 0)
			return -1;
	return 0;
}
