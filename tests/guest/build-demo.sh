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

die() { echo "build-demo: $*" >&2; exit 1; }

[ $# = 1 ] || die "usage: build-demo.sh OUT.qcow2"
here=$(cd "$(dirname "$0")" && pwd)
out=$1
cache=${GUEST_CACHE:-$here/../../build/guest}
modules="virtio_pci virtio_blk virtio_net virtio_scsi sd_mod sr_mod
	isofs evdev button"
root_mib=24
root_uuid=de3000c7-0000-4000-8000-000000000001

for tool in apt-get dpkg-deb cc cpio mke2fs debugfs xorriso qemu-img
do
	PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null ||
		die "$tool is missing"
done
PATH=$PATH:/usr/sbin:/sbin

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# unpack PACKAGE PATH... - download the package once, extract only these paths.
unpack() {
	name=$1; shift
	deb=$(ls "$cache/${name}"_*.deb 2>/dev/null | tail -n 1)
	if [ -z "$deb" ]; then
		(cd "$work" && apt-get -qq -o APT::Sandbox::User="$(id -un)" \
			download "$name") ||
			die "cannot download $name (apt-get update?)"
		mv "$work/${name}"_*.deb "$cache/"
		deb=$(ls "$cache/${name}"_*.deb)
	fi
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -C "$work/deb" --wildcards --no-same-owner "$@"
}

kernel_package() {
	ls "$cache"/linux-image-*-cloud-amd64_*.deb 2>/dev/null | tail -n 1 |
		sed 's|.*/||; s|_.*||' | grep . ||
		apt-cache depends linux-image-cloud-amd64 |
		sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# take_module NAME - copy a module into the initramfs after those it needs and
# append it to the list in load order.
take_module() {
	[ ! -e "$ird/$1.ko" ] || return 0
	file=$(find "$deb/lib/modules" -name "$1.ko" \
		-o -name "$(echo "$1" | tr _ -).ko" | head -n 1)
	[ -n "$file" ] || die "no module $1 in $kernel"
	cp "$file" "$ird/$1.ko"
	for need in $(tr '\0' '\n' <"$file" |
			sed -n 's/^depends=//p' | tr , ' '); do
		take_module "$need"
	done
	echo "$1.ko" >>"$ird/modules"
}

# Give everything below a folder the same time.
settle() {
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

mkdir "$work/deb"
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
deb=$work/deb

# The initramfs: busybox, the modules a guest under QEMU needs, /init.
ird=$work/initramfs
mkdir -p "$ird/bin" "$ird/dev" "$ird/proc" "$ird/sys" "$ird/root"
cp "$deb/bin/busybox" "$ird/bin/"
cp "$here/demo/init" "$ird/"
chmod 755 "$ird/init" "$ird/bin/busybox"
: >"$ird/modules"
for module in $modules; do
	take_module "$module"
done
settle "$ird"
mkdir -p "$work/iso/isolinux"
(cd "$ird" && find . | sort |
	cpio -o -H newc -R 0:0 --reproducible --quiet) |
	gzip -n -1 >"$work/iso/initrd"

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
