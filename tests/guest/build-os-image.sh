#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-os-image.sh OUT_DIR - versions of a small system for machines to share,
# as an administrator would make them, from Debian's packages:
#
#	v1.tar v2.tar		bundles: the tree, with its start-up script
#	v3.tar			one whose start-up script fails
#	tools.tar		software for /sw
#	vmlinuz initrd		what they boot with
#
# v1.tar is written last. Nothing is installed, mounted or run as root.
# GUEST_CACHE (default build/guest) keeps the packages between builds.

set -eu
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000

name=build-os-image
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
script=$top/dist/os-image

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cache=${GUEST_CACHE:-$top/build/guest}
. "$top/nova-lite/inject/packages.sh"
. "$here/demo-root.sh"
. "$here/demo-disk.sh"

[ $# = 1 ] || die "usage: build-os-image.sh OUT_DIR"
need cc tar
mkdir -p "$1"
out=$(cd "$1" && pwd)

# tree DIR - the system: busybox, and programs and data of other packages.
tree() {
	unpack busybox-static ./bin/busybox
	demo_root "$1"
	for package in libc6 libtinfo6 bash tzdata perl-base libcrypt1; do
		unpack "$package" "./*"
	done
	mkdir -p "$1/usr/lib" "$1/usr/share" "$1/lib" "$1/lib64" "$1/data" \
		"$1/sw"
	cp -a "$deb/usr/share/zoneinfo" "$1/usr/share/"
	cp -a "$deb/lib/x86_64-linux-gnu" "$1/lib/"
	cp -a "$deb"/lib64/* "$1/lib64/"
	cp -a "$deb/usr/lib/x86_64-linux-gnu" "$1/usr/lib/"
	cp -a "$deb/usr/bin/perl" "$1/usr/bin/"
	cp -a "$deb/bin/bash" "$1/bin/"
	cp "$here/os-image/rc.boot" "$1/etc/rc.boot"
	cp "$script/os-image-start" "$script/os-image-ready" "$1/sbin/"
	rm -rf "$1/etc/console" "$1/etc/boot-report"
	printf '%s\n' ::sysinit:/etc/rc.boot '::ctrlaltdel:/sbin/reboot' \
		'::shutdown:/bin/umount -a -r' >"$1/etc/inittab"
}

# bundle DIR OUT.tar - everything is root's.
bundle() {
	tar -C "$1" --sort=name --owner=0 --group=0 --numeric-owner \
		--mtime="@$SOURCE_DATE_EPOCH" --format=posix \
		--pax-option=delete=atime,delete=ctime -cf "$2.new" .
	mv "$2.new" "$2"
}

# version NAME - the bundle of the tree as it is now.
version() {
	echo "$1" >"$work/tree/etc/os-version"
	bundle "$work/tree" "$out/$1.tar"
}

# shellcheck disable=SC2086
boot_kernel "$work/boot" "$here/os-image/init" $disk_modules squashfs \
	overlay
mv "$work/boot/vmlinuz" "$work/boot/initrd" "$out/"
mkdir "$work/tools"
echo tools-1 >"$work/tools/name"
bundle "$work/tools" "$out/tools.tar"
rm -rf "$deb/lib" "$deb/boot"
tree "$work/tree"
version v2
version v1
printf '#!/bin/sh\necho "OS v3 fails" >/dev/console\nexit 1\n' \
	>"$work/tree/sbin/os-image-start"
mv "$out/v1.tar" "$work/v1.tar"
version v3
mv "$work/v1.tar" "$out/v1.tar"
