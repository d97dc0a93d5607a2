# SPDX-License-Identifier: Apache-2.0
#
# The root file system of the demo guest, for the scripts that build images;
# sourced behind packages.sh, with busybox unpacked.

root_mib=24
root_uuid=de3000c7-0000-4000-8000-000000000001

# demo_root DIR - its files.
demo_root() {
	cp -R "$here/demo/root" "$1"
	(cd "$1" && mkdir -p bin sbin dev proc sys run tmp var/lib mnt \
		root/.ssh usr/bin usr/sbin)
	chmod 1777 "$1/tmp"
	chmod 700 "$1/root" "$1/root/.ssh"
	cp "$deb/bin/busybox" "$1/bin/busybox"
	"$deb/bin/busybox" --list-full | while read -r applet; do
		[ "$applet" = bin/busybox ] || [ ! -d "$1/${applet%/*}" ] ||
			ln -s /bin/busybox "$1/$applet"
	done
	rm -f "$1/usr/bin/wget"	# crashes in Debian 12's build
	cc -std=gnu11 -Os -s -static -Wall -Wextra -Werror \
		-o "$1/bin/fetch" "$here/demo/fetch.c"
	chmod 755 "$1/etc/rc.boot" "$1/etc/udhcpc" "$1/etc/console" \
		"$1/etc/boot-report" "$1/etc/acpi/PWRF/00000080"
}

# demo_root_image DIR FILE - as an ext4 file system. debugfs gives every file
# to root, which the builder need not be, and the change time that nothing
# else can set.
demo_root_image() {
	settle "$1"
	truncate -s "${root_mib}M" "$2"
	mke2fs -q -F -t ext4 -d "$1" -L demo-root -U "$root_uuid" \
		-E "hash_seed=$root_uuid,root_owner=0:0,lazy_itable_init=0" \
		-O '^metadata_csum' -m 0 "$2"
	(cd "$1" && find . | sort) | while read -r file; do
		for field in "uid 0" "gid 0" "ctime @$SOURCE_DATE_EPOCH"; do
			echo "set_inode_field \"/${file#./}\" $field"
		done
	done >"$work/owners"
	debugfs -w -f "$work/owners" "$2" >/dev/null 2>&1
}
