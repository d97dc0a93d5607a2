#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# os_image_test.sh - machines that share OS images, in clouds of their own;
# build/guest/os-image is there (build-os-image.sh).

here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/../api/run.py" "$here/os_image_guest.py" \
	"$here/os_image_crash_guest.py"
