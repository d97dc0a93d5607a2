/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/virt/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/timefmt.h"

#define KVM_DEVICE "/dev/kvm"
#define REAP_MS 400

/* What the child is about to do; it tells each one before it starts. */
enum stage {
	STAGE_CREATE,
	STAGE_REAL,
	STAGE_PROTECTED,
	STAGE_LONG,
	STAGE_DONE,
};

static const char *const stage_name[] = {
	[STAGE_CREATE] = "creating a virtual machine",
	[STAGE_REAL] = "real mode",
	[STAGE_PROTECTED] = "protected mode",
	[STAGE_LONG] = "long mode with paging and an interrupt",
};

#ifdef __x86_64__
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* The guest's memory, all within one 2 MiB page. */
enum {
	RAM_SIZE = 0x200000,
	CODE = 0x1000,
	HANDLER = 0x2000,
	GDT = 0x3000,
	IDT = 0x4000,
	STACK = 0x8000,
	COUNTER = 0x9000,
	PML4 = 0x10000,
	PDPT = 0x11000,
	PD = 0x12000,
};

#define PORT 0x3f8
#define VECTOR 0x40
#define LOOPS 1000000		/* 1-3 ms of a processor; hours of emulation */

#define CPUID_MAX 256

#define CR0_PE 0x1u
#define CR0_ET 0x10u
#define CR0_NE 0x20u
#define CR0_PG 0x80000000u
#define CR4_PAE 0x20u
#define EFER_LME_LMA 0x500u
#define PTE_PRESENT_WRITE 0x3u
#define PTE_2M 0x80u

struct machine {
	int kvm, vm, vcpu;
	uint8_t *ram;
	struct kvm_run *run;
	struct kvm_sregs reset;
};

/* mov dx, PORT; mov al, 'R'; out dx, al; jmp $ */
static const uint8_t real_code[] = {
	0xba, 0xf8, 0x03, 0xb0, 'R', 0xee, 0xeb, 0xfe,
};

/* mov ecx, LOOPS; l: inc dword [COUNTER]; loop l; out PORT, 'P'; jmp $ */
static const uint8_t protected_code[] = {
	0xb9, 0x40, 0x42, 0x0f, 0x00,
	0xff, 0x05, 0x00, 0x90, 0x00, 0x00,
	0xe2, 0xf8,
	0xba, 0xf8, 0x03, 0x00, 0x00, 0xb0, 'P', 0xee, 0xeb, 0xfe,
};

/* The same in 64 bits, with int VECTOR before the output. */
static const uint8_t long_code[] = {
	0xb9, 0x40, 0x42, 0x0f, 0x00,
	0xff, 0x04, 0x25, 0x00, 0x90, 0x00, 0x00,
	0xff, 0xc9, 0x75, 0xf5,
	0xcd, VECTOR,
	0xba, 0xf8, 0x03, 0x00, 0x00, 0xb0, 'L', 0xee, 0xeb, 0xfe,
};

/* push rdx, rax; out PORT, 'I'; pop rax, rdx; iretq */
static const uint8_t long_handler[] = {
	0x52, 0x50, 0xba, 0xf8, 0x03, 0x00, 0x00, 0xb0, 'I', 0xee,
	0x58, 0x5a, 0x48, 0xcf,
};

static int machine_cpuid(struct machine *m)
{
	static _Alignas(struct kvm_cpuid2) char
		room[sizeof(struct kvm_cpuid2) +
		     CPUID_MAX * sizeof(struct kvm_cpuid_entry2)];
	struct kvm_cpuid2 *cpuid = (struct kvm_cpuid2 *)room;

	cpuid->nent = CPUID_MAX;
	if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		return -1;
	return ioctl(m->vcpu, KVM_SET_CPUID2, cpuid);
}

static int machine_memory(struct machine *m)
{
	struct kvm_userspace_memory_region region = { .memory_size = RAM_SIZE };

	m->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->ram == MAP_FAILED)
		return -1;
	region.userspace_addr = (uintptr_t)m->ram;
	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Nothing is given back here or below: the process ends with the probe. */
static int machine_open(struct machine *m)
{
	uint64_t identity_map = 0xfffbc000;
	int size;

	m->kvm = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (m->kvm < 0 ||
	    ioctl(m->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return -1;
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0 ||
	    ioctl(m->vm, KVM_SET_TSS_ADDR, 0xfffbd000) < 0 ||
	    ioctl(m->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) < 0 ||
	    ioctl(m->vm, KVM_CREATE_IRQCHIP, 0) < 0 ||
	    machine_memory(m) < 0)
		return -1;
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (m->vcpu < 0 || size < 0)
		return -1;
	m->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      m->vcpu, 0);
	if (m->run == MAP_FAILED || machine_cpuid(m) < 0)
		return -1;
	return ioctl(m->vcpu, KVM_GET_SREGS, &m->reset);
}

/* Starts code in the mode that s describes. */
static int machine_start(struct machine *m, const struct kvm_sregs *s,
			 const uint8_t *code, size_t size)
{
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };

	memcpy(m->ram + CODE, code, size);
	memset(m->ram + COUNTER, 0, sizeof(uint32_t));
	if (ioctl(m->vcpu, KVM_SET_SREGS, s) < 0)
		return -1;
	return ioctl(m->vcpu, KVM_SET_REGS, &regs);
}

/* Runs until the guest has said all of text on its port, and only that. */
static int machine_says(struct machine *m, const char *text)
{
	struct kvm_run *run = m->run;

	while (*text) {
		if (ioctl(m->vcpu, KVM_RUN, 0) < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return -1;
		}
		if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT ||
		    ((char *)run)[run->io.data_offset] != *text++)
			return -1;
	}
	return 0;
}

static int machine_counted(const struct machine *m)
{
	uint32_t n;

	memcpy(&n, m->ram + COUNTER, sizeof(n));
	return n == LOOPS ? 0 : -1;
}

static int try_real(struct machine *m)
{
	struct kvm_sregs s = m->reset;

	s.cs.base = 0;
	s.cs.selector = 0;
	if (machine_start(m, &s, real_code, sizeof(real_code)) < 0)
		return -1;
	return machine_says(m, "R");
}

static void set_segments(struct kvm_sregs *s, int bits64)
{
	struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 8, .present = 1, .type = 11,
		.s = 1, .g = 1, .db = !bits64, .l = bits64,
	};
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .present = 1, .type = 3,
		.s = 1, .g = 1, .db = 1,
	};

	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
}

static int try_protected(struct machine *m)
{
	struct kvm_sregs s = m->reset;

	s.cr0 |= CR0_PE;
	set_segments(&s, 0);
	if (machine_start(m, &s, protected_code, sizeof(protected_code)) < 0 ||
	    machine_says(m, "P") < 0)
		return -1;
	return machine_counted(m);
}

static void put64(struct machine *m, unsigned int at, uint64_t value)
{
	memcpy(m->ram + at, &value, sizeof(value));
}

static int try_long(struct machine *m)
{
	struct kvm_sregs s = m->reset;

	put64(m, PML4, PDPT | PTE_PRESENT_WRITE);
	put64(m, PDPT, PD | PTE_PRESENT_WRITE);
	put64(m, PD, PTE_2M | PTE_PRESENT_WRITE);
	put64(m, GDT + 8, 0x00af9a000000ffff);		/* 64-bit code */
	put64(m, GDT + 16, 0x00cf92000000ffff);		/* data */
	put64(m, IDT + VECTOR * 16, 0x8e0000000000 | 8 << 16 | HANDLER);
	memcpy(m->ram + HANDLER, long_handler, sizeof(long_handler));

	s.cr0 = CR0_PG | CR0_NE | CR0_ET | CR0_PE;
	s.cr3 = PML4;
	s.cr4 = CR4_PAE;
	s.efer = EFER_LME_LMA;
	s.gdt.base = GDT;
	s.gdt.limit = 3 * 8 - 1;
	s.idt.base = IDT;
	s.idt.limit = 256 * 16 - 1;
	set_segments(&s, 1);
	if (machine_start(m, &s, long_code, sizeof(long_code)) < 0 ||
	    machine_says(m, "IL") < 0)
		return -1;
	return machine_counted(m);
}

static int (*const stage_try[])(struct machine *m) = {
	[STAGE_CREATE] = machine_open,
	[STAGE_REAL] = try_real,
	[STAGE_PROTECTED] = try_protected,
	[STAGE_LONG] = try_long,
};

/*
 * The child. It keeps nothing of the parent's open: should the kernel never
 * let go of it, no listening socket or lock goes with it.
 */
static void child(int out)
{
	struct machine m = { 0 };
	uint8_t stage;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(out, STDIN_FILENO) < 0 || close_range(1, ~0u, 0) < 0)
		_exit(1);
	for (stage = STAGE_CREATE; ; stage++) {
		if (write(STDIN_FILENO, &stage, 1) != 1)
			_exit(1);
		if (stage == STAGE_DONE || stage_try[stage](&m) < 0)
			_exit(0);
	}
}
#else
static void child(int out)
{
	uint8_t stage = STAGE_CREATE;

	_exit(write(out, &stage, 1) != 1);
}
#endif

/* The last stage the child told of before its end or the deadline. */
static int listen_to(int in, usec_t deadline, int *hung_r)
{
	struct pollfd p = { .fd = in, .events = POLLIN };
	int stage = STAGE_CREATE;
	uint8_t byte;
	usec_t left;

	while ((left = deadline - usec_monotonic()) > 0) {
		int n = poll(&p, 1, (left + 999) / 1000);

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && read(in, &byte, 1) != 1) {
			*hung_r = 0;
			return stage;
		}
		if (n > 0)
			stage = byte;
	}
	*hung_r = 1;
	return stage;
}

/* Never a blocking wait: a child inside the kernel may not die at all. */
static void reap(pid_t pid)
{
	usec_t deadline = usec_monotonic() + REAP_MS * 1000;

	while (waitpid(pid, NULL, WNOHANG) == 0 && usec_monotonic() < deadline)
		usleep(1000);
}

void kvm_probe(int deadline_ms, struct kvm_verdict *v_r)
{
	usec_t deadline = usec_monotonic() + deadline_ms * 1000LL;
	int fds[2], hung, stage;
	pid_t pid;

	v_r->usable = 0;
	if (pipe2(fds, O_CLOEXEC) < 0) {
		snprintf(v_r->why, sizeof(v_r->why), "pipe: %m");
		return;
	}
	pid = fork();
	if (pid == 0)
		child(fds[1]);
	close(fds[1]);
	if (pid < 0) {
		snprintf(v_r->why, sizeof(v_r->why), "fork: %m");
		close(fds[0]);
		return;
	}
	stage = listen_to(fds[0], deadline, &hung);
	close(fds[0]);
	if (hung)
		kill(pid, SIGKILL);
	reap(pid);

	v_r->usable = stage == STAGE_DONE;
	if (v_r->usable)
		snprintf(v_r->why, sizeof(v_r->why), "guest code ran");
	else
		snprintf(v_r->why, sizeof(v_r->why), "%s in %s",
			 hung ? "hung" : "failed", stage_name[stage]);
}

static int boot_id(char *id_r, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, id_r, size - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	id_r[n] = '\0';
	id_r[strcspn(id_r, "\n")] = '\0';
	return 0;
}

/* The file is one line: boot id, 0 or 1, reason. */
static int cache_read(const char *path, const char *boot,
		      struct kvm_verdict *v_r)
{
	FILE *f = fopen(path, "re");
	struct kvm_verdict v;
	char of[64];
	int n = 0;

	if (f) {
		n = fscanf(f, "%63s %d %95[^\n]", of, &v.usable, v.why);
		fclose(f);
	}
	if (n != 3 || strcmp(of, boot) != 0)
		return -1;
	*v_r = v;
	return 0;
}

/* A verdict that cannot be kept costs the next start a second, no more. */
static void cache_write(const char *path, const char *boot,
			const struct kvm_verdict *v)
{
	_cleanup_(cleanup_free) char *temp = xasprintf("%s.%d", path,
						       (int)getpid());
	FILE *f = fopen(temp, "we");

	if (!f)
		return;
	fprintf(f, "%s %d %s\n", boot, v->usable, v->why);
	if (fclose(f) != 0 || rename(temp, path) < 0)
		unlink(temp);
}

void kvm_usable(const char *state_dir, struct kvm_verdict *v_r)
{
	_cleanup_(cleanup_free) char *path = xasprintf("%s/kvm-probe",
						       state_dir);
	char boot[64];

	if (access(KVM_DEVICE, R_OK | W_OK) < 0) {
		v_r->usable = 0;
		snprintf(v_r->why, sizeof(v_r->why), "%s: %m", KVM_DEVICE);
		return;
	}
	if (boot_id(boot, sizeof(boot)) < 0) {
		kvm_probe(KVM_PROBE_DEADLINE_MS, v_r);
		return;
	}
	if (cache_read(path, boot, v_r) == 0)
		return;
	kvm_probe(KVM_PROBE_DEADLINE_MS, v_r);
	cache_write(path, boot, v_r);
}
