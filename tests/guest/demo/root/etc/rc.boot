#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the demo guest does at every boot: bring up the network, read what the
# cloud says about this machine, tell it on the console.  Lines that begin with
# "DEMO " are for tests to read.

url=http://169.254.169.254
drive=/mnt

say() { echo "DEMO $*"; }

# json KEY - the first string under this key of the JSON text on stdin.
json() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# one_per_line - break a JSON text up so that each key starts a line.
one_per_line() { tr ',{}[]' '\n\n\n\n\n'; }

network_by_dhcp() {
	udhcpc -i eth0 -n -q -f -t 4 -T 1 -A 1 -s /etc/udhcpc >/dev/null 2>&1
}

network_by_drive() {
	net=$drive/openstack/latest/network_data.json
	[ -r $net ] || return 1
	ip=$(one_per_line <$net | json ip_address)
	mask=$(one_per_line <$net | json netmask)
	router=$(one_per_line <$net | json gateway)
	[ -n "$ip" ] || return 1
	interface=eth0 dns= ip=$ip mask=${mask:-24} router=$router \
		/etc/udhcpc bound
}

facts_by_network() {
	meta=$(fetch $url/openstack/latest/meta_data.json) || return 1
	hostname=$(fetch $url/latest/meta-data/hostname)
	instance=$(fetch $url/latest/meta-data/instance-id)
	key=$(fetch $url/latest/meta-data/public-keys/0/openssh-key 2>/dev/null)
	fetch $url/openstack/latest/user_data >/run/user_data 2>/dev/null
	say source=network
}

facts_by_drive() {
	[ -r $drive/openstack/latest/meta_data.json ] || return 1
	meta=$(cat $drive/openstack/latest/meta_data.json)
	ec2=$drive/ec2/latest/meta-data.json
	hostname=$(echo "$meta" | one_per_line | json hostname)
	instance=$(one_per_line <$ec2 2>/dev/null | json instance-id)
	key=$(echo "$meta" | one_per_line | json data)
	cp $drive/openstack/latest/user_data /run/user_data 2>/dev/null
	say source=config-drive
}

run_user_data() {
	read -r first </run/user_data || [ -n "$first" ] || return
	case $first in
	'#!'*)
		chmod 700 /run/user_data
		/run/user_data
		say "user-data=$?"
		;;
	esac
}

mount -o remount,rw /
grep -q ' /run tmpfs' /proc/mounts || mount -t tmpfs -o mode=755 run /run
acpid -l /dev/null -p /run/acpid.pid
boots=$(($(cat /var/boots 2>/dev/null) + 1))
echo $boots >/var/boots
sync
say boot=$boots
! grep -qw boot-report /proc/cmdline || /etc/boot-report

ip link set lo up
ip addr add 127.0.0.1/8 dev lo 2>/dev/null
if device=$(findfs LABEL=config-2 2>/dev/null) &&
	mount -t iso9660 -o ro "$device" $drive; then
	say config-drive="$device"
fi
if [ -e /sys/class/net/eth0 ]; then
	ip link set eth0 up
	network_by_dhcp || network_by_drive
	say address="$(ip -4 -o addr show dev eth0 | awk '{ print $4 }')"
fi

[ ! -x /usr/sbin/activation-agent ] || /usr/sbin/activation-agent
if facts_by_network 2>/dev/null || facts_by_drive; then
	hostname "$hostname"
	say hostname="$hostname"
	say uuid="$(echo "$meta" | one_per_line | json uuid)"
	say instance-id="$instance"
	say key="$key"
	[ -z "$key" ] || echo "$key" >/root/.ssh/authorized_keys
	sync
	run_user_data
else
	say no-metadata
fi
say ready
