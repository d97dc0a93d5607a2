# SPDX-License-Identifier: Apache-2.0
"""What the scenarios of deltas share: disks made by QEMU's own tools."""
import base64
import hashlib
import os
import socket
import subprocess

from harness import check, need, status, until
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


def incoming(cloud):
    return os.listdir(cloud.path("images", "incoming"))


def begin(cloud, image, data, size):
    """Sends the head of an upload and some of its data."""
    sock = socket.create_connection(cloud.urls["image"])
    sock.sendall(("PUT %s HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\n"
                  "Content-Type: application/octet-stream\r\n"
                  "Content-Length: %d\r\n\r\n" % (
                      path(image, "/delta"), cloud.admin.token, size)
                  ).encode() + data)
    check(until(lambda: incoming(cloud), 5), "receiving")
    return sock


def download(client, image, **kw):
    return client.get("image", path(image, "/file"), **kw)


def complete(disks, overlay, data, what):
    """It stands alone and is what overlay over base is."""
    got = write(disks.path("got"), data)
    run("qemu-img", "check", "-q", "-f", "qcow2", got)
    info = subprocess.run(["qemu-img", "info", "-f", "qcow2", got],
                          capture_output=True, text=True, check=True).stdout
    check("backing file" not in info, what + ": no backing file")
    run("qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", got,
        overlay)
    check(True, what + ": the same contents")
