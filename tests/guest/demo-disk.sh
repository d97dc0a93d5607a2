# SPDX-License-Identifier: Apache-2.0
#
# A disk that boots, for the scripts that build images; sourced behind
# packages.sh.

disk_modules="virtio_pci virtio_blk virtio_net virtio_scsi sd_mod sr_mod
	isofs evdev button"

# boot_kernel DIR INIT MODULE... - DIR/vmlinuz, and DIR/initrd: busybox, these
# modules with those they need, listed in /modules, and the file INIT as /init.
boot_kernel() {
	to=$1 init=$2; shift 2
	need apt-get dpkg-deb cpio
	kernel=$(kernel_package)
	[ -n "$kernel" ] || die "no linux-image-cloud-amd64 known to apt"
	release=${kernel#linux-image-}
	unpack "$kernel" "./boot/vmlinuz-*" "./lib/modules/*"
	unpack busybox-static ./bin/busybox

	ird=$work/initramfs
	mkdir -p "$to" "$ird/bin" "$ird/dev" "$ird/proc" "$ird/sys" \
		"$ird/root"
	cp "$deb/bin/busybox" "$ird/bin/"
	cp "$init" "$ird/init"
	chmod 755 "$ird/init" "$ird/bin/busybox"
	: >"$ird/modules"
	for module; do
		take_module "$module" "$ird" "$ird/modules"
	done
	archive "$ird" | gzip -n -1 >"$to/initrd"
	cp "$deb/boot/vmlinuz-$release" "$to/vmlinuz"
}

# disk_boot DIR LABEL - what the disk boots: kernel, initramfs, isolinux.
disk_boot() {
	sed "s/@LABEL@/$2/" "$here/demo/init" >"$work/init"
	# shellcheck disable=SC2086
	boot_kernel "$1" "$work/init" $disk_modules
	unpack isolinux ./usr/lib/ISOLINUX/isolinux.bin \
		./usr/lib/ISOLINUX/isohdpfx.bin
	unpack syslinux-common ./usr/lib/syslinux/modules/bios/ldlinux.c32
	mkdir -p "$1/isolinux"
	cp "$deb/usr/lib/ISOLINUX/isolinux.bin" \
		"$deb/usr/lib/syslinux/modules/bios/ldlinux.c32" \
		"$here/demo/isolinux.cfg" "$1/isolinux/"
	settle "$1"
}

# demo_disk LABEL ROOT OUT.qcow2 - an isohybrid ISO 9660 (isolinux, kernel,
# initramfs) that SeaBIOS boots as an ordinary hard disk, and behind it, as
# partition 2, the root file system of that label.
demo_disk() {
	need xorriso qemu-img
	disk_boot "$work/iso" "$1"
	xorriso -as mkisofs -quiet -V DEMO-BOOT -uid 0 -gid 0 \
		-o "$work/disk.raw" \
		-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
		-boot-load-size 4 -boot-info-table \
		-isohybrid-mbr "$deb/usr/lib/ISOLINUX/isohdpfx.bin" \
		-append_partition 2 0x83 "$2" \
		"$work/iso" 2>"$work/xorriso.log" || {
			cat "$work/xorriso.log" >&2
			die "xorriso failed"
		}
	qemu-img convert -O qcow2 "$work/disk.raw" "$work/disk.qcow2"
	mkdir -p "$(dirname "$3")"
	mv "$work/disk.qcow2" "$3.new"
	mv "$3.new" "$3"
}
