/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/machine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/child.h"
#include "nova-lite/inject/job.h"
#include "nova-lite/inject/layers.h"
#include "nova-lite/inject/reply.h"

#define QEMU "qemu-system-x86_64"
#define REPLY_MAX (4u << 20)
#define NAME_MAX_BYTES 80

/*
 * The folder has a file `manifest` in sha256sum's format, written last, which
 * names the kernel and the initial file system that belong together.
 */
struct parts {
	char kernel[NAME_MAX_BYTES], initrd[NAME_MAX_BYTES];
};

static FILE *open_manifest(const char *appliance)
{
	_cleanup_(cleanup_free) char *path =
		xasprintf("%s/manifest", appliance);

	return fopen(path, "re");
}

bool machine_is_there(const char *appliance)
{
	FILE *f = appliance ? open_manifest(appliance) : NULL;

	if (f)
		fclose(f);
	return f != NULL;
}

static int read_manifest(const char *appliance, struct parts *parts_r,
			 struct err *e)
{
	FILE *f = open_manifest(appliance);
	int n;

	if (!f)
		return err_errno(e, "%s/manifest", appliance);
	n = fscanf(f, "%*64[0-9a-f] %79[a-z0-9.]\n%*64[0-9a-f] %79[a-z0-9.]",
		   parts_r->kernel, parts_r->initrd);
	fclose(f);
	return n == 2 ? 0 : err_internal(e, "%s/manifest: not a manifest",
					 appliance);
}

/* -- QEMU's arguments ----------------------------------------------------- */

struct arguments {
	const char *argv[80];
	size_t n;
	struct buf layers[INJECT_LAYERS_MAX], kernel, initrd;
};

static void arguments_fini(struct arguments *a)
{
	size_t i;

	for (i = 0; i < INJECT_LAYERS_MAX; i++)
		buf_fini(&a->layers[i]);
	buf_fini(&a->kernel);
	buf_fini(&a->initrd);
}

static void add_all(struct arguments *a, const char *const *words, size_t n)
{
	memcpy(a->argv + a->n, words, n * sizeof(*words));
	a->n += n;
}

/*
 * Linux numbers virtio devices by their place on the bus: the port is vport0p1,
 * the disk vda, the job vdb.
 */
static void add_devices(struct arguments *a)
{
	const char *const words[] = {
		"-device", "virtio-blk-pci,drive=layer0,addr=4",
		"-blockdev", "driver=raw,node-name=job,read-only=on,"
		"file.driver=file,file.filename=/proc/self/fd/0,"
		"file.read-only=on,file.locking=off",
		"-device", "virtio-blk-pci,drive=job,addr=5",
		"-device", "virtio-serial-pci,addr=3",
		"-chardev", "socket,id=reply,fd=3",
		"-device", "virtserialport,chardev=reply",
	};

	add_all(a, words, ARRAY_LEN(words));
}

/*
 * No network, no default device, no system call that a machine without either
 * needs. The job is standard input, the reply CHILD_FD, the console what the
 * program prints.
 */
static void add_machine(struct arguments *a, bool kvm)
{
	const char *const words[] = {
		QEMU, "-nodefaults", "-no-user-config", "-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
		"resourcecontrol=deny",
		"-machine", "pc", "-accel", kvm ? "kvm" : "tcg,tb-size=64",
		"-m", "256", "-smp", "1", "-nic", "none", "-display", "none",
		"-no-reboot", "-append", "console=ttyS0 quiet loglevel=1 "
		"panic=-1 oops=panic",
		"-chardev", "file,id=console,path=/proc/self/fd/1",
		"-serial", "chardev:console",
	};

	add_all(a, words, ARRAY_LEN(words));
}

static void add_files(struct arguments *a, const struct inject_disk *disk,
		      const char *folder, const struct parts *parts)
{
	size_t i;

	for (i = disk->nlayers; i-- > 0; ) {
		const char *const words[] = {
			"-blockdev", layers_option(disk, i, &a->layers[i]) };

		add_all(a, words, ARRAY_LEN(words));
	}
	buf_printf(&a->kernel, "%s/%s", folder, parts->kernel);
	buf_printf(&a->initrd, "%s/%s", folder, parts->initrd);
	const char *const words[] = { "-kernel", buf_str(&a->kernel),
				      "-initrd", buf_str(&a->initrd), NULL };

	add_all(a, words, ARRAY_LEN(words));
}

/* -- running it ----------------------------------------------------------- */

static int run(const char *const *argv, int job, usec_t deadline,
	       struct buf *b, struct err *e)
{
	struct child c;
	int reply[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, reply) < 0)
		return err_errno(e, "inject: socket");
	rc = child_start(&c, argv, job, reply[1], e);
	close(reply[1]);
	if (rc == 0) {
		job_read_reply(reply[0], deadline, REPLY_MAX, b);
		if (b->len >= REPLY_MAX)
			kill(c.pid, SIGKILL);
		rc = child_wait(&c, deadline, e);
	}
	close(reply[0]);
	if (rc < 0 && usec_monotonic() >= deadline) {
		err_set(e, ERR_UNAVAILABLE, "The injection took too long.");
		return err_detail(e, "appliance: deadline: %s", c.words);
	}
	if (rc == 0 && b->len == 0)
		return err_internal(e, "appliance: no reply: %s", c.words);
	return rc;
}

static int run_job(const struct inject_disk *disk, int job,
		   const struct inject_options *o, usec_t deadline,
		   struct buf *reply_r, struct err *e)
{
	_cleanup_(arguments_fini) struct arguments a = { .n = 0 };
	struct parts parts;

	if (layers_check(disk, e) < 0 ||
	    read_manifest(o->appliance, &parts, e) < 0)
		return -1;
	add_machine(&a, o->kvm);
	add_devices(&a);
	add_files(&a, disk, o->appliance, &parts);
	return run(a.argv, job, deadline, reply_r, e);
}

int machine_apply(const struct inject_disk *disk,
		  const struct inject_request *rq,
		  const struct inject_options *options, usec_t deadline,
		  struct inject_report *report_r, struct err *e)
{
	/* It is told neither names of the host's nor more than it needs. */
	const struct inject_disk none = { .nlayers = 0 };
	const struct inject_options told = { .root = options->root };
	_cleanup_(cleanup_close) int job =
		job_make(&none, rq, &told, options->temp_dir, e);
	_cleanup_(buf_fini) struct buf b = { 0 };

	if (job < 0 ||
	    run_job(disk, job, options, deadline, &b, e) < 0)
		return -1;
	return reply_read(buf_str(&b), b.len, rq, report_r, e);
}
