#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: who may include whom (ARCHITECTURE.md). Prints file:line: what."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SERVICES = ("keystone-shim", "glance-lite", "nova-lite", "activation-agent")
# The rooms of common/, each with those it may use besides itself.
COMMON = {
    "base": (), "tbl": (), "json": ("base",), "crypto": ("base",),
    "http": ("base",), "sql": ("base",),
    "job": ("base", "sql", "json", "crypto"),
    "auth": ("base", "sql", "crypto"),
    "service": ("base", "sql", "crypto", "http", "json", "auth", "job"),
}
# One vendor header, one folder.
VENDORS = (
    (r"libpq-fe\.h|libpq/|postgres", ("common/sql/",)),
    (r"curl/", ("common/http/",)),
    (r"sys/(epoll|sendfile)\.h|netinet/|netdb\.h|arpa/inet\.h",
     ("common/http/", "activation-agent/fetch.c")),
    (r"sodium\.h", ("activation-agent/",)),
    (r"openssl/|crypt\.h", ("common/crypto/",)),
    (r"libvirt/|libxml/", ("nova-lite/virt/",)),
    (r"libnbd\.h|ext2fs/|et/", ("nova-lite/inject/",)),
    (r"libisofs/", ("nova-lite/boot/",)),
    (r"archive(_entry)?\.h", ("nova-lite/boot/", "glance-lite/bundle/")),
    (r"libkmod\.h", ("nova-lite/boot/",)),
)
# A program of its own, which links nothing of the house.
ALONE = ("nova-lite/metadata/guestfwd.c",)
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')


def files():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard",
                          "*.c", "*.h"], cwd=ROOT, capture_output=True,
                         text=True, check=True).stdout
    return [f for f in out.splitlines() if not f.startswith("tests/")
            and os.path.exists(os.path.join(ROOT, f))]


def room(path):
    return path.split("/")[0]


def quoted(name, target):
    """What is wrong with `#include "target"` in the file name."""
    if target.startswith("gen/"):
        return None
    if "/" not in target:
        return "include from the root of the tree"
    if room(name) == "common":
        if room(target) != "common":
            return "common/ knows no service"
        mine, other = name.split("/")[1], target.split("/")[1]
        if other not in COMMON.get(mine, ()) + (mine, "tbl"):
            return "common/%s may not use common/%s" % (mine, other)
    elif room(target) not in ("common", room(name)):
        return "%s includes common/ and itself alone" % room(name)
    return None


def vendor(name, target):
    for pattern, homes in VENDORS:
        if re.match(pattern, target) and not name.startswith(homes) \
                and name not in ALONE:
            return "<%s> belongs in %s" % (target, homes[0])
    return None


def main():
    bad = 0
    for name in files():
        with open(os.path.join(ROOT, name), encoding="utf-8") as f:
            for n, line in enumerate(f, 1):
                m = INCLUDE.match(line)
                if not m:
                    continue
                what = (quoted if m.group(1) == '"' else vendor)(
                    name, m.group(2))
                if what:
                    print("%s:%d: %s" % (name, n, what))
                    bad += 1
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
