#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a file of an XFS image by xfs_db, which mounts nothing.

    xfs_cat.py IMAGE PATH

prints the content, and on standard error the line "MODE UID GID MTIME LINKS";
exits with 1 when there is no such file.
"""
import calendar
import re
import subprocess
import sys
import time

FIELDS = ("core.mode", "core.uid", "core.gid", "core.mtime.sec",
          "core.nlinkv2", "core.size")


def db(image, *commands):
    words = [w for c in commands for w in ("-c", c)]
    return subprocess.run(["xfs_db", "-r", *words, image], text=True,
                          capture_output=True, env={
                              "PATH": "/usr/sbin:/sbin:/usr/bin:/bin",
                              "TZ": "UTC", "LC_ALL": "C"}).stdout


def extents(image, path, block):
    """(byte of the file, byte of the image, bytes) of each."""
    out = db(image, "path " + path, "bmap")
    for found in re.finditer(r"offset (\d+) startblock (\d+) .*?count (\d+)",
                             out):
        offset, start, count = map(int, found.groups())
        byte = db(image, "convert fsblock %d byte" % start)
        yield (offset * block, int(re.search(r"\((\d+)\)", byte).group(1)),
               count * block)


def main():
    image, path = sys.argv[1:]
    text = db(image, "path " + path, "print " + " ".join(FIELDS))
    values = dict(re.findall(r"(\S+) = (.*)", text))
    if "core.mode" not in values:
        return 1
    size = int(values["core.size"])
    block = int(re.search(r"blocksize = (\d+)",
                          db(image, "sb 0", "print blocksize")).group(1))
    data = bytearray(size)
    with open(image, "rb") as f:
        for at, byte, n in extents(image, path, block):
            f.seek(byte)
            data[at:at + n] = f.read(min(n, size - at))
    sys.stdout.buffer.write(data)
    mtime = time.strptime(values["core.mtime.sec"], "%a %b %d %H:%M:%S %Y")
    print(oct(int(values["core.mode"], 8))[2:], values["core.uid"],
          values["core.gid"], calendar.timegm(mtime),
          values["core.nlinkv2"], file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
