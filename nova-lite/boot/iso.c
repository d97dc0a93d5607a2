/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/boot/iso.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"

enum { BLOCK = 2048, CHUNK = 32 * BLOCK };	/* of ISO 9660 */

void iso_cleanup_image(IsoImage **image)
{
	if (*image)
		iso_image_unref(*image);
}

void iso_cleanup_opts(IsoWriteOpts **opts)
{
	if (*opts)
		iso_write_opts_free(*opts);
}

void iso_cleanup_source(struct burn_source **source)
{
	if (*source) {
		(*source)->free_data(*source);
		free(*source);
	}
}

int iso_add_bytes(IsoDir *dir, const char *name, const void *data, size_t n,
		  IsoFile **file_r)
{
	unsigned char *copy = xmalloc(n + 1);
	IsoStream *stream;
	int rc;

	memcpy(copy, data, n);
	rc = iso_memory_stream_new(copy, n, &stream);
	if (rc < 0) {
		free(copy);
		return rc;
	}
	rc = iso_tree_add_new_file(dir, name, stream, file_r);
	assert(rc != (int)ISO_NODE_NAME_NOT_UNIQUE);
	if (rc < 0)
		iso_stream_unref(stream);
	return rc;
}

/* Block by block: of a larger piece that is not full libisofs gives nothing. */
static int read_blocks(struct burn_source *source, unsigned char *data)
{
	int at = 0, n = 1;

	for (; at < CHUNK && n > 0; at += n > 0 ? n : 0)
		n = source->read_xt(source, data + at, BLOCK);
	return n < 0 ? -1 : at;
}

int iso_copy_out(struct burn_source *source, int fd)
{
	unsigned char data[CHUNK];
	int n;

	assert(source->version >= 1);	/* has read_xt */
	errno = EIO;
	while ((n = read_blocks(source, data)) > 0) {
		if (write(fd, data, n) != n)
			return -1;
	}
	return n;
}
