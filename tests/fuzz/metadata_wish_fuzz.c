/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what guests say about their first boots: whatever is let through can
 * stand in a certificate, in a line of a file and in a log.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/json/in.h"
#include "nova-lite/metadata/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *s)
{
	for (; s && *s; s++)
		assert((unsigned char)*s >= ' ' && *s != 0x7f);
}

static void check_name(const char *s)
{
	check_line(s);
	assert(!s || (strlen(s) < 254 && !strpbrk(s, " =,\"'\\/:@*")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *mine = json_pack("[s]", "192.0.2.7");
	struct known k = { .id = "i", .shortname = "vm", .hostname =
		"vm.novalocal", .domain = "novalocal", .location = "nova",
		.addresses = mine };
	struct wish w = { 0 };
	struct err e = { 0 };
	json_t *body = json_parse((const char *)data, size, &e);

	if (body && wish_read(body, &w, &e) == 0) {
		check_name(w.hostname);
		check_name(w.ltpa_host);
		check_line(w.location);
		for (size_t i = 0; i < json_array_size(w.names); i++)
			check_name(json_string_value(json_array_get(w.names,
								    i)));
		if (wish_check(&w, &k, &e) == 0)
			for (size_t i = 0; i < json_array_size(w.addresses);
			     i++)
				assert(json_equal(json_array_get(w.addresses,
								 i),
						  json_array_get(mine, 0)));
	}
	if (e.kind)
		assert(e.msg[0]);
	json_decref(body);
	json_decref(mine);
	return 0;
}
