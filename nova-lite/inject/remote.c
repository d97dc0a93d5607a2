/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/remote.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/child.h"
#include "nova-lite/inject/job.h"
#include "nova-lite/inject/wire.h"

#define REPLY_MAX (16u << 20)
#define GRACE (5 * USEC_PER_SEC)	/* beyond the program's own deadline */

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
		job_read_reply(reply[0], deadline, REPLY_MAX, b);
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
	usec_t deadline = usec_monotonic() + GRACE + 1000 * (usec_t)
		(options->deadline_ms ? options->deadline_ms :
		 INJECT_DEADLINE_MS);
	_cleanup_(cleanup_close) int job =
		job_make(disk, rq, options, options->temp_dir, e);
	_cleanup_(buf_fini) struct buf b = { 0 };
	struct wire w;

	if (job < 0 || run(options->program, job, deadline, &b, e) < 0)
		return -1;
	w = (struct wire){ .p = buf_str(&b) };
	w.end = w.p + b.len;
	return wire_get_reply(&w, rq->nadds, report_r, e);
}
