#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: every operation was exercised by a test.

    check-routes.py OPS [BIN]

OPS: lines `daemon op`, gathered from the logs of the clouds of all tests
(LITE_OPS; see cloud.py). The operations that exist are those of --dump-routes.
"""
import os
import subprocess
import sys

API = ["keystone-shim", "glance-lite", "nova-lite", "nova-lite-network",
       "nova-lite-metadata"]


def routes(bindir, daemon):
    """Rows of --dump-routes: op, method, path, kind, access, policy, ..."""
    out = subprocess.run([os.path.join(bindir, daemon), "--dump-routes"],
                         capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


def main():
    with open(sys.argv[1]) as f:
        seen = {tuple(line.split()) for line in f}
    bindir = sys.argv[2] if len(sys.argv) > 2 else "build/release/bin"
    known = bad = 0
    for daemon in API:
        for op, method, path, *_ in routes(bindir, daemon):
            known += 1
            if (daemon, op) not in seen:
                print("%s: %s (%s %s) was never exercised" % (
                    daemon, op, method, path))
                bad += 1
    print("%d of %d operations were exercised" % (known - bad, known))
    return bad > 0 or not known


if __name__ == "__main__":
    sys.exit(main())
