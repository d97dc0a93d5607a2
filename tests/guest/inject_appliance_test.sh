#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# inject_appliance_test.sh - builds the appliance and runs the cases of
# inject_appliance_test.c.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
B=${B:-$top/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

PACKAGE_CACHE=${GUEST_CACHE:-$top/build/guest} \
	APPLIANCE_INIT=$B/bin/nova-lite-appliance-init \
	"$top/nova-lite/inject/build-appliance.sh" "$work/appliance"
cc=${CC:-cc}
$cc -std=gnu11 -D_GNU_SOURCE -I"$top" -o "$work/test" \
	"$here/inject_appliance_test.c" "$B/libinject.a" "$B/libcommon.a" \
	-lcmocka -lnbd -lext2fs -lcom_err -ljansson -lm -pthread
$cc -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -shared -fPIC \
	-o "$work/blockfile.so" "$here/blockfile.c"
mkdir "$work/at"
$cc -std=gnu11 -D_GNU_SOURCE -I"$top" -static -o "$work/at/init" \
	"$here/btrfs_at.c" "$top/nova-lite/inject/appliance/kernel.c" \
	"$top/common/base/err.c"
(cd "$work/at" && echo init | cpio -o -H newc --quiet) |
	cat "$work"/appliance/initrd.* - >"$work/at.initrd"
export INJECT_APPLIANCE="$work/appliance" AT_INITRD="$work/at.initrd"
export INJECT_PROGRAM="$B/bin/nova-lite-inject"
export BLOCKFILE="$work/blockfile.so" XFS_CAT="$here/xfs_cat.py"
"$work/test"
