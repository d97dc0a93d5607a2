#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-boot.sh OUT_DIR - what machines with boot images are made of, from
# Debian's packages:
#
#	kernels			releases, one a line
#	RELEASE/vmlinuz		a kernel
#	RELEASE/modules.tar	its modules, with depmod's indices
#	RELEASE/modules		their names, by commas
#	RELEASE/base		those that find the root file system, by commas
#	ramdisk.cpio.gz		a RAM disk image: a file /ramdisk-marker
#	demo-root.qcow2		the demo guest's root file system alone
#
# kernels is written last. Nothing is installed, mounted or run as root, and
# the same packages give the same bytes. GUEST_CACHE keeps the packages.

set -eu
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH

name=build-boot
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
folders="crypto lib drivers/block drivers/cdrom drivers/virtio drivers/scsi
	drivers/net fs/ext4 fs/jbd2 fs/xfs fs/btrfs fs/isofs fs/fat fs/nls
	fs/squashfs fs/erofs fs/overlayfs net/core drivers/acpi drivers/input"
base=virtio_pci,virtio_blk,virtio_net,virtio_scsi,sd_mod,ext4,isofs,button,evdev

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cache=${GUEST_CACHE:-$top/build/guest}
. "$top/nova-lite/inject/packages.sh"
. "$here/demo-root.sh"

[ $# = 1 ] || die "usage: build-boot.sh OUT_DIR"
out=$1
need apt-get apt-cache dpkg-deb cc cpio depmod mke2fs debugfs qemu-img strip

# kernels PATTERN - packages of such kernels, the oldest first.
kernels() {
	apt-cache search --names-only "^linux-image-[0-9.]+-[0-9]+-$1\$" |
		sed 's/ .*//' | grep -vx "$newest" | sort -V
}

# The kernel that Debian has for clouds, and another; where apt knows but one
# of them, that of other machines.
newest=$(kernel_package)
other=$(kernels cloud-amd64 | tail -n 1)
[ -n "$other" ] || other=$(kernels amd64 | tail -n 1)
[ -n "$newest" ] && [ -n "$other" ] || die "apt knows no two kernels"

# kernel PACKAGE - its part of the outcome, in $work/out.
kernel() {
	release=${1#linux-image-}
	deb=$work/$release
	to=$work/out/$release
	tree=$work/tree-$release
	modules=lib/modules/$release
	mkdir -p "$deb" "$to" "$tree/$modules"
	unpack "$1" "./boot/vmlinuz-*" "./$modules/*"
	cp "$deb/boot/vmlinuz-$release" "$to/vmlinuz"
	cp "$deb/$modules"/modules.builtin* "$deb/$modules/modules.order" \
		"$tree/$modules/"
	for folder in $folders; do
		[ -d "$deb/$modules/kernel/$folder" ] || continue
		mkdir -p "$tree/$modules/kernel/$folder"
		cp -R "$deb/$modules/kernel/$folder/." \
			"$tree/$modules/kernel/$folder/"
	done
	# dummy is the stranger's: without its signature, in the guest's root.
	dummy=$tree/$modules/kernel/drivers/net/dummy.ko
	mkdir -p "$foreign/$release"
	strip --strip-debug -o "$foreign/$release/dummy.ko" "$dummy"
	rm "$dummy"
	depmod -b "$tree" "$release"
	settle "$tree"
	(cd "$tree" && find "$modules" | sort |
		tar -c --no-recursion --owner=0 --group=0 --numeric-owner \
		--format=gnu -f "$to/modules.tar" -T -)
	find "$tree" -name '*.ko' | sed 's|.*/||; s|\.ko$||' | tr - _ |
		sort | paste -s -d , >"$to/modules"
	echo "$base" >"$to/base"
	echo "$release" >>"$work/kernels"
}

foreign=$work/foreign
mkdir -p "$work/out"
echo "$name: kernels"
kernel "$newest"
kernel "$other"

echo "$name: RAM disk and root file system"
mkdir -p "$work/ramdisk"
echo "from the RAM disk image" >"$work/ramdisk/ramdisk-marker"
archive "$work/ramdisk" | gzip -n -9 >"$work/out/ramdisk.cpio.gz"
deb=$work/deb
unpack busybox-static ./bin/busybox
demo_root "$work/root"
mkdir -p "$work/root/opt" "$work/root/lib/modules"
cp -R "$foreign" "$work/root/opt/foreign"
demo_root_image "$work/root" "$work/root.ext4"
qemu-img convert -O qcow2 "$work/root.ext4" "$work/out/demo-root.qcow2"

mkdir -p "$out"
cp -R "$work/out/." "$out/"
mv "$work/kernels" "$out/kernels"
