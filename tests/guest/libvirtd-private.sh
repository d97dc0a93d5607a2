#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# libvirtd-private.sh start DIR - run virtlogd and libvirtd of our own, with all
#	they keep below DIR, and print the URI to reach them.
# libvirtd-private.sh stop DIR - end its machines, networks and daemons.
#
# As root it is a system libvirtd (bridges and networks) whose folders below
# /etc, /run and /var are DIR's in a mount namespace of its own, so the host's
# libvirt neither sees it nor is touched. As another user it is a session
# libvirtd. DIR must let QEMU's user pass (o+x). LIBVIRT_CACHE (default
# DIR/cache) keeps what libvirt learns about QEMU, which takes it seconds. As
# root, containers work, too (lxc+unix://...): LIBVIRT_SHARE is a folder below
# which it sees what is mounted later.

set -eu

die() { echo "libvirtd-private: $*" >&2; exit 1; }

[ $# = 2 ] || die "usage: libvirtd-private.sh start|stop DIR"
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"
dir=$(cd "$2" && pwd)
run=$dir/run
cache=${LIBVIRT_CACHE:-$dir/cache}
if [ "$(id -u)" = 0 ]; then
	socket=$run/libvirt-sock
	uri="qemu+unix:///system?socket=$socket"
else
	socket=$run/libvirt/libvirt-sock
	uri="qemu+unix:///session?socket=$socket"
fi

# What both kinds of daemon are told. guestfwd makes QEMU start a program,
# which the seccomp sandbox would forbid.
configure() {
	cat >"$1/libvirtd.conf" <<-CONF
	auth_unix_rw = "none"
	auth_unix_ro = "none"
	unix_sock_rw_perms = "0700"
	CONF
	cat >"$1/qemu.conf" <<-CONF
	security_driver = "none"
	remember_owner = 0
	seccomp_sandbox = 0
	cgroup_controllers = [ ]
	CONF
	cat >"$1/virtlogd.conf" <<-CONF
	max_size = 2097152
	max_backups = 1
	CONF
	: >"$1/libvirt.conf"
}

# The daemons; virtlogd must answer before libvirtd needs it.
daemons='
	virtlogd -d -p "$run/virtlogd.pid"
	LIBVIRT_LOG_OUTPUTS="3:file:$dir/log/libvirtd.log" \
		exec libvirtd -p "$run/libvirtd.pid"
'

# A /dev/kvm that QEMU's user may not open is hidden: libvirt's probe of QEMU
# would have it and libvirtd's own look not, so that it would not believe what
# it knows and probe again, for seconds, at every turn.
start_system() {
	mkdir -p "$dir/etc/qemu/networks" "$dir/lib/images" "$run" "$cache" \
		"$dir/log/qemu"
	chmod 755 "$dir/lib" "$dir/etc" "$run" "$cache"
	cp -R /etc/libvirt/nwfilter "$dir/etc/" 2>/dev/null || :
	configure "$dir/etc"
	hide=
	if [ -e /dev/kvm ] && ! setpriv --reuid libvirt-qemu --regid kvm \
		--init-groups test -r /dev/kvm -a -w /dev/kvm; then
		hide=$dir/no-kvm
		: >"$hide"
		chmod 0 "$hide"
		# what is mounted there cannot move to QEMU's own /dev
		echo 'namespaces = [ ]' >>"$dir/etc/qemu.conf"
	fi
	if [ -n "${LIBVIRT_SHARE-}" ]; then
		mkdir -p "$LIBVIRT_SHARE"
		mount --bind "$LIBVIRT_SHARE" "$LIBVIRT_SHARE"
		mount --make-private "$LIBVIRT_SHARE"
		mount --make-shared "$LIBVIRT_SHARE"
		echo "$LIBVIRT_SHARE" >"$dir/share"
	fi
	mkdir -p /run/libvirt /var/lib/libvirt /var/cache/libvirt \
		/var/log/libvirt
	dir=$dir run=$run cache=$cache daemons=$daemons hide=$hide \
	setsid unshare -m --propagation slave sh -ec '
		# which the LXC driver would take for the only one
		! mountpoint -q /sys/fs/cgroup/unified ||
			umount /sys/fs/cgroup/unified
		mount --bind "$dir/etc" /etc/libvirt
		mount --bind "$run" /run/libvirt
		mount --bind "$dir/lib" /var/lib/libvirt
		mount --bind "$cache" /var/cache/libvirt
		mount --bind "$dir/log" /var/log/libvirt
		[ -z "$hide" ] || mount --bind "$hide" /dev/kvm
		exec "$dir/subreap" sh -ec "$daemons"
	' </dev/null >"$dir/log/out" 2>&1 &
}

start_session() {
	mkdir -p "$dir/etc/libvirt" "$dir/lib" "$run" "$cache" "$dir/log"
	chmod 700 "$run"
	configure "$dir/etc/libvirt"
	dir=$dir run=$run daemons=$daemons XDG_CONFIG_HOME=$dir/etc \
	XDG_DATA_HOME=$dir/lib XDG_CACHE_HOME=$cache XDG_RUNTIME_DIR=$run \
	setsid "$dir/subreap" sh -ec "$daemons" \
		</dev/null >"$dir/log/out" 2>&1 &
}

# Is this process still ours? Not when it is a zombie or the id is used again.
alive() {
	{ tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null |
		grep -q "^$dir/subreap "
}

start() {
	[ ! -e "$dir/pid" ] || ! alive "$(cat "$dir/pid")" ||
		die "already running in $dir"
	mkdir -p "$dir/log"
	cc -O2 -o "$dir/subreap" "$here/subreap.c"
	rm -f "$socket"
	if [ "$(id -u)" = 0 ]; then start_system; else start_session; fi
	echo $! >"$dir/pid"
	tries=200
	until [ -S "$socket" ]; do
		tries=$((tries - 1))
		if [ $tries = 0 ] || ! kill -0 $! 2>/dev/null; then
			cat "$dir/log/out" "$dir/log/libvirtd.log" >&2 || :
			die "libvirtd did not start"
		fi
		sleep 0.05
	done
	echo "$uri"
}

stop() {
	[ -e "$dir/pid" ] || exit 0
	pid=$(cat "$dir/pid")
	if alive "$pid"; then
		for uuid in $(virsh -q -c "$uri" list --uuid 2>/dev/null); do
			virsh -q -c "$uri" destroy "$uuid" >/dev/null || :
		done
		for net in $(virsh -q -c "$uri" net-list --name 2>/dev/null); do
			virsh -q -c "$uri" net-destroy "$net" >/dev/null || :
		done
		kill "$pid"
	fi
	tries=200
	while alive "$pid"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "process $pid does not end"
		sleep 0.05
	done
	if [ -e "$dir/share" ]; then
		share=$(cat "$dir/share")
		sed -n "s|^[^ ]* \($share/[^ ]*\) .*|\1|p" /proc/mounts |
			sort -r | while read -r at; do umount "$at"; done
		umount "$share"
		rm -f "$dir/share"
	fi
	rm -f "$dir/pid"
}

case $1 in
start) start ;;
stop) stop ;;
*) die "start or stop" ;;
esac
