/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the verdict of the KVM probe, for kvm_probe_test.sh. */
#include <stdio.h>

#include "nova-lite/virt/kvm_probe.h"

int main(void)
{
	struct kvm_verdict v;

	kvm_probe(10 * KVM_PROBE_DEADLINE_MS, &v);
	printf("PROBE %s: %s\n", v.usable ? "usable" : "unusable", v.why);
	return 0;
}
