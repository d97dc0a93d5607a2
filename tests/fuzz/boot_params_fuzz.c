/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what a boot image is built from: whatever the document, it is refused
 * or comes to a command line that the kernel takes and lines of one word each.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/boot/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct boot_params *p)
{
	_cleanup_(buf_fini) struct buf text = { 0 }, line = { 0 };

	boot_cmdline(p, true, &line);
	assert(line.len < 2048);
	assert(!memchr(line.data, '\n', line.len));
	boot_params_text(p, &text);
	assert(text.data[text.len - 1] == '\n');
	assert(memcmp(text.data, "firmware ", 9) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *v = json_loadb((const char *)data, size, 0, NULL);
	struct boot_params p;
	struct err e;

	if (v && boot_params_read(v, &p, &e) == 0)
		check(&p);
	json_decref(v);
	return 0;
}
