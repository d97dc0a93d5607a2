/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the inspection of disk images. The file is the input as it is, or,
 * so that tables megabytes apart are reached, the input over and over.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "glance-lite/store/inspect.h"

#define WRAPPED_SIZE (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static ssize_t read_plain(const void *arg, void *out, size_t n, int64_t off)
{
	const struct input *in = arg;

	assert(off >= 0);
	if ((uint64_t)off >= in->size)
		return 0;
	if (n > in->size - (size_t)off)
		n = in->size - (size_t)off;
	memcpy(out, in->data + off, n);
	return (ssize_t)n;
}

static ssize_t read_wrapped(const void *arg, void *out, size_t n, int64_t off)
{
	const struct input *in = arg;
	uint8_t *p = out;

	assert(off >= 0);
	if (off >= WRAPPED_SIZE)
		return 0;
	if ((int64_t)n > WRAPPED_SIZE - off)
		n = (size_t)(WRAPPED_SIZE - off);
	for (size_t i = 0; i < n; i++)
		p[i] = in->data[((size_t)off + i) % in->size];
	return (ssize_t)n;
}

static void look(const struct inspect_source *src)
{
	static const char *const claims[] = { "raw", "qcow2", "vmdk", "vhd",
		"vhdx", "vdi", "iso", "ploop", "ami" };
	struct inspect found;

	inspect(src, &found);
	assert(found.format && found.virtual_size >= 0);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		/* What a strict look lets through passes a lax one. */
		if (!inspect_refusal(&found, claims[i], true))
			assert(!inspect_refusal(&found, claims[i], false));
		if (found.unsafe)
			assert(inspect_refusal(&found, claims[i], false));
	}
	inspect_delta(src, &found);
	assert(found.format && found.virtual_size >= 0);
	assert(found.unsafe || strcmp(found.format, "qcow2") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct inspect_source plain = { read_plain, &in, (int64_t)size };
	struct inspect_source wrapped = { read_wrapped, &in, WRAPPED_SIZE };

	look(&plain);
	if (size > 0)
		look(&wrapped);
	return 0;
}
