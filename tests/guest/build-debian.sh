#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-debian.sh OUT.qcow2 - build a Debian guest: systemd, OpenSSH's server
# and cloud-init, as Debian has them.
#
# The disk boots as the demo guest's does. Packages are installed into a folder
# as root, which is asked for by sudo.
#
# GUEST_CACHE (default build/guest) keeps the packages between builds.

set -eu
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000

name=build-debian
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
suite=bookworm
root_mib=768

work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cache=${GUEST_CACHE:-$top/build/guest}
. "$top/nova-lite/inject/packages.sh"
. "$here/demo-disk.sh"

[ $# = 1 ] || die "usage: build-debian.sh OUT.qcow2"
need mmdebstrap fakeroot mke2fs qemu-img
packages="systemd-sysv udev dbus iproute2 openssh-server openssl cloud-init
	eatmydata"

# as_here - how apt gets at its mirrors on this machine.
as_here() {
	apt-config dump | grep -E '^Acquire::(http|https)::(Proxy|CA)' || true
	echo 'Acquire::Languages "none";'
}
as_here >"$work/apt.conf"
# The mirrors of this machine.
sources=$(grep -l '^deb \|^URIs:' /etc/apt/sources.list \
	/etc/apt/sources.list.d/debian.sources 2>/dev/null || true)

# A machine without what only people and their keyboards need, and without the
# timers of a machine that stays.
cat >"$work/settle.sh" <<'END'
set -eu
root=$1
chroot "$root" systemctl -q enable systemd-networkd
chroot "$root" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer \
	dpkg-db-backup.timer fstrim.timer e2scrub_all.timer
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
: >"$root/etc/machine-id"
echo 'LABEL=debian-root / ext4 defaults 0 0' >"$root/etc/fstab"
cat >"$root/etc/cloud/cloud.cfg.d/90-guest.cfg" <<'CFG'
datasource_list: [ConfigDrive, OpenStack, None]
locale: false
apt: {preserve_sources_list: true}
CFG
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* \
	"$root"/usr/share/locale/* "$root"/var/lib/apt/lists/*
END

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
# shellcheck disable=SC2086
$sudo mmdebstrap --quiet --mode=root --variant=minbase \
	--aptopt="$work/apt.conf" --include="$(echo $packages | tr ' ' ,)" \
	--customize-hook="sh $work/settle.sh \"\$1\"" \
	--format=tar "$suite" "$work/root.tar" $sources \
	>"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2
		die "mmdebstrap failed"; }
mkdir "$work/root"
truncate -s "${root_mib}M" "$work/root.ext4"
fakeroot sh -ec 'tar -xf "$1/root.tar" -C "$1/root"
	mke2fs -q -F -t ext4 -L debian-root -m 0 -d "$1/root" "$1/root.ext4"' \
	sh "$work"
demo_disk debian-root "$work/root.ext4" "$1"
