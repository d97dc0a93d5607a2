/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/metadata/wish.h"

#include <string.h>

#include "common/json/in.h"

enum { TEXT_MAX = 255 };

static int bad(struct err *e, const char *field, const char *why)
{
	return err_set(e, ERR_BAD_REQUEST, "%s: %s", field, why);
}

/* A DNS name (RFC 1123): letters, digits, dashes and dots. */
static bool is_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 253 && s[0] != '-' && s[0] != '.' &&
		strspn(s, "abcdefghijklmnopqrstuvwxyz"
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == n &&
		!strstr(s, "..");
}

static bool is_line(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return i <= TEXT_MAX;
}

static int fields_of(json_t *v, const char *of, const struct jfield *fields,
		     struct wish *w, struct err *e)
{
	struct jbad why;

	if (json_fields(v, fields, 0, w, &why) == 0)
		return 0;
	return err_set(e, ERR_BAD_REQUEST, "%s%s%s%.700s", of, why.field,
		       *of || why.field[0] ? ": " : "", why.text);
}

static int check_names(const json_t *names, struct err *e)
{
	if (json_array_size(names) > WISH_NAMES_MAX)
		return bad(e, "data.names", "too many");
	for (size_t i = 0; i < json_array_size(names); i++) {
		const json_t *name = json_array_get(names, i);

		if (!json_is_string(name) ||
		    strlen(json_string_value(name)) !=
			    json_string_length(name) ||
		    !is_name(json_string_value(name)))
			return bad(e, "data.names", "not names of hosts");
	}
	return 0;
}

static int read_data(struct wish *w, struct err *e)
{
	static const struct jfield fields[] = {
		JF_JSON(struct wish, names, J_ARR),
		JF_STR(struct wish, ltpa_host, 0, 1, TEXT_MAX),
		JF_END
	};

	if (!w->data)
		return 0;
	if (fields_of(w->data, "data.", fields, w, e) < 0)
		return -1;
	if (w->ltpa_host && !is_name(w->ltpa_host))
		return bad(e, "data.ltpa_host", "not the name of a host");
	return check_names(w->names, e);
}

int wish_read(json_t *body, struct wish *w_r, struct err *e)
{
	static const struct jfield fields[] = {
		JF_STR(struct wish, hostname, 0, 1, TEXT_MAX),
		JF_STR(struct wish, location, 0, 0, TEXT_MAX),
		JF_JSON(struct wish, addresses, J_ARR),
		JF_JSON(struct wish, data, J_OBJ),
		JF_END
	};

	if (!json_is_object(body))
		return bad(e, "body", "not an object");
	if (fields_of(body, "", fields, w_r, e) < 0)
		return -1;
	if (w_r->hostname && !is_name(w_r->hostname))
		return bad(e, "hostname", "not the name of a host");
	if (w_r->location && !is_line(w_r->location))
		return bad(e, "location", "not one line of text");
	return read_data(w_r, e);
}

static bool has_address(const json_t *list, const char *address)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)),
			   address) == 0)
			return true;
	return false;
}

/* Host names without a domain, and those of the cloud's own, are the cloud's
 * to give; what ends in digits reads as an address. */
static bool may_name(const struct known *k, const char *name)
{
	size_t n = strlen(name), d = strlen(k->domain);
	const char *last = strrchr(name, '.');

	if (strcasecmp(name, k->hostname) == 0 ||
	    strcasecmp(name, k->shortname) == 0)
		return true;
	if (!last || !last[1] || strspn(last + 1, "0123456789") ==
	    strlen(last + 1))
		return false;
	return d == 0 || n <= d || name[n - d - 1] != '.' ||
	       strcasecmp(name + n - d, k->domain) != 0;
}

static int check_may_name(const struct wish *w, const struct known *k,
			  struct err *e)
{
	for (size_t i = 0; i < json_array_size(w->names); i++)
		if (!may_name(k, json_string_value(json_array_get(w->names,
								  i))))
			return bad(e, "data.names", "not this instance's to "
				   "have");
	return 0;
}

int wish_check(const struct wish *w, const struct known *k, struct err *e)
{
	if (w->hostname && strcmp(w->hostname, k->hostname) != 0 &&
	    strcmp(w->hostname, k->shortname) != 0)
		return bad(e, "hostname", "not this instance's");
	for (size_t i = 0; i < json_array_size(w->addresses); i++) {
		const char *address = json_string_value(
			json_array_get(w->addresses, i));

		if (!address || !has_address(k->addresses, address))
			return bad(e, "addresses", "not this instance's");
	}
	return check_may_name(w, k, e);
}
