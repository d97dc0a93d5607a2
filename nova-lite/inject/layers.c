/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/layers.h"

#include <assert.h>
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/json/out.h"

/* QEMU's docs/interop/qcow2.txt: version at 4, features at 72. */
static int refuse_data_file(const struct inject_layer *l, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(l->path, O_RDONLY | O_CLOEXEC);
	unsigned char head[80] = { 0 };
	uint32_t version;
	uint64_t features;

	if (fd < 0 || pread(fd, head, sizeof(head), 0) < 0)
		return err_errno(e, "%s", l->path);
	memcpy(&version, head + 4, sizeof(version));
	memcpy(&features, head + 72, sizeof(features));
	if (be32toh(version) >= 3 && (be64toh(features) & 1 << 2))
		return err_set(e, ERR_BAD_REQUEST,
			       "Image has an external data file.");
	return 0;
}

int layers_check(const struct inject_disk *disk, struct err *e)
{
	size_t i;

	assert(disk->nlayers >= 1 && disk->nlayers <= INJECT_LAYERS_MAX);
	for (i = 0; i < disk->nlayers; i++) {
		const struct inject_layer *l = &disk->layers[i];
		int raw = strcmp(l->format, "raw") == 0;

		assert(raw || strcmp(l->format, "qcow2") == 0);
		assert(!raw || i == disk->nlayers - 1);
		if (!raw && refuse_data_file(l, e) < 0)
			return -1;
	}
	return 0;
}

const char *layers_option(const struct inject_disk *disk, size_t i,
			  struct buf *b)
{
	const struct inject_layer *l = &disk->layers[i];
	struct jw w;

	jw_init(&w, b);
	j_obj(&w, NULL);
	j_str(&w, "driver", l->format);
	j_strf(&w, "node-name", "layer%zu", i);
	j_bool(&w, "read-only", i > 0);
	j_str(&w, "discard", i == 0 ? "unmap" : "ignore");
	if (i + 1 < disk->nlayers)
		j_strf(&w, "backing", "layer%zu", i + 1);
	else if (strcmp(l->format, "raw") != 0)
		j_null(&w, "backing");
	j_obj(&w, "file");
	j_str(&w, "driver", "file");
	j_str(&w, "filename", l->path);
	j_bool(&w, "read-only", i > 0);
	j_end(&w);
	j_end(&w);
	return buf_str(b);
}
