/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nova-lite-appliance-init - the only process of the machine that puts files
 * into disks which libext2fs cannot edit: a kernel, this, no network.
 *
 * The first disk is the guest's, the second one the job (job.h), the reply
 * goes to a port of virtio-serial, and then the machine ends.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/appliance/find.h"
#include "nova-lite/inject/appliance/kernel.h"
#include "nova-lite/inject/appliance/tree.h"
#include "nova-lite/inject/edit.h"
#include "nova-lite/inject/wire.h"

#define DISK "vda"
#define JOB "/dev/vdb"
#define PORT "/dev/vport0p1"
#define PATIENCE 500			/* times 10 ms */

static int open_job(struct wire *w, struct wire_call *call, struct err *e)
{
	int fd = open(JOB, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	void *p = size <= 0 ? MAP_FAILED :
		mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED)
		return err_errno(e, "appliance: " JOB);
	*w = (struct wire){ .p = p, .end = (char *)p + size };
	if (wire_get_call(w, call) < 0 || wire_get_contents(w, call) < 0)
		return err_internal(e, "appliance: not a job of its build; "
				    "run nova-lite-build-appliance");
	return 0;
}

static int edit_mounted(const struct wire_call *call,
			struct inject_report *report_r, struct err *e)
{
	struct mounted_tree tree;
	int rc;

	if (mounted_tree_open(&tree, FIND_ROOT) < 0)
		return err_errno(e, "appliance: " FIND_ROOT);
	rc = edit(&tree.tree, &call->rq, report_r, e);
	mounted_tree_close(&tree);
	return rc;
}

/* Nothing is told before the file system is whole on the disk. */
static int inject(const struct wire_call *call,
		  struct inject_report *report_r, struct err *e)
{
	int rc;

	if (find_and_mount(DISK, call->options.root, e) < 0)
		return -1;
	rc = edit_mounted(call, report_r, e);
	if (umount(FIND_ROOT) < 0 && rc == 0)
		rc = err_errno(e, "appliance: umount");
	sync();
	return rc;
}

/* The port is there when the host has said so, a moment after its module. */
static int open_port(void)
{
	int fd, i;

	for (i = 0; (fd = open(PORT, O_WRONLY | O_CLOEXEC)) < 0; i++) {
		if (i == PATIENCE)
			return -1;
		usleep(10000);
	}
	return fd;
}

static void tell(const struct buf *b)
{
	int fd = open_port();
	size_t at = 0;
	ssize_t n;

	for (; fd >= 0 && at < b->len; at += n) {
		n = write(fd, b->data + at, b->len - at);
		if (n <= 0)
			break;
	}
	if (at < b->len)
		perror("appliance: " PORT);
}

static int run(struct wire_call *call, struct inject_report *report_r,
	       struct err *e)
{
	const struct rlimit files = { 1 << 20, 1 << 20 };
	struct wire w;

	if (kernel_mounts(e) < 0)
		return -1;
	setrlimit(RLIMIT_NOFILE, &files);
	kernel_load("base");
	if (open_job(&w, call, e) < 0)
		return -1;
	return inject(call, report_r, e);
}

int main(void)
{
	struct inject_report report = { 0 };
	struct wire_call call = { .rq = { .nadds = 0 } };
	struct buf reply = { 0 };
	struct err e = { 0 };
	int rc;

	if (getpid() != 1) {
		fprintf(stderr, "nova-lite-appliance-init is the first "
			"process of a machine of its own\n");
		return 2;
	}
	umask(0);
	rc = run(&call, &report, &e);
	wire_put_reply(&reply, rc, &report, call.rq.nadds, &e);
	tell(&reply);
	return reboot(RB_AUTOBOOT);
}
