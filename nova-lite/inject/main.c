/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nova-lite-inject - does one injection, for the agent, in a process of its
 * own: libext2fs was not written for disks that mean harm, and what such a
 * disk may do here it does to a process that holds nothing but the job.
 *
 * Standard input is a file: the call, then the contents. The reply goes to
 * CHILD_FD. Not for use by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nova-lite/inject/child.h"
#include "nova-lite/inject/wire.h"

#define MEMORY (2ull << 30)		/* besides the job's own bytes */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct wire open_job(void)
{
	struct rlimit memory;
	struct wire w = { 0 };
	struct stat st;

	if (fstat(0, &st) < 0)
		die("job");
	memory.rlim_cur = memory.rlim_max = MEMORY + st.st_size;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0) < 0)
		die("prctl");
#ifndef __SANITIZE_ADDRESS__		/* needs terabytes of addresses */
	if (setrlimit(RLIMIT_AS, &memory) < 0)
		die("limit");
#endif
	w.p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, 0, 0);
	if (w.p == MAP_FAILED)
		die("job");
	w.end = w.p + st.st_size;
	return w;
}

static void reply(const struct buf *b)
{
	size_t at = 0;
	ssize_t n;

	for (; at < b->len; at += n) {
		n = write(CHILD_FD, b->data + at, b->len - at);
		if (n < 0)
			die("reply");
	}
}

int main(void)
{
	struct wire w = open_job();
	struct inject_report report = { 0 };
	struct wire_call call;
	struct err e = { 0 };
	struct buf b = { 0 };
	int rc;

	if (wire_get_call(&w, &call) < 0 || wire_get_contents(&w, &call) < 0) {
		fprintf(stderr, "not a job\n");
		return 2;
	}
	rc = inject_apply(&call.disk, &call.rq, &call.options, &report, &e);
	wire_put_reply(&b, rc, &report, call.rq.nadds, &e);
	reply(&b);
	inject_report_fini(&report);
	buf_fini(&b);
	wire_free_call(&call);
	return 0;
}
