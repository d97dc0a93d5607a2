#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot images: built twice, from what means harm, killed, on a full disk, and
started by QEMU (TCG) with each policy of modules.

    boot_image_test.py [DEMO]     (what build-boot.sh makes is made if needed)
"""
import hashlib
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BOOT = os.path.join(ROOT, "build/guest/boot")
BIN = os.path.abspath(os.environ.get("LITE_BIN", ROOT + "/build/release/bin"))
PROGRAM = os.path.join(BIN, "nova-lite-boot")
sys.path.insert(0, os.path.join(ROOT, "tox-free-ci"))
import bootparts  # noqa: E402

OVMF = "/usr/share/OVMF/OVMF_CODE.fd"
os.environ["PATH"] += ":/usr/sbin:/sbin"
sums = [0, 0]


def check(what, good, more=""):
    sums[not good] += 1
    print("%s %s%s" % ("ok  " if good else "FAIL", what,
                       "" if good else ": %s" % (more,)), flush=True)
    return good


def part(path):
    with open(path, "rb") as f:
        return {"id": "i", "name": "n",
                "hash": hashlib.sha512(f.read()).hexdigest()}


class Request:
    """Parameters with their files; keywords replace what is usual."""

    def __init__(self, temp, release, **params):
        self.files = {"kernel": "%s/%s/vmlinuz" % (BOOT, release),
                      "set": "%s/%s/modules.tar" % (BOOT, release)}
        with open("%s/%s/base" % (BOOT, release)) as f:
            base = f.read().strip().split(",")
        self.boot = {"base": base, "modules": ["loop"], "policy": "any",
                     "firmware": "bios", "cmdline": "boot-report"}
        self.boot.update(params)
        self.out = os.path.join(temp, "out")

    def use(self, **files):
        self.files.update(files)
        self.files = {k: v for k, v in self.files.items() if v}
        return self

    def text(self):
        boot = dict(self.boot, **{k: part(v) for k, v in self.files.items()})
        return json.dumps({"boot": boot, "files": self.files,
                           "out": self.out})

    def run(self, **more):
        return subprocess.run([PROGRAM], input=self.text(), text=True,
                              capture_output=True, timeout=60, **more)

    def left(self):
        return [p for p in (self.out, self.out + ".d") if os.path.exists(p)]


def contents(path):
    with open(path, "rb") as f:
        return f.read()


# -- the same bytes -----------------------------------------------------------

def twice(temp, release):
    for firmware in "bios", "uefi":
        rq = Request(temp, release, firmware=firmware, ramdisk_size=16)
        rq.use(ramdisk=BOOT + "/ramdisk.cpio.gz")
        done = rq.run()
        check("%s: built" % firmware, done.returncode == 0, done)
        first = contents(rq.out)
        check("%s: nothing beside it" % firmware, rq.left() == [rq.out])
        rq.out = os.path.join(temp, "under-another-name")
        time.sleep(2.1)     # FAT counts in two seconds
        env = dict(os.environ, TZ="Asia/Tokyo", LC_ALL="C", TMPDIR=temp)
        same = 0
        for _ in range(4):
            rq.run(env=env, preexec_fn=lambda: os.umask(0o077))
            same += contents(rq.out) == first
        check("%s: the same bytes" % firmware, same == 4, same)


# -- what means harm ----------------------------------------------------------

def tar(path, *entries):
    """Entries: (name, bytes) or TarInfo, in a set with nothing good in it."""
    with tarfile.open(path, "w") as t:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                t.addfile(entry)
                continue
            info = tarfile.TarInfo(entry[0])
            info.size = len(entry[1])
            t.addfile(info, io.BytesIO(entry[1]))
    return path


def link(name, to, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def without(source, path, lost):
    """The set of `source` but for the modules of this name."""
    with tarfile.open(source) as old, tarfile.open(path, "w") as new:
        for info in old:
            if not info.name.endswith(lost):
                new.addfile(info, old.extractfile(info) if info.isfile()
                            else None)
    return path


def of_another_kernel(source, path, release):
    """The set with a loop.ko that was built for another release."""
    with tarfile.open(source) as old, tarfile.open(path, "w") as new:
        for info in old:
            data = old.extractfile(info).read() if info.isfile() else b""
            if info.name.endswith("/loop.ko"):
                data = data.replace(b"vermagic=" + release.encode(),
                                    b"vermagic=" + release.replace(
                                        "6.1", "6.9").encode())
            new.addfile(info, io.BytesIO(data) if info.isfile() else None)
    return path


def soft(temp, release):
    """What modprobe would load, soft dependencies too, in its order."""
    tree = os.path.join(temp, "whole")
    with tarfile.open("%s/%s/modules.tar" % (BOOT, release)) as t:
        t.extractall(tree)
    for name in "btrfs", "xts", "virtio_net", "squashfs":
        rq = Request(temp, release, modules=[name], base=[])
        rq.run()
        cpio = os.path.join(temp, "initrd")
        subprocess.run(["xorriso", "-osirrox", "on", "-indev", rq.out,
                        "-extract", "/initrd", cpio], check=True,
                       capture_output=True)
        orders = subprocess.run("cpio -i --quiet --to-stdout .lite/boot <" +
                                cpio, shell=True, capture_output=True,
                                text=True).stdout
        os.unlink(cpio)
        ours = [ln.split()[1] for ln in orders.split("\n")
                if ln.startswith("module ")]
        theirs = subprocess.run(
            ["modprobe", "-d", tree, "-S", release, "-C", "/dev/null",
             "--show-depends", name], capture_output=True, text=True).stdout
        theirs = [ln.split()[1].split(release + "/")[1]
                  for ln in theirs.split("\n") if ln.startswith("insmod ")]
        check("%s: %s" % (name, " ".join(os.path.basename(m)
                                         for m in theirs)),
              ours == theirs and theirs, (ours, theirs))


def without_brd(source, temp, release):
    """The set with everything true of it, but no driver of RAM disks."""
    tree, path = os.path.join(temp, "tree"), os.path.join(temp, "nobrd")
    with tarfile.open(source) as t:
        t.extractall(tree)
    os.unlink("%s/lib/modules/%s/kernel/drivers/block/brd.ko" %
              (tree, release))
    subprocess.run(["depmod", "-b", tree, release], check=True)
    subprocess.run(["tar", "-C", tree, "-cf", path, "lib"], check=True)
    return path


def refused(temp, release, other):
    place = lambda name: os.path.join(temp, name)     # noqa: E731
    good = "%s/%s/modules.tar" % (BOOT, release)
    top = "lib/modules/" + release
    with open(place("noise"), "wb") as f:
        f.write(os.urandom(70000))
    cases = (
        ("noise for a kernel", {"kernel": place("noise")}, {}, "kernel: "),
        ("noise for a set", {"set": place("noise")}, {}, "modules: "),
        ("a set of another kernel",
         {"set": "%s/%s/modules.tar" % (BOOT, other)}, {}, "modules: "),
        ("an empty set", {"set": tar(place("empty"))}, {}, "modules: "),
        ("no indices", {"set": tar(place("bare"), (top + "/kernel/a.ko",
                                                   b"x"))}, {}, "modules: "),
        ("indices of noise", {"set": tar(place("index"), *[
            ("%s/modules.%s.bin" % (top, n), os.urandom(4096))
            for n in ("dep", "alias", "symbols", "builtin")])}, {},
         "modules: "),
        ("two releases", {"set": tar(place("two"), (top + "/a.ko", b""),
                                     ("lib/modules/6.6.6/b.ko", b""))}, {},
         "modules: "),
        *[("the release %r" % name, {"set": tar(place("rel"), (
            "lib/modules/%s/kernel/a.ko" % name, b""))}, {},
            "modules: the set has no release")
          for name in ("..", "-b", "x\npolicy any", "a b", "1..2")],
        ("a link out", {"set": tar(
            place("link"), link(top, temp), (top + "/modules.dep", b""))},
         {}, "modules: "),
        ("ways out", {"set": tar(
            place("ways"), ("../../lib/modules/x/y.ko", b""),
            (top + "/../../../../evil.ko", b"x"),
            ("/lib/modules/x/y.ko", b""),
            link(top + "/z.ko", "/etc/passwd", tarfile.LNKTYPE))}, {},
         "modules: "),
        ("a module that the set lacks", {}, {"modules": ["nosuch"]},
         "modules: the set has no module nosuch"),
        ("a module listed and not held",
         {"set": without(good, place("less"), "/loop.ko")}, {},
         "modules: the set"),
        ("a module built for another kernel",
         {"set": of_another_kernel(good, place("mixed"), release)}, {},
         "modules: kernel/drivers/block/loop.ko is for the kernel 6.9"),
        ("a RAM disk that the kernel has no driver for",
         {"set": without_brd(good, temp, release)},
         {"ramdisk_size": 8}, "ramdisk: "),
        ("a size without modules", {"set": None},
         {"base": [], "modules": [], "ramdisk_size": 8}, "ramdisk: "),
        ("a RAM disk image that is not there",
         {"ramdisk": place("noise")}, {}, "ramdisk: "),
    )
    for what, files, params, begins in cases:
        rq = Request(temp, release, **params).use(**files)
        text = rq.text()
        if what.endswith("not there"):
            os.unlink(place("noise"))
        done = subprocess.run([PROGRAM], input=text, text=True,
                              capture_output=True, timeout=60)
        check(what, done.returncode == 1 and done.stdout.startswith(begins)
              and not rq.left(), (done, rq.left()))
    check("nothing was written elsewhere",
          not os.path.exists(os.path.join(temp, "..", "evil.ko")) and
          not os.path.exists(os.path.join(temp, "evil.ko")))
    for text in "", "{}", "[1]", '{"boot":{"kernel":1}}', "nonsense":
        done = subprocess.run([PROGRAM], input=text, text=True,
                              capture_output=True, timeout=60)
        check("no request: %r" % text, done.returncode == 1 and done.stdout)


# -- full disks and sudden ends -----------------------------------------------

def full(temp, release):
    for firmware in "bios", "uefi":
        for size in 1 << 12, 1 << 20, 1 << 24:
            rq = Request(temp, release, firmware=firmware)
            done = rq.run(preexec_fn=lambda n=size: (
                __import__("signal").signal(25, __import__("signal").SIG_IGN),
                resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))))
            check("%s: no more than %d bytes fit" % (firmware, size),
                  done.returncode == 1 and not rq.left(),
                  (done, rq.left()))


def killed(temp, release):
    rq = Request(temp, release)
    began = time.monotonic()
    rq.run()
    whole = contents(rq.out)
    took = time.monotonic() - began
    broken = again = 0
    for i in range(12):
        if os.path.exists(rq.out):
            os.unlink(rq.out)
        child = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, text=True)
        child.stdin.write(rq.text())
        child.stdin.close()
        time.sleep(took * i / 12)
        child.kill()
        if child.wait() == 0:
            broken += contents(rq.out) != whole
            continue
        # What it left is in the way of nobody.
        again += rq.run().returncode == 0 and contents(rq.out) == whole and \
            rq.left() == [rq.out]
        broken += not os.path.exists(rq.out)
    check("killed 12 times: the next build is whole", again > 4 and
          not broken, (again, broken))


# -- in a machine -------------------------------------------------------------

class Guest:
    def __init__(self, temp, image, uefi=False, root=None):
        self.console = os.path.join(temp, "console")
        self.root = os.path.join(temp, "root")
        self.image = image
        shutil.copy(root or BOOT + "/demo-root.qcow2", self.root)
        words = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-m",
                 "256", "-nodefaults", "-display", "none", "-no-reboot",
                 "-serial", "file:" + self.console]
        if uefi:
            words += ["-drive", "if=pflash,format=raw,readonly=on,file="
                      + OVMF]
        for i, (path, form, more) in enumerate((
                (image, "raw", ",readonly=on"),
                (self.root, "raw" if root else "qcow2", ""))):
            words += ["-drive", "file=%s,format=%s,if=none,id=d%d%s" % (
                path, form, i, more), "-device",
                "virtio-blk-pci,drive=d%d,bootindex=%d" % (i, i + 1)]
        open(self.console, "w").close()
        self.child = subprocess.Popen(words)

    def said(self):
        with open(self.console, encoding="utf-8", errors="replace") as f:
            return f.read().replace("\r", "")

    def wait(self, *words, seconds=90):
        """What it said until one of the words came, or it ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.child.poll() is None and \
                not any(w in self.said() for w in words):
            time.sleep(0.1)
        try:        # a guest that powers off has said its last word
            self.child.wait(3 if "managed boot: " in words else 0)
        except subprocess.TimeoutExpired:
            pass
        self.off = self.child.poll() is not None
        self.child.kill()
        self.child.wait()
        return self.said()


def boot(temp, rq, **more):
    done = rq.run()
    if done.returncode:
        raise RuntimeError(repr(done))
    before = contents(rq.out)
    said = Guest(temp, rq.out, **more).wait("DEMO ready",
                                            "managed boot: failed")
    check("the drive is as it was", contents(rq.out) == before)
    return said


def policies(temp, releases):
    wanted = (
        ("any", releases[0], {}, "done", "done", "0 N"),
        ("provided", releases[1], {"firmware": "uefi"},
         r"refused \(insmod: .*Key was rejected by service\)", "done", "0 Y"),
        ("none", releases[0], {},
         r"refused \(insmod: .*Operation not permitted\)",
         r"refused \(insmod: .*Operation not permitted\)", "1 N"),
    )
    for policy, release, params, foreign, provided, state in wanted:
        rq = Request(temp, release, policy=policy, ramdisk_size=16, **params)
        rq.use(ramdisk=BOOT + "/ramdisk.cpio.gz")
        said = boot(temp, rq, uefi="firmware" in params)
        lines = said.split("\n")
        for line in ("BOOT release " + release, "BOOT root /dev/vdb",
                     "BOOT ram0 16 MiB",
                     "BOOT ramdisk from the RAM disk image"):
            check("%s: %s" % (policy, line), line in lines, said[-2000:])
        check("%s: modules" % policy, any(
            "loop" in ln and "brd" in ln for ln in lines
            if ln.startswith("BOOT modules ")), said[-2000:])
        for what, how in (("foreign module", foreign),
                          ("provided module", provided),
                          ("provided module by its name",
                           "refused.*" if policy == "none" else "done"),
                          ("write to the boot drive", "refused.*")):
            check("%s: %s: %s" % (policy, what, how),
                  re.search("^BOOT %s: %s$" % (what, how), said, re.M),
                  said[-2000:])
        check("%s: the kernel's state" % policy,
              "BOOT modules_disabled %s" % state[0] in lines and
              "BOOT sig_enforce %s" % state[2] in lines, said[-2000:])


def partitioned(temp, release):
    """A root in the second partition of a GPT."""
    flat, disk = os.path.join(temp, "flat"), os.path.join(temp, "gpt")
    subprocess.run(["qemu-img", "convert", "-O", "raw",
                    BOOT + "/demo-root.qcow2", flat], check=True)
    with open(disk, "wb") as f:
        f.truncate(os.path.getsize(flat) + (8 << 20))
    subprocess.run(["sfdisk", "-q", disk], check=True, text=True, input=(
        "label: gpt\nstart=2048,size=4096\nstart=8192,size=%d\n" %
        (os.path.getsize(flat) // 512)))
    subprocess.run(["dd", "if=" + flat, "of=" + disk, "bs=1M", "seek=4",
                    "conv=notrunc", "status=none"], check=True)
    said = boot(temp, Request(temp, release), root=disk)
    check("GPT: the root is found", "BOOT root /dev/vdb2" in said,
          said[-2000:])


def fails(temp, release):
    rq = Request(temp, release, cmdline="root=/dev/nosuch")
    rq.run()
    guest = Guest(temp, rq.out)
    said = guest.wait("managed boot: ")
    check("no root: it says so", "managed boot: there is no root drive "
          "/dev/nosuch" in said, said[-2000:])
    check("no root: it powers off", guest.off)
    empty = os.path.join(temp, "empty.raw")
    with open(empty, "wb") as f:
        f.truncate(8 << 20)
    rq = Request(temp, release)
    rq.run()
    guest = Guest(temp, rq.out, root=empty)
    said = guest.wait("managed boot: ", seconds=40)
    check("an empty drive: it says so", "managed boot: /dev/vdb has no file "
          "system that can be mounted and holds /sbin/init" in said,
          said[-2000:])
    check("an empty drive: it powers off", guest.off)


def own_init(temp, release):
    """A RAM disk image with a first process of its own."""
    tree = os.path.join(temp, "own")
    os.makedirs(tree + "/bin")
    subprocess.run(["cp", "--", busybox(temp), tree + "/bin/busybox"],
                   check=True)
    with open(tree + "/init", "w") as f:
        f.write("#!/bin/busybox sh\n/bin/busybox mount -t proc p /proc\n"
                "echo \"OWN $(/bin/busybox cat /proc/sys/kernel/"
                "modules_disabled)\"\n/bin/busybox poweroff -f\n")
    os.chmod(tree + "/init", 0o755)
    image = os.path.join(temp, "own.cpio")
    subprocess.run("cd %s && find . | cpio -o -H newc --quiet >%s" %
                   (tree, image), shell=True, check=True)
    rq = Request(temp, release, policy="none").use(ramdisk=image)
    rq.run()
    said = Guest(temp, rq.out).wait("OWN ")
    check("a RAM disk's own init, behind the policy", "OWN 1" in said,
          said[-2000:])


def hostile(temp, release):
    """A RAM disk image that brings what is ours, in each compression."""
    tree = os.path.join(temp, "hostile")
    os.makedirs(tree + "/.lite")
    with open(tree + "/.lite/boot", "w") as f:
        f.write("policy any\nrelease %s\n" % release)
    with open(tree + "/ramdisk-marker", "w") as f:
        f.write("from the RAM disk image\n")
    for pack in "cat", "gzip", "xz --check=crc32", "zstd -q":
        image = os.path.join(temp, "hostile.cpio")
        subprocess.run("cd %s && find . | cpio -o -H newc --quiet | %s >%s" %
                       (tree, pack, image), shell=True, check=True)
        rq = Request(temp, release, policy="none").use(ramdisk=image)
        said = boot(temp, rq)
        check("a RAM disk by %s: its files are there" % pack,
              "BOOT ramdisk from the RAM disk image" in said, said[-2000:])
        check("a RAM disk by %s: ours is ours" % pack,
              "BOOT modules_disabled 1" in said, said[-2000:])


def busybox(temp):
    out = os.path.join(temp, "busybox")
    subprocess.run(["debugfs", "-R", "dump /bin/busybox " + out,
                    os.path.join(temp, "flat")], check=True,
                   capture_output=True)
    os.chmod(out, 0o755)
    return out


def main():
    releases = bootparts.releases()
    with tempfile.TemporaryDirectory() as temp:
        twice(temp, releases[0])
        refused(temp, releases[0], releases[1])
        soft(temp, releases[0])
        full(temp, releases[0])
        killed(temp, releases[0])
        policies(temp, releases)
        partitioned(temp, releases[0])
        own_init(temp, releases[0])
        hostile(temp, releases[0])
        fails(temp, releases[0])
    print("%d passed, %d failed" % tuple(sums))
    return bool(sums[1])


if __name__ == "__main__":
    sys.exit(main())
