#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# virt_test.sh [IMAGE] - nova-lite/virt against a libvirtd of its own and real
# demo guests under TCG: as root with bridges, as another user without.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
chmod 711 "$work"
daemon=$here/libvirtd-private.sh
export LIBVIRT_CACHE=${LIBVIRT_CACHE:-$top/build/libvirt-cache-$(id -u)}

finish() {
	"$daemon" stop "$work/libvirt" || :
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

image=${1:-$work/demo.qcow2}
[ -e "$image" ] || "$here/build-demo.sh" "$image"
cp "$image" "$work/base.qcow2"
chmod 644 "$work/base.qcow2"
guestfwd=${GUESTFWD:-$top/build/release/bin/nova-lite-guestfwd}
cp "$guestfwd" "$work/guestfwd"

cd "$top"
# shellcheck disable=SC2046
${CC:-gcc} -D_GNU_SOURCE -std=gnu11 -g -O1 -Wall -Wextra -Werror -pthread \
	${SANITIZE:+-fsanitize=$SANITIZE} -I. -o "$work/virt_test" \
	$(pkg-config --cflags libvirt libxml-2.0) tests/guest/virt_test.c \
	nova-lite/virt/*.c nova-lite/metadata/config_drive.c \
	nova-lite/boot/iso.c \
	common/base/buf.c common/base/err.c common/base/mem.c \
	common/base/timefmt.c -lcmocka \
	$(pkg-config --libs libvirt libxml-2.0 libisofs-1)

VIRT_URI=$("$daemon" start "$work/libvirt")
export VIRT_URI VIRT_DIR="$work" VIRT_IMAGE="$work/base.qcow2" \
	VIRT_ANSWERER="$here/metadata_answerer.py" \
	VIRT_DAEMON="$daemon" VIRT_DAEMON_DIR="$work/libvirt" \
	GUESTFWD="$work/guestfwd"
timeout 300 "$work/virt_test"
