/* SPDX-License-Identifier: Apache-2.0 */
/* Console logs: plain files that virtlogd writes and rotates. */
#include "nova-lite/virt/virt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/mem.h"

/* Adds the last max bytes of a file; one that is not there has none. */
static int add_tail(struct buf *b, const char *path, size_t max, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t want;
	ssize_t n = 1;
	off_t at;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, "console log %s", path);
	want = (size_t)st.st_size < max ? (size_t)st.st_size : max;
	at = st.st_size - want;
	while (want > 0 && n > 0) {
		n = pread(fd, buf_reserve(b, want), want, at);
		if (n < 0)
			return err_errno(e, "console log %s", path);
		b->len += n;
		want -= n;
		at += n;
	}
	return 0;
}

int virt_console(const char *path, size_t max, char **text_r, size_t *len_r,
		 struct err *e)
{
	_cleanup_(cleanup_free) char *older = xasprintf("%s.0", path);
	struct buf now = { 0 }, all = { 0 };
	int rc = add_tail(&now, path, max, e);

	if (rc == 0 && now.len < max)
		rc = add_tail(&all, older, max - now.len, e);
	if (rc == 0) {
		buf_add(&all, now.data, now.len);
		buf_str(&all);
		*text_r = all.data;
		*len_r = all.len;
	} else {
		buf_fini(&all);
	}
	buf_fini(&now);
	return rc;
}
