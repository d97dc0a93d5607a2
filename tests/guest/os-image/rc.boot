#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a machine on the example's OS image does at every boot: tell on the
# console what it finds, leave marks, say that it is ready. Lines that begin
# with "OS " are for tests to read.

say() { echo "OS $*"; }

# try WHAT COMMAND... - and say how it went.
try() {
	what=$1; shift
	if "$@" 2>/dev/null; then say "$what=done"; else say "$what=refused"; fi
}

version=$(cat /etc/os-version)
say "version=$version told=$(cat /run/os-image/config/os-image/version)"
say "etc=$(cat /etc/mark 2>/dev/null)" "var=$(cat /var/mark 2>/dev/null)"
say "data=$(paste -s -d , /data/mark 2>/dev/null)"
try write-etc sh -c "echo $version >/etc/mark"
try write-var sh -c "echo $version >/var/mark"
try write-data sh -c "echo $version >>/data/mark"
try write-tmp touch /tmp/mark
say "tmp-mode=$(stat -c %a /tmp)"
try write-usr touch /usr/mark
try write-software touch /sw/mark
try write-drive dd if=/dev/zero of=/dev/vda bs=512 count=1 conv=fsync
try mount mount -t tmpfs none /mnt
if [ -d /run/os-image/system ]; then	# a container
	try sysrq sh -c 'echo h >/proc/sysrq-trigger'
	say "cgroups=$(ls /sys/fs/cgroup | wc -l)" \
		"irqs=$(ls /proc/irq | wc -l)"
fi
say "software=$(cat /sw/name 2>/dev/null)"
say "zone=$(date +%Z)" "greeting=$GREETING"
say "etc-mb=$(df -m /etc | awk 'END { print $2 }')"
sync

acpid -l /dev/null -p /run/acpid.pid
ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
	ip link set eth0 up
	udhcpc -i eth0 -n -q -f -t 4 -T 1 -A 1 -s /etc/udhcpc >/dev/null 2>&1
fi
# What the memory of 20 machines is measured with.
[ -z "$READ" ] || find /usr -xdev -type f -exec cat {} + >/dev/null
if [ "$BROKEN" = "$version" ]; then
	say broken
else
	/sbin/os-image-ready && say ready
fi
