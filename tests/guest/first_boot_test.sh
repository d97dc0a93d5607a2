#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# first_boot_test.sh - Debian guests and their first boots, in a cloud of their
# own; build/guest/debian.qcow2 is there (build-debian.sh).

here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/../api/run.py" "$here/first_boot_guest.py"
