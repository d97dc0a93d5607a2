#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# kvm_probe_test.sh - the KVM probe on a host whose KVM works.  Such a host can
# always be had: QEMU emulates AMD's virtualization, so inside a guest without
# KVM the kernel's kvm-amd runs guests of its own.  The same guest without that
# feature must get the other verdict.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=${GUEST_CACHE:-$top/build/guest}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
passed=0 failed=0

# The packages are those of the demo guest.
ls "$cache"/linux-image-*.deb "$cache"/busybox-static_*.deb >/dev/null 2>&1 ||
	"$here/build-demo.sh" "$work/demo.qcow2"
for deb in "$cache"/linux-image-*.deb "$cache"/busybox-static_*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work" --wildcards \
		--no-same-owner './boot/vmlinuz-*' './bin/busybox' \
		'./lib/modules/*/kernel/arch/x86/kvm/*' \
		'./lib/modules/*/kernel/virt/lib/*' 2>/dev/null || true
done

root=$work/initramfs
mkdir -p "$root/bin" "$root/dev"
cp "$work/bin/busybox" "$root/bin/"
find "$work/lib" -name '*.ko' -exec cp {} "$root/" \;
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in irqbypass kvm kvm-amd; do
	/bin/busybox insmod /$module.ko 2>/dev/null
done
/probe
/bin/busybox poweroff -f
INIT
chmod 755 "$root/init"
cc -D_GNU_SOURCE -std=gnu11 -O2 -static -I"$top" -o "$root/probe" \
	"$here/kvm_probe_main.c" "$top/nova-lite/virt/kvm_probe.c" \
	"$top/common/base/mem.c" "$top/common/base/timefmt.c"
(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$work/initrd"

# expect CPU LINE - what the probe says on this processor.
expect() {
	timeout 60 qemu-system-x86_64 -accel tcg -cpu "$1" -m 192 -nodefaults \
		-display none -nic none -serial stdio -no-reboot \
		-kernel "$work"/boot/vmlinuz-* -initrd "$work/initrd" \
		-append "console=ttyS0 quiet panic=-1" >"$work/console" || true
	if tr -d '\r' <"$work/console" | grep -qx "$2"; then
		passed=$((passed + 1)); echo "ok   $1: $2"
	else
		failed=$((failed + 1)); echo "FAIL $1: $2"
		tail -n 20 "$work/console"
	fi
}

expect max,+svm "PROBE usable: guest code ran"
expect max,-svm "PROBE unusable: failed in creating a virtual machine"

echo "kvm_probe: $passed passed, $failed failed"
[ "$failed" = 0 ]
