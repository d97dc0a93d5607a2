# SPDX-License-Identifier: Apache-2.0
"""What the scenarios of deltas share: disks made by QEMU's own tools."""
import base64
import hashlib
import os
import subprocess

from harness import need, status
from image_kit import JSON, create, path, upload

MIB = 1 << 20
SIZE = 8 * MIB


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def read(name):
    with open(name, "rb") as f:
        return f.read()


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def digest(data):
    return "sha-512=:%s:" % base64.b64encode(
        hashlib.sha512(data).digest()).decode()


class Disks:
    """A base on the test's own disk, and overlays over it."""

    def __init__(self, cloud, fmt="qcow2", size=SIZE):
        self.folder = cloud.path(cloud.name("disks"))
        os.mkdir(self.folder)
        self.fmt, self.base = fmt, self.path("base")
        raw = write(self.path("raw"), os.urandom(4 * MIB))
        os.truncate(raw, size)
        more = ["-o", "force_size=on"] if fmt == "vpc" else []
        run("qemu-img", "convert", "-f", "raw", "-O", fmt, *more, raw,
            self.base)

    def path(self, name):
        return os.path.join(self.folder, name)

    def overlay(self, name, fill=0x41, size=()):
        """Differs from the base by a MiB of the byte fill."""
        made = self.path(name)
        run("qemu-img", "create", "-q", "-f", "qcow2", "-b", self.base, "-F",
            self.fmt, made, *size)
        run("qemu-io", "-f", "qcow2", "-c",
            "write -P %d 1M 1M" % fill, made)
        return made


def base_image(cloud, disks, **fields):
    fields = dict({"visibility": "public", "disk_format": {
        "vpc": "vhd"}.get(disks.fmt, disks.fmt)}, **fields)
    image = create(cloud.admin, name=cloud.name("base"), **fields)
    status(upload(cloud.admin, image, read(disks.base)), 204, "base")
    return image


def begun(cloud, base, client=None, **fields):
    """A queued image of the client's project, with its manifest, as the
    agent makes it."""
    fields = dict({"visibility": "private", "disk_format": "qcow2",
                   "owner": (client or cloud.demo).project_id}, **fields)
    image = create(cloud.admin, name=cloud.name("delta"), **fields)
    reply = cloud.admin.put("image", path(image, "/manifest"), {
        "base_image": base["id"], "files": [
            {"path": "/etc/f", "sha256": hashlib.sha256(
                image["id"].encode()).hexdigest(), "size": 36}]},
        headers=JSON)
    need(reply.status == 200, "manifest: %r" % reply)
    return image


def send(cloud, image, data, **kw):
    kw.setdefault("headers", JSON)
    return cloud.admin.put("image", path(image, "/delta"), data, **kw)


def stored(cloud, base, overlay, client=None, **fields):
    """An image that is stored as a delta."""
    image = begun(cloud, base, client, **fields)
    status(send(cloud, image, read(overlay)), 204, "delta")
    return image
