/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what an appliance says: whatever it is, the report that comes of it
 * names no folder but those that the request may have made, and an error is a
 * clean text.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct err *e)
{
	const unsigned char *s = (const unsigned char *)e->msg;

	assert(e->kind == ERR_CONFLICT || e->kind == ERR_NOT_IMPLEMENTED ||
	       e->kind == ERR_INTERNAL);
	for (; *s; s++)
		assert(*s >= ' ' && *s != 0x7f && *s < 0xf5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct inject_file files[] = {
		{ .path = "/a/b/c", .size = 3 }, { .path = "/d", .size = 0 } };
	static const char *const made[] = { "/m" };
	static const struct inject_request rq = {
		.adds = files, .nadds = 2, .made = made, .nmade = 1 };
	_cleanup_(cleanup_free) char *copy = xmalloc(size + 1);
	struct inject_report r;
	struct err e = { 0 };
	size_t i;

	memcpy(copy, data, size);
	if (reply_read(copy, size, &rq, &r, &e) < 0) {
		check_error(&e);
		return 0;
	}
	for (i = 0; i < r.nmade; i++)
		assert(strcmp(r.made[i], "/a") == 0 ||
		       strcmp(r.made[i], "/a/b") == 0 ||
		       strcmp(r.made[i], "/m") == 0);
	inject_report_fini(&r);
	return 0;
}
