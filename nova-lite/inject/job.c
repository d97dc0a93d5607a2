/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/wire.h"

#define CHUNK (1u << 20)
#define SECTOR 512

static int write_all(int fd, const char *p, size_t n, struct err *e)
{
	ssize_t done;

	for (; n > 0; n -= done, p += done) {
		done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			done = 0;
		if (done < 0)
			return err_errno(e, "inject: job");
	}
	return 0;
}

static int copy_from_fd(int job, const struct inject_file *f, char *chunk,
			struct err *e)
{
	uint64_t at = 0;
	ssize_t n;

	while (at < f->size) {
		n = pread(f->fd, chunk, f->size - at < CHUNK ? f->size - at :
			  CHUNK, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_errno(e, "inject: %.200s", f->path) :
				err_internal(e, "inject: %.200s has become "
					     "shorter", f->path);
		if (write_all(job, chunk, n, e) < 0)
			return -1;
		at += n;
	}
	return 0;
}

static int write_contents(int job, const struct inject_request *rq,
			  struct err *e)
{
	_cleanup_(cleanup_free) char *chunk = xmalloc(CHUNK);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < rq->nadds; i++) {
		const struct inject_file *f = &rq->adds[i];

		rc = f->data ? write_all(job, f->data, f->size, e) :
			copy_from_fd(job, f, chunk, e);
	}
	return rc;
}

static int write_job(int job, const struct inject_disk *disk,
		     const struct inject_request *rq,
		     const struct inject_options *o, struct err *e)
{
	_cleanup_(buf_fini) struct buf b = { 0 };
	off_t size;

	wire_put_call(&b, disk, rq, o);
	if (write_all(job, b.data, b.len, e) < 0 ||
	    write_contents(job, rq, e) < 0)
		return -1;
	size = lseek(job, 0, SEEK_CUR);
	if (ftruncate(job, (size + SECTOR - 1) / SECTOR * SECTOR) < 0)
		return err_errno(e, "inject: job");
	return 0;
}

int job_make(const struct inject_disk *disk, const struct inject_request *rq,
	     const struct inject_options *options, const char *temp_dir,
	     struct err *e)
{
	const char *temp = temp_dir ? temp_dir : "/tmp";
	int job = open(temp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (job < 0)
		return err_errno(e, "inject: job in %s", temp);
	if (write_job(job, disk, rq, options, e) < 0) {
		close(job);
		return -1;
	}
	return job;
}

void job_read_reply(int fd, usec_t deadline, size_t max, struct buf *b)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = 1;

	while (n > 0 && b->len < max) {
		usec_t left = deadline - usec_monotonic();

		if (left <= 0 || (poll(&p, 1, left / 1000 + 1) < 0 &&
				  errno != EINTR))
			return;
		if (!p.revents)
			continue;
		n = read(fd, buf_reserve(b, CHUNK), CHUNK);
		if (n > 0)
			b->len += n;
	}
}
