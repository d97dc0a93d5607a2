#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# inject_boot_test.sh [IMAGE] - inject files into a layer over the demo guest's
# disk, which is a partition behind an ISO's boot records, boot it under QEMU
# without KVM and read on its console what it sees of them.  A second layer
# over the first takes one file away and gives another.

set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
B=${B:-$top/build/release}
work=$(mktemp -d)
guest=
passed=0 failed=0

finish() {
	[ -z "$guest" ] || kill "$guest" 2>/dev/null
	wait
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

check() {
	what=$1; shift
	if "$@"; then
		passed=$((passed + 1)); echo "ok   $what"
	else
		failed=$((failed + 1)); echo "FAIL $what"
		tail -n 20 "$work/console" 2>/dev/null
	fi
}

console_has() { tr -d '\r' <"$work/console" | grep -qx "$1"; }
console_lacks() { ! console_has "$1"; }
sum() { sha256sum <"$1" | cut -c 1-64; }

# boot DISK - until the guest turns itself off.
boot() {
	: >"$work/console"
	timeout 90 qemu-system-x86_64 -accel tcg -m 128 -smp 1 -nodefaults \
		-display none -serial "file:$work/console" -nic none \
		-no-reboot -drive "file=$1,if=virtio,format=qcow2" &
	guest=$!
	wait "$guest"
	guest=
}

layer() { qemu-img create -q -f qcow2 -F qcow2 -b "$1" "$2"; }

image=${1:-$work/demo.qcow2}
[ -e "$image" ] || "$here/build-demo.sh" "$image" || exit 1
image=$(realpath "$image")
${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I"$top" -o "$work/inject" \
	"$top/tests/unit/inject_tool.c" "$B/libinject.a" "$B/libcommon.a" \
	-lnbd -lext2fs -lcom_err -ljansson -lm -pthread || exit 1

cat >"$work/rc" <<'RC'
#!/bin/sh
# In place of the demo's own: tells what was injected, then ends.
find /opt /root/.ssh -type f | while read -r file; do
	echo "FILE $file $(sha256sum <"$file" | cut -c 1-64)" \
		"$(stat -c '%a %u %g' "$file")"
done >/dev/ttyS0
echo "FILES told" >/dev/ttyS0
poweroff -f
RC
chmod 755 "$work/rc"
head -c 3000000 /dev/urandom >"$work/f1"
echo "ssh-ed25519 AAAA" >"$work/f2"
echo "another" >"$work/f3"
chmod 640 "$work/f1"
chmod 600 "$work/f2"
chmod 644 "$work/f3"
before=$(sum "$image")

layer "$image" "$work/one"
check "injects through two kinds of layers" "$work/inject" "$work/one" qcow2 \
	-b "$image" qcow2 /etc/rc.boot="$work/rc" \
	/opt/app/data="$work/f1" /root/.ssh/authorized_keys="$work/f2"
layer "$work/one" "$work/two"
check "takes one away, gives another" "$work/inject" "$work/two" qcow2 \
	-b "$work/one" qcow2 -b "$image" qcow2 \
	-/opt/app/data /opt/app/other="$work/f3"

boot "$work/one"
check "boots with what was injected" console_has "FILES told"
check "3 MB file" console_has "FILE /opt/app/data $(sum "$work/f1") 640 0 0"
check "key" console_has \
	"FILE /root/.ssh/authorized_keys $(sum "$work/f2") 600 0 0"
boot "$work/two"
check "boots from the layer above" console_has "FILES told"
check "new file" console_has \
	"FILE /opt/app/other $(sum "$work/f3") 644 0 0"
check "file of the layer below" console_has \
	"FILE /root/.ssh/authorized_keys $(sum "$work/f2") 600 0 0"
check "removed file is gone" console_lacks "FILE /opt/app/data .*"
check "image is what it was" [ "$(sum "$image")" = "$before" ]

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
