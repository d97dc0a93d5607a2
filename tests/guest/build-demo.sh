#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-demo.sh OUT.qcow2 - build the demo guest from Debian packages.
#
# The disk: see demo-disk.sh.  Nothing is installed on the host, mounted or run
# as root, and the same packages give the same bytes.
#
# GUEST_CACHE (default build/guest) keeps the packages between builds.

set -eu
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH

name=build-demo
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cache=${GUEST_CACHE:-$top/build/guest}
. "$top/nova-lite/inject/packages.sh"
. "$here/demo-root.sh"
. "$here/demo-disk.sh"

[ $# = 1 ] || die "usage: build-demo.sh OUT.qcow2"
need cc mke2fs debugfs
unpack busybox-static ./bin/busybox
demo_root "$work/root"
demo_root_image "$work/root" "$work/root.ext4"
demo_disk demo-root "$work/root.ext4" "$1"
