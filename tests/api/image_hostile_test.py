# SPDX-License-Identifier: Apache-2.0
"""Images that are made to have a reader open other files of its host, or to
be one thing to one reader and another to the next. All are refused when they
are uploaded."""
import os
import struct

from delta_kit import (
    MIB, Disks, base_image, begun, digest, read, run, send, write)
from harness import check, equal, status
from image_kit import JSON, create, files, path, show, upload

SECRET = b"/etc/passwd"
ISO_AT, QCOW2_SIZE = 32769, 24
DATA_FILE, BACKING_FORMAT = 0x44415441, 0xe2792aca
FEATURE_NAMES = 0x6803f857
DESC = ("# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=%s\n"
        "createType=\"%s\"\n%s\n")
OWN = "RW 2048 SPARSE \"disk.vmdk\""


def put(data, at, form, *values):
    """A copy with some of its bytes replaced (or added behind zeros)."""
    raw = values[0] if form is bytes else struct.pack(form, *values)
    out = bytearray(data.ljust(at + len(raw), b"\0"))
    out[at:at + len(raw)] = raw
    return bytes(out)


def extensions(data, *more):
    """A qcow2 of version 3 with other header extensions."""
    out, at = data, struct.unpack(">I", data[100:104])[0]
    for kind, text in more + ((0, b""),):
        out = put(out, at, ">II", kind, len(text))
        out = put(out, at + 8, bytes, text.ljust(-len(text) % 8 + len(text),
                                                 b"\0"))
        at += 8 + (len(text) + 7) // 8 * 8
    return out


def qemu(folder, name, fmt, *options, size="1M"):
    made = os.path.join(folder, name)
    more = [w for o in options for w in ("-o", o)]
    run("qemu-img", "create", "-q", "-f", fmt, *more, made, size)
    return read(made)


def sparse_vmdk(desc, capacity=2048):
    head = struct.pack("<4sIIQQQQIQQQ", b"KDMV", 1, 3, capacity, 128, 1, 20,
                       512, 21, 26, 128)
    return put(put(head, 512, bytes, desc.encode()), MIB - 1, "<B", 0)


def vhd(kind):
    return struct.pack(">8sIIQI4sI4sQQII", b"conectix", 2, 0x10000, 512, 0,
                       b"evil", 0x50000, b"Wi2k", MIB, MIB, 0, kind)


def vhdx(data):
    """One of QEMU's, made a child of another."""
    meta = data.index(b"metadata")
    params = bytes.fromhex("3767a1ca36fa434db3b633f0aa44e76b")
    entry = data.index(params, meta)
    at, = struct.unpack("<I", data[entry + 16:entry + 20])
    flags, = struct.unpack("<I", data[meta + at + 4:meta + at + 8])
    return put(data, meta + at + 4, "<I", flags | 2)


def qcow2_corpus(folder, good):
    secret = write(os.path.join(folder, "secret"), b"secret" * 200000)
    name = put(good, 8, ">QI", 512, len(SECRET))
    yield "backing file", "qcow2", put(name, 512, bytes, SECRET)
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw",
        folder + "/over")
    yield "backing file of qemu-img", "qcow2", read(folder + "/over")
    yield "backing file, claimed raw", "raw", read(folder + "/over")
    old = qemu(folder, "old", "qcow2", "compat=0.10")
    yield "backing file, version 2", "qcow2", put(
        put(old, 8, ">QI", 512, len(SECRET)), 512, bytes, SECRET)
    yield "backing name in a json: text", "qcow2", put(
        put(good, 8, ">QI", 512, 60), 512, bytes,
        b'json:{"driver":"raw","file.filename":"/etc/passwd"}'.ljust(60))
    yield "backing file without a length", "qcow2", put(
        good, 8, ">QI", 512, 0)
    yield "data file of qemu-img", "qcow2", qemu(
        folder, "data", "qcow2", "data_file=%s/out,data_file_raw=on" % folder)
    yield "data file by its feature", "qcow2", put(good, 72, ">Q", 4)
    yield "data file by its name", "qcow2", extensions(
        good, (DATA_FILE, SECRET))
    yield "data file behind others", "qcow2", extensions(
        good, (FEATURE_NAMES, b"x" * 48), (BACKING_FORMAT, b"raw"),
        (DATA_FILE, SECRET))
    yield "extension that is too long", "qcow2", put(
        good, struct.unpack(">I", good[100:104])[0], ">II", FEATURE_NAMES,
        0xfffffff8)
    yield "header that is too long", "qcow2", put(good, 100, ">I", 65536)
    yield "unknown feature", "qcow2", put(good, 72, ">Q", 1 << 40)
    for version in (1, 4):
        yield "version %d" % version, "qcow2", put(good, 4, ">I", version)
    yield "size out of range", "qcow2", put(good, QCOW2_SIZE, ">Q",
                                            2 ** 64 - 1)
    for claimed in ("raw", "iso", "vmdk", "ami"):
        yield "qcow2, claimed " + claimed, claimed, good
    yield "an ISO that is also qcow2", "iso", put(good, ISO_AT, bytes,
                                                  b"CD001")
    yield "a qcow2 that is also ISO", "qcow2", put(good, ISO_AT, bytes,
                                                   b"CD001")


def vmdk_corpus(folder):
    flat = DESC % ("ffffffff", "monolithicFlat",
                   "RW 2048 FLAT \"/etc/passwd\" 0")
    text = flat.encode()
    qemu(folder, "flat.vmdk", "vmdk", "subformat=monolithicFlat")
    made = read(folder + "/flat.vmdk")
    yield "flat extent of qemu-img", "vmdk", made
    yield "descriptor", "vmdk", text
    yield "descriptor, claimed raw", "raw", text
    bare = text[text.index(b"version"):]
    yield "descriptor without its first line", "vmdk", bare
    yield "the same, claimed raw", "raw", b"# 1\n \r\n#2\n" + bare
    yield "descriptor behind other text", "vmdk", b"hello\n" + bare
    yield "old descriptor", "vmdk", b"COWD" + text
    for what, extents in (
            ("foreign flat extent", "RW 2048 FLAT \"/etc/passwd\" 0"),
            ("foreign sparse extent", "RW 2048 SPARSE \"/etc/passwd\""),
            ("extent by tabs", "RW\t9\tFLAT\t\"/etc/passwd\"\n" + OWN),
            ("device", OWN + "\nRDONLY 9 VMFSRDM \"/dev/sda\""),
            ("two extents", OWN + "\nRW 2048 SPARSE \"other.vmdk\""),
            ("extent above", "RW 2048 SPARSE \"../disk.vmdk\""),
            ("parent by name", "parentFileNameHint=\"/etc/passwd\"\n" + OWN)):
        yield what, "vmdk", sparse_vmdk(DESC % (
            "ffffffff", "monolithicSparse", extents))
    yield "parent by its id", "vmdk", sparse_vmdk(DESC % (
        "12345678", "monolithicSparse", OWN))
    yield "type of many files", "vmdk", sparse_vmdk(DESC % (
        "ffffffff", "twoGbMaxExtentSparse", OWN))
    yield "descriptor that is believed", "vmdk", sparse_vmdk(flat, 0)
    good = sparse_vmdk(DESC % ("ffffffff", "monolithicSparse", OWN))
    yield "VMDK, claimed raw", "raw", good
    yield "a VMDK that is also ISO", "vmdk", put(good, ISO_AT, bytes,
                                                 b"CD001")
    yield "header that differs at the end", "vmdk", put(
        put(good, 56, "<Q", 2 ** 64 - 1), len(good) - 1024, bytes,
        put(good[:512], 28, "<Q", 9))


def other_corpus(folder):
    disk = b"\0" * MIB
    yield "differencing VHD", "vhd", vhd(4) + disk
    yield "differencing fixed VHD", "vhd", disk + vhd(4).ljust(512, b"\0")
    yield "fixed VHD, claimed raw", "raw", disk + vhd(2).ljust(512, b"\0")
    yield "an ISO that is also VHD", "iso", put(
        disk, ISO_AT, bytes, b"CD001") + vhd(2).ljust(512, b"\0")
    yield "differencing VHDX", "vhdx", vhdx(
        qemu(folder, "disk.vhdx", "vhdx", size="4M"))
    vdi = qemu(folder, "disk.vdi", "vdi")
    yield "differencing VDI", "vdi", put(vdi, 0x4c, "<I", 4)
    yield "VDI, claimed raw", "raw", vdi
    over = qemu(folder, "disk.qed", "qed")
    for claimed in ("raw", "qcow2"):
        yield "QED, claimed " + claimed, claimed, over
    yield "ISO, claimed qcow2", "qcow2", put(disk, ISO_AT, bytes, b"CD001")


def refused(cloud, image, reply, what):
    status(reply, 400, what)
    check(b"is refused as" in reply.body, "%s: %r" % (what, reply))
    equal(show(cloud.admin, image).json["status"], "queued", what)
    check(not {f for f in files(cloud) if f.startswith(image["id"])},
          what + ": no file")


def test_hostile_images(cloud):
    folder = cloud.path(cloud.name("hostile"))
    os.mkdir(folder)
    good = qemu(folder, "good", "qcow2")
    status(upload(cloud.demo, create(cloud.demo, disk_format="qcow2"), good),
           204, "what the others are made of is good")
    status(upload(cloud.demo, create(cloud.demo, disk_format="vmdk"),
                  sparse_vmdk(DESC % ("ffffffff", "monolithicSparse", OWN))),
           204, "this, too")
    corpus = [*qcow2_corpus(folder, good), *vmdk_corpus(folder),
              *other_corpus(folder)]
    check(len(corpus) >= 20, "%d images" % len(corpus))
    for what, claimed, data in corpus:
        image = create(cloud.demo, disk_format=claimed)
        refused(cloud, image, upload(cloud.demo, image, data, headers=JSON),
                what)
        refused(cloud, image, cloud.demo.put(
            "image", path(image, "/stage"), data, headers=JSON),
            what + ", staged")
    equal(os.listdir(cloud.path("images", "incoming")), [], "incoming")


def delta_corpus(good, base):
    yield "no backing file", base
    yield "backing file without a length", put(good, 16, ">I", 0)
    yield "data file by its feature", put(good, 72, ">Q", 4)
    yield "data file by its name", extensions(good, (DATA_FILE, SECRET))
    yield "unknown feature", put(good, 72, ">Q", 32)
    for method in (1, 2):
        yield "encrypted by method %d" % method, put(good, 32, ">I", method)
    for version in (1, 4):
        yield "version %d" % version, put(good, 4, ">I", version)
    yield "smaller than its base", put(good, QCOW2_SIZE, ">Q", MIB)
    yield "size out of range", put(good, QCOW2_SIZE, ">Q", 2 ** 64 - 1)
    yield "VMDK", sparse_vmdk(DESC % ("12345678", "monolithicSparse", OWN))
    yield "bare descriptor", (DESC % ("ffffffff", "monolithicFlat", "")
                              ).encode()
    yield "raw", b"\0" * MIB
    yield "cut off", good[:60]


def test_hostile_deltas(cloud):
    disks = Disks(cloud)
    base, good = base_image(cloud, disks), read(disks.overlay("a"))
    image = begun(cloud, base)
    for what, data in delta_corpus(good, read(disks.base)):
        refused(cloud, image, send(cloud, image, data), what)
        refused(cloud, image, send(cloud, image, data, headers=dict(
            JSON, **{"Content-Digest": digest(data)})), what + ", digest")
    status(upload(cloud.demo, image, good), 400, "not as a file either")
    status(send(cloud, image, good), 204, "what they are made of is good")
