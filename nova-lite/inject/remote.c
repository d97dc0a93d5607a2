/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/child.h"
#include "nova-lite/inject/wire.h"

#define CHUNK (1u << 20)
#define REPLY_MAX (16u << 20)
#define GRACE (5 * USEC_PER_SEC)	/* beyond the program's own deadline */

/* -- the job: call and contents, a file without a name -------------------- */

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

	wire_put_call(&b, disk, rq, o);
	if (write_all(job, b.data, b.len, e) < 0 ||
	    write_contents(job, rq, e) < 0)
		return -1;
	return 0;
}

/* -- the reply ------------------------------------------------------------ */

/* Up to the end, the deadline or the limit, whichever is first. */
static void read_reply(int fd, usec_t deadline, struct buf *b)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = 1;

	while (n > 0 && b->len < REPLY_MAX) {
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

static int run(const char *program, int job, usec_t deadline, struct buf *b,
	       struct err *e)
{
	const char *const argv[] = { program, NULL };
	struct child c;
	int reply[2], rc;

	if (pipe2(reply, O_CLOEXEC) < 0)
		return err_errno(e, "inject: pipe");
	rc = child_start(&c, argv, job, reply[1], e);
	close(reply[1]);
	if (rc == 0) {
		read_reply(reply[0], deadline, b);
		rc = child_wait(&c, deadline, e);
	}
	close(reply[0]);
	return rc;
}

int remote_apply(const struct inject_disk *disk,
		 const struct inject_request *rq,
		 const struct inject_options *options,
		 struct inject_report *report_r, struct err *e)
{
	const char *temp = options->temp_dir ? options->temp_dir : "/tmp";
	usec_t deadline = usec_monotonic() + GRACE + 1000 * (usec_t)
		(options->deadline_ms ? options->deadline_ms :
		 INJECT_DEADLINE_MS);
	_cleanup_(cleanup_close) int job = open(temp, O_TMPFILE | O_RDWR |
						O_CLOEXEC, 0600);
	_cleanup_(buf_fini) struct buf b = { 0 };
	struct wire w;

	if (job < 0)
		return err_errno(e, "inject: job in %s", temp);
	if (write_job(job, disk, rq, options, e) < 0 ||
	    run(options->program, job, deadline, &b, e) < 0)
		return -1;
	w = (struct wire){ .p = buf_str(&b) };
	w.end = w.p + b.len;
	return wire_get_reply(&w, rq->nadds, report_r, e);
}
