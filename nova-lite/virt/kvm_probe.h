/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_KVM_PROBE_H
#define LITE_KVM_PROBE_H

/*
 * Does KVM run guests on this host? A /dev/kvm that opens, and libvirt's
 * capabilities, say only that it might: nested and paravirtual KVMs exist
 * that take a virtual machine and then hang, or give up at the first
 * interrupt. So the probe runs a small guest through real, protected and long
 * mode and believes nothing but its output.
 */

#define KVM_PROBE_DEADLINE_MS 1000

struct kvm_verdict {
	int usable;
	char why[96];		/* for the log: where it stopped */
};

/*
 * Runs the guest in a child process that is killed at the deadline. Returns
 * at the latest half a second after that, with the child reaped unless the
 * kernel holds it. To be called before the process has threads.
 */
void kvm_probe(int deadline_ms, struct kvm_verdict *v_r);

/*
 * The verdict of this boot of the host: from `<state_dir>/kvm-probe` when one
 * is there, else by a probe whose verdict is kept there. That no /dev/kvm can
 * be opened is never kept, because permissions change.
 */
void kvm_usable(const char *state_dir, struct kvm_verdict *v_r);

#endif
