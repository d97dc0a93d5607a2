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

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cache=${GUEST_CACHE:-$top/build/guest}
. "$top/nova-lite/inject/packages.sh"
. "$here/demo-root.sh"

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

# The root file system.
demo_root "$work/root"
demo_root_image "$work/root" "$work/root.ext4"

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
