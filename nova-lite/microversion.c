/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/microversion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/http/slice.h"

/* One or more digits without a leading zero; -1: something else. Saturates. */
static int number(struct slice s)
{
	int v = 0;
	size_t i;

	if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
		return -1;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v > 99999 ? v : v * 10 + (s.p[i] - '0');
	}
	return v;
}

/* The version of "identity 3, compute 2.1" for compute; the last one wins. */
static bool pick_compute(const char *header, struct slice *version_r)
{
	struct slice list = { header, strlen(header) }, item, name;
	bool found = false;

	while (list.n) {
		item = slice_trim(slice_cut(&list, ','));
		name = slice_cut(&item, ' ');
		if (!slice_is_nocase(name, "compute"))
			continue;
		*version_r = slice_trim(item);
		found = true;
	}
	return found;
}

struct microversion microversion_parse(const char *standard,
				       const char *legacy)
{
	struct microversion mv = { MICROVERSION_OK, 1, "2.1" };
	struct slice text, major;
	int a, b;

	if (!standard || !pick_compute(standard, &text)) {
		if (!legacy)
			return mv;
		text = slice_trim((struct slice){ legacy, strlen(legacy) });
	}
	snprintf(mv.asked, sizeof(mv.asked), "%.*s", (int)text.n, text.p);
	if (slice_is(text, "latest")) {
		mv.minor = MICROVERSION_MAX;
		return mv;
	}
	major = slice_cut(&text, '.');
	a = number(major);
	b = number(text);
	if (a < 1 || b < 0)
		mv.result = MICROVERSION_MALFORMED;
	else if (a != 2 || b < 1 || b > MICROVERSION_MAX)
		mv.result = MICROVERSION_UNSUPPORTED;
	else
		mv.minor = b;
	return mv;
}
