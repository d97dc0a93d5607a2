#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-demo.sh OUT.qcow2 - build the demo guest from Debian packages.
#
# The disk: an isohybrid ISO 9660 (isolinux, kernel, initramfs) that SeaBIOS
# boots as an ordinary hard disk, and behind it, as partition 2, an ext4 root
# file system.  Nothing is installed on the host, mounted or run as root, and
# the same packages give the same bytes.
#
# GUEST_CACHE (default build/guest) keeps the packages between builds.

set -eu
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH

name=build-demo
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
modules="virtio_pci virtio_blk virtio_net virtio_scsi sd_mod sr_mod
	isofs evdev button"
root_mib=24
root_uuid=de3000c7-0000-4000-8000-000000000001

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cache=${GUEST_CACHE:-$top/build/guest}
. "$top/nova-lite/inject/packages.sh"

[ $# = 1 ] || die "usage: build-demo.sh OUT.qcow2"
out=$1
need apt-get dpkg-deb cc cpio mke2fs debugfs xorriso qemu-img

kernel=$(kernel_package)
[ -n "$kernel" ] || die "no linux-image-cloud-amd64 known to apt"
release=${kernel#linux-image-}
unpack "$kernel" "./boot/vmlinuz-*" "./lib/modules/*/kernel/drivers/*" \
	"./lib/modules/*/kernel/fs/isofs/*" \
	"./lib/modules/*/kernel/net/core/*" \
	"./lib/modules/*/kernel/lib/*"
unpack busybox-static ./bin/busybox
unpack isolinux ./usr/lib/ISOLINUX/isolinux.bin \
	./usr/lib/ISOLINUX/isohdpfx.bin
unpack syslinux-common ./usr/lib/syslinux/modules/bios/ldlinux.c32

# The initramfs: busybox, the modules a guest under QEMU needs, /init.
ird=$work/initramfs
mkdir -p "$ird/bin" "$ird/dev" "$ird/proc" "$ird/sys" "$ird/root"
cp "$deb/bin/busybox" "$ird/bin/"
cp "$here/demo/init" "$ird/"
chmod 755 "$ird/init" "$ird/bin/busybox"
: >"$ird/modules"
for module in $modules; do
	take_module "$module" "$ird" "$ird/modules"
done
mkdir -p "$work/iso/isolinux"
archive "$ird" | gzip -n -1 >"$work/iso/initrd"

# The boot part.
cp "$deb/boot/vmlinuz-$release" "$work/iso/vmlinuz"
cp "$deb/usr/lib/ISOLINUX/isolinux.bin" \
	"$deb/usr/lib/syslinux/modules/bios/ldlinux.c32" \
	"$here/demo/isolinux.cfg" "$work/iso/isolinux/"
settle "$work/iso"

# The root file system; debugfs gives every file to root, which the builder
# need not be, and the change time that nothing else can set.
root=$work/root
cp -R "$here/demo/root" "$root"
(cd "$root" && mkdir -p bin sbin dev proc sys run tmp var/lib mnt \
	root/.ssh usr/bin usr/sbin)
chmod 1777 "$root/tmp"
chmod 700 "$root/root" "$root/root/.ssh"
cp "$deb/bin/busybox" "$root/bin/busybox"
"$deb/bin/busybox" --list-full | while read -r applet; do
	[ "$applet" = bin/busybox ] || [ ! -d "$root/${applet%/*}" ] ||
		ln -s /bin/busybox "$root/$applet"
done
rm -f "$root/usr/bin/wget"	# crashes in Debian 12's build
cc -std=gnu11 -Os -s -static -Wall -Wextra -Werror \
	-o "$root/bin/fetch" "$here/demo/fetch.c"
chmod 755 "$root/etc/rc.boot" "$root/etc/udhcpc" "$root/etc/console" \
	"$root/etc/acpi/PWRF/00000080"
settle "$root"
truncate -s "${root_mib}M" "$work/root.ext4"
mke2fs -q -F -t ext4 -d "$root" -L demo-root -U "$root_uuid" \
	-E "hash_seed=$root_uuid,root_owner=0:0,lazy_itable_init=0" \
	-O '^metadata_csum' -m 0 "$work/root.ext4"
(cd "$root" && find . | sort) | while read -r file; do
	for field in "uid 0" "gid 0" "ctime @$SOURCE_DATE_EPOCH"; do
		echo "set_inode_field \"/${file#./}\" $field"
	done
done >"$work/owners"
debugfs -w -f "$work/owners" "$work/root.ext4" >/dev/null 2>&1

xorriso -as mkisofs -quiet -V DEMO-BOOT -uid 0 -gid 0 -o "$work/disk.raw" \
	-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
	-boot-load-size 4 -boot-info-table \
	-isohybrid-mbr "$deb/usr/lib/ISOLINUX/isohdpfx.bin" \
	-append_partition 2 0x83 "$work/root.ext4" \
	"$work/iso" 2>"$work/xorriso.log" || {
		cat "$work/xorriso.log" >&2
		die "xorriso failed"
	}
qemu-img convert -O qcow2 "$work/disk.raw" "$work/disk.qcow2"
mkdir -p "$(dirname "$out")"
mv "$work/disk.qcow2" "$out.new"
mv "$out.new" "$out"
