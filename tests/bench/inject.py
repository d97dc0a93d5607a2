#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What file injection costs: 10 MiB in 1, 20 and 200 files, by the program.

    inject.py [ROUNDS]      (default: 5; medians)

The disk is a layer over a 2 GiB ext4 file system that holds some files
already. Beside the parts that the report tells stand the wall clock of the
whole program, the growth of the layer, and debugfs' time for the same files
on a raw disk, which is what writing them without any daemon costs here.
libguestfs is measured too where it is installed.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import guestfs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build/release")
TOTAL, MIB = 10 << 20, 1 << 20
PROGRAM = os.path.join(BUILD, "bin/nova-lite-inject")
os.environ["PATH"] += ":/usr/sbin:/sbin"
os.environ["INJECT_PROGRAM"] = PROGRAM


def run(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, **more).stdout


def build(temp):
    """inject_tool, from the archives of this tree."""
    archives = [os.path.join(BUILD, "lib%s.a" % n)
                for n in ("inject", "common")]
    run("make", "-s", "-C", ROOT, "-j2",
        *(os.path.relpath(a, ROOT) for a in archives + [PROGRAM]))
    tool = os.path.join(temp, "inject")
    run("cc", "-std=gnu11", "-O2", "-D_GNU_SOURCE", "-I" + ROOT, "-o", tool,
        os.path.join(ROOT, "tests/unit/inject_tool.c"), *archives, "-lnbd",
        "-lext2fs", "-lcom_err", "-ljansson", "-lm", "-pthread")
    return tool


def base(temp):
    tree, image = os.path.join(temp, "tree"), os.path.join(temp, "base")
    for folder in ("etc", "usr/bin"):
        os.makedirs(os.path.join(tree, folder))
    for i in range(500):
        with open(os.path.join(tree, "usr/bin/program-%d" % i), "wb") as f:
            f.write(os.urandom(20000))
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, image, "2G")
    return image


def sources(temp, count):
    """(path in the guest, path here) of new files of 10 MiB in all."""
    folder = os.path.join(temp, "files-%d" % count)
    os.makedirs(folder)
    out = []
    for i in range(count):
        path = os.path.join(folder, str(i))
        with open(path, "wb") as f:
            f.write(os.urandom(TOTAL // count))
        out.append(("/opt/app/file-%d" % i, path))
    return out


def timed(*words, **more):
    began = time.monotonic()
    out = run(*words, **more)
    return (time.monotonic() - began) * 1000, out


def layer(image):
    path = image + ".layer"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image,
        path)
    return path


def ours(tool, image, files):
    """One round: wall ms, the report's words, bytes that the layer grew."""
    path = layer(image)
    empty = os.stat(path).st_size
    wall, out = timed(tool, path, "qcow2", "-b", image, "raw",
                      *("%s=%s" % f for f in files))
    return wall, out.split(), os.stat(path).st_size - empty


def debugfs(image, files):
    copy = image + ".copy"
    run("cp", "--sparse=always", image, copy)
    script = "mkdir /opt\nmkdir /opt/app\n" + "".join(
        "write %s %s\n" % (src, dst) for dst, src in files)
    wall, _ = timed("debugfs", "-w", "-f", "-", copy, input=script)
    return wall


def figures(tool, image, files, rounds):
    got = [ours(tool, image, files) for _ in range(rounds)]
    wall = statistics.median(g[0] for g in got)
    parts = {got[0][1][i]: statistics.median(float(g[1][i + 1]) for g in got)
             for i in (0, 4, 6)}
    other = statistics.median(debugfs(image, files) for _ in range(rounds))
    grown = max(g[2] for g in got)
    print("%3d files: %6.1f ms  (%s)  %.2f x debugfs on raw  "
          "layer %.3f x contents %+.2f MiB" % (
              len(files), wall, ", ".join(
                  "%s %.1f" % p for p in parts.items()), wall / other,
              grown / TOTAL, (grown - 1.2 * TOTAL) / MIB))
    theirs = guestfs.inject((image, "raw"), "/dev/sda", files)
    if theirs:
        print("           %6.1f x faster than libguestfs" %
              (theirs * 1000 / wall))
    return grown <= 1.2 * TOTAL + MIB


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    with tempfile.TemporaryDirectory() as temp:
        tool, image = build(temp), base(temp)
        good = [figures(tool, image, sources(temp, n), rounds)
                for n in (1, 20, 200)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
