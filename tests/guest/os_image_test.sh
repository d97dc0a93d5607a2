#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# os_image_test.sh - machines and containers that share OS images, in clouds of
# their own; build/guest/os-image is there (build-os-image.sh).

here=$(cd "$(dirname "$0")" && pwd)
guests="os_image_guest os_image_crash_guest os_image_fleet_guest"

# no_containers - why there can be none here; nothing: they can.
no_containers() {
	[ "$(id -u)" = 0 ] ||
		{ echo "libvirt's LXC driver needs root"; return; }
	[ -e /usr/lib/libvirt/libvirt_lxc ] ||
		{ echo "there is no libvirt_lxc"; return; }
	[ -e /dev/loop-control ] && {
		grep -qw squashfs /proc/filesystems ||
			modprobe squashfs 2>/dev/null
	} || echo "the kernel mounts no squashfs from a file"
}

why=$(no_containers)
if [ -n "$why" ]; then
	echo "os_image_container_guest: skipped: $why"
else
	guests="$guests os_image_container_guest"
fi
# shellcheck disable=SC2086
exec python3 "$here/../api/run.py" $(printf "$here/%s.py " $guests)
