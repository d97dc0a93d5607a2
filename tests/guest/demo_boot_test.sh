#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# demo_boot_test.sh [IMAGE] - boot the demo guest under QEMU without KVM and
# read its console: by network and metadata service, again after a reboot, by
# config drive alone, and down by the power button.  GUESTFWD names the program
# that joins the guest's connections to the metadata socket.  The guest's
# network is restricted to that one address: no packet leaves the machine.

set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
guestfwd=${GUESTFWD:-$top/build/release/bin/nova-lite-guestfwd}
work=$(mktemp -d)
pids=
passed=0 failed=0

finish() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
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
		tail -n 20 "$work/console"
	fi
}

# within SECONDS COMMAND... - until the command succeeds.
within() {
	tries=$(($1 * 10)); shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

console() { tr -d '\r' <"$work/console"; }
console_has() { console | grep -qx "$1"; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# boot OPTION... - start the guest; its process id is in $guest.
boot() {
	rm -f "$work/monitor"
	: >"$work/console"
	qemu-system-x86_64 -accel tcg -m 128 -smp 1 -nodefaults -display none \
		-serial "file:$work/console" \
		-qmp "unix:$work/monitor,server=on,wait=off" \
		-drive "file=$work/disk.qcow2,if=virtio" "$@" &
	guest=$!
	pids="$pids $guest"
}

# The button; should the guest not heed it, the test goes on without the guest.
press_power_button() {
	tell system_powerdown
	check "power button ends it" within 20 ended "$guest"
	kill "$guest" 2>/dev/null
	wait "$guest"
}

# tell COMMAND - a word to QEMU, by its machine protocol.
tell() {
	python3 - "$work/monitor" "$1" <<'PY'
import json, socket, sys
with socket.socket(socket.AF_UNIX) as monitor:
    monitor.settimeout(10)
    monitor.connect(sys.argv[1])
    answers = monitor.makefile()
    answers.readline()
    for command in "qmp_capabilities", sys.argv[2]:
        monitor.sendall(json.dumps({"execute": command}).encode())
        while "return" not in json.loads(answers.readline()):
            pass
PY
}

image=${1:-$work/demo.qcow2}
[ -e "$image" ] || "$here/build-demo.sh" "$image" || exit 1
qemu-img create -q -f qcow2 -F qcow2 -b "$(realpath "$image")" \
	"$work/disk.qcow2"
python3 "$here/metadata_answerer.py" "$work/metadata" &
pids=$!
within 5 test -S "$work/metadata"

key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemo demo@test"
net=user,restrict=on,net=169.254.0.0/16,host=169.254.169.253
net=$net,dns=169.254.169.252,dhcpstart=169.254.10.10
net=$net,guestfwd="tcp:169.254.169.254:80-cmd:$guestfwd $work/metadata"
boot -nic "$net,model=virtio-net-pci"
check "boots by itself from its disk" within 60 console_has "DEMO ready"
check "address by DHCP" console_has "DEMO address=169.254.10.10/16"
check "facts by the metadata service" console_has "DEMO source=network"
check "hostname" console_has "DEMO hostname=demo-1.novalocal"
check "uuid" console_has "DEMO uuid=3d3e0f6a-52d4-4c4f-9d0c-0f6f0a1b2c3d"
check "instance id" console_has "DEMO instance-id=i-0000002a"
check "key" console_has "DEMO key=$key"
check "user data run" console_has "DEMO user-data=0"
tell system_reset
check "comes up again after a reset" within 60 console_has "DEMO boot=2"
check "... and all the way" within 60 sh -c \
	"[ \"\$(grep -c 'DEMO ready' '$work/console')\" = 2 ]"
press_power_button

mkdir -p "$work/drive/openstack/latest" "$work/drive/ec2/latest"
cat >"$work/drive/openstack/latest/meta_data.json" <<JSON
{"uuid": "3d3e0f6a-52d4-4c4f-9d0c-0f6f0a1b2c3e", "hostname": "demo-2",
 "keys": [{"name": "k", "type": "ssh", "data": "$key"}]}
JSON
cat >"$work/drive/openstack/latest/network_data.json" <<JSON
{"links": [{"id": "tap0", "type": "bridge"}], "networks": [{"id": "n0",
 "type": "ipv4", "link": "tap0", "ip_address": "10.9.8.7",
 "netmask": "255.255.255.0", "routes": [{"network": "0.0.0.0",
 "netmask": "0.0.0.0", "gateway": "10.9.8.1"}]}]}
JSON
echo '{"instance-id": "i-0000002b"}' >"$work/drive/ec2/latest/meta-data.json"
xorriso -as mkisofs -quiet -R -J -V config-2 -o "$work/config.iso" \
	"$work/drive" 2>/dev/null
boot -nic none -netdev hubport,id=dead,hubid=0 \
	-device virtio-net-pci,netdev=dead \
	-drive "file=$work/config.iso,format=raw,if=virtio,readonly=on"
check "boots without any network" within 60 console_has "DEMO ready"
check "address by config drive" console_has "DEMO address=10.9.8.7/24"
check "facts by config drive" console_has "DEMO source=config-drive"
check "hostname by config drive" console_has "DEMO hostname=demo-2"
check "instance id by config drive" console_has "DEMO instance-id=i-0000002b"
check "key by config drive" console_has "DEMO key=$key"
check "what an earlier boot wrote is kept" console_has "DEMO boot=3"
press_power_button

echo "demo_boot: $passed passed, $failed failed"
[ $failed = 0 ]
