#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tokens and key repositories against the code of Debian's python3-keystone:
# what either side makes, the other must read. Needs python3-keystone.
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make -s "$B/libcommon.a"
${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I. -o "$work/fernet_tool" \
	tests/unit/fernet_tool.c "$B/libcommon.a" -lcrypto -lcrypt -lm \
	-pthread
/usr/bin/python3 tests/clients/fernet_oracle.py "$work/fernet_tool" "$work"
