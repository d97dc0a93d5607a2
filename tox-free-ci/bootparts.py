# SPDX-License-Identifier: Apache-2.0
"""What tests/guest/build-boot.sh makes, as images of a cloud: two kernels with
their modules, a RAM disk, and a root file system without any of these."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARTS = os.path.join(ROOT, "build/guest/boot")
ROOT_IMAGE, RAMDISK = "demo-root", "demo-ramdisk"


def made_of(path, *sources):
    """Whether it is there, and no older than what it is built from."""
    if not os.path.exists(path):
        return False
    files = []
    for source in sources:
        source = os.path.join(ROOT, "tests/guest", source)
        files.append(source)
        for folder, _, names in os.walk(source):
            files += [os.path.join(folder, n) for n in names]
    return os.path.getmtime(path) >= max(map(os.path.getmtime, files))


def built():
    return made_of(PARTS + "/kernels", "build-boot.sh", "demo-root.sh",
                   "demo")


def build(**more):
    subprocess.run([ROOT + "/tests/guest/build-boot.sh", PARTS], check=True,
                   **more)


def releases():
    """The kernels', the newest first; what is missing is built."""
    if not built():
        build(stdout=subprocess.DEVNULL)
    with open(PARTS + "/kernels") as f:
        return f.read().split()


def text(*names):
    with open(os.path.join(PARTS, *names)) as f:
        return f.read().strip()


def upload(client, path, name, disk_format, **properties):
    """The id of the image; containers are called as kernels are."""
    container = disk_format if disk_format in ("aki", "ari") else "bare"
    body = {"name": name, "visibility": "public", "disk_format": disk_format,
            "container_format": container}
    body.update(properties)
    made = client.post("image", "/v2/images", body)
    if made.status != 201:
        raise RuntimeError("image %s: %r" % (name, made))
    with open(os.path.join(PARTS, path), "rb") as f:
        put = client.put("image", "/v2/images/%s/file" % made.json["id"],
                         f.read(),
                         headers={"Content-Type": "application/octet-stream"})
    if put.status != 204:
        raise RuntimeError("image %s: %r" % (name, put))
    return made.json["id"]


def register(client):
    """By an administrator, into a cloud without them."""
    for release in releases():
        kernel = upload(client, release + "/vmlinuz", "linux-" + release,
                        "aki", **{"boot:release": release})
        upload(client, release + "/modules.tar", "modules-" + release, "raw",
               **{"boot:set_kernel": kernel,
                  "boot:set_modules": text(release, "modules"),
                  "boot:set_base": text(release, "base")})
    upload(client, "ramdisk.cpio.gz", RAMDISK, "ari")
    upload(client, "demo-root.qcow2", ROOT_IMAGE, "qcow2", min_ram=64)
