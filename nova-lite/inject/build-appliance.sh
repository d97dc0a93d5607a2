#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-appliance.sh OUT_DIR (installed: nova-lite-build-appliance) - build the
# machine that puts files into disks which cannot be edited otherwise: Debian's
# cloud kernel, its modules for xfs, btrfs and LVM, nova-lite-appliance-init.
#
# OUT_DIR/manifest names the kernel and the initial file system, by digest,
# and is written last: an appliance is whole or not there, also while it is
# replaced. Nothing is installed, mounted or run as root, and the same packages
# give the same bytes.
#
# PACKAGE_CACHE keeps the packages between builds. APPLIANCE_INIT is the
# program (default: the one built or installed with this script).

set -eu
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000

name=${0##*/}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"; rm -f "${out:-$work}"/.*.$$' EXIT
trap 'exit 1' INT TERM
cache=${PACKAGE_CACHE:-$work/cache}
lib=$here
[ -e "$lib/packages.sh" ] || lib=$here/../share/openstack-lite
. "$lib/packages.sh"

[ $# = 1 ] || die "usage: $name OUT_DIR"
out=$1
init=${APPLIANCE_INIT:-}
for file in "$here/nova-lite-appliance-init" \
	"$here/../../build/release/bin/nova-lite-appliance-init"; do
	[ -n "$init" ] || [ ! -e "$file" ] || init=$file
done
[ -n "$init" ] || die "nova-lite-appliance-init is missing"
need apt-get apt-cache dpkg-deb cpio sha256sum

kernel=$(kernel_package)
[ -n "$kernel" ] || die "no linux-image-cloud-amd64 known to apt"
unpack "$kernel" "./boot/vmlinuz-*" "./lib/modules/*/kernel/drivers/*" \
	"./lib/modules/*/kernel/fs/*" \
	"./lib/modules/*/kernel/crypto/*" "./lib/modules/*/kernel/lib/*"

# Sets of modules, each loaded when it is needed (appliance/kernel.h). Nothing
# is compressed: QEMU reads faster than an emulated processor unpacks.
ird=$work/initrd
mkdir -p "$ird/modules" "$ird/dev"
take() {
	set=$1; shift
	for module; do
		take_module "$module" "$ird/modules" "$ird/modules/$set"
	done
}
take base virtio_pci virtio_blk virtio_console
take lvm dm_mod
take ext4 quota_v2
take xfs xfs
take btrfs btrfs blake2b_generic xxhash_generic
cp "$init" "$ird/init"
chmod 755 "$ird/init"
archive "$ird" >"$work/initrd.cpio"

digest() { sha256sum <"$1" | cut -c 1-64; }
k=$(digest "$deb"/boot/vmlinuz-*)
i=$(digest "$work/initrd.cpio")
# place FILE NAME - whole, also where another build does the same.
place() {
	install -m 644 "$1" "$out/.$2.$$"
	sync "$out/.$2.$$"
	mv "$out/.$2.$$" "$out/$2"
}
kernel=kernel.$(echo "$k" | cut -c 1-12)
initrd=initrd.$(echo "$i" | cut -c 1-12)
mkdir -p "$out"
place "$deb"/boot/vmlinuz-* "$kernel"
place "$work/initrd.cpio" "$initrd"
printf '%s  %s\n' "$k" "$kernel" "$i" "$initrd" >"$work/manifest"
(cd "$out" && sha256sum --quiet -c "$work/manifest")
place "$work/manifest" manifest
for file in "$out"/kernel.* "$out"/initrd.*; do
	case ${file##*/} in
	"$kernel" | "$initrd") ;;
	*) rm -f "$file" ;;
	esac
done
