/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the reader of configuration files: it accepts or says where it did
 * not, and what it accepted can be asked for.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct conf_opt opts[] = {
	{ "a", "s", CONF_STR, NULL, "a string" },
	{ "a", "i", CONF_INT, "1", "a number" },
	{ "b", "b", CONF_BOOL, "no", "a boolean" },
	{ NULL, NULL, CONF_STR, NULL, NULL },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("conf", 0);
	struct err e = { 0 };
	struct conf *c;
	char path[64];

	if (write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	c = conf_new(path, opts, &e);
	assert(!c == (e.kind == ERR_BAD_REQUEST));
	if (c) {
		const char *s = conf_str(c, "a", "s");

		assert(!s || strlen(s) <= size);
		assert(conf_int(c, "a", "i") ==
		       atoll(conf_str(c, "a", "i")));
		assert((unsigned)conf_bool(c, "b", "b") <= 1);
	} else {
		assert(strncmp(e.msg, path, strlen(path)) == 0);
	}
	conf_free(c);
	close(fd);
	return 0;
}
