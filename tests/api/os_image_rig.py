# SPDX-License-Identifier: Apache-2.0
"""The example's OS image in a cloud, and machines on it."""
import os
import re

from compute_kit import get, post, put
from first_boot_rig import console
from harness import ROOT, need, until
from os_image_kit import os_image

PARTS = os.path.join(ROOT, "build/guest/os-image")
BOOT_SECONDS = 150      # emulated, on any machine
DEADLINE = 20           # of versions that do not come up


def part(name):
    with open(os.path.join(PARTS, name), "rb") as f:
        return f.read()


def boot_part(client, name, kind):
    made = client.post("image", "/v2/images", {
        "name": "os-" + name, "disk_format": kind, "container_format": kind,
        "visibility": "public"})
    need(made.status == 201, "image: %r" % made)
    sent = client.put("image", made.json["file"], part(name), headers={
        "Content-Type": "application/octet-stream"})
    need(sent.status == 204, "upload: %r" % sent)
    return made.json["id"]


class Example:
    """The versions of "example" in the cloud, and what boots them."""

    def __init__(self, cloud, deadline=BOOT_SECONDS):
        self.cloud, self.admin, self.deadline = cloud, cloud.admin, deadline
        self.boots = {} if cloud.containers else {
            "kernel_id": boot_part(self.admin, "vmlinuz", "aki"),
            "ramdisk_id": boot_part(self.admin, "initrd", "ari")}
        self.ids = {}
        os_image(self.admin, "tools", "1", part("tools.tar"),
                 visibility="public")
        for version in "v1", "v2", "v3":
            self.add(version, **{"os_image:default": "true"} if version ==
                     "v1" else {})
        self.flavor()

    def add(self, version, **more):
        facts = dict(self.boots, visibility="public", **{
            "os_image:sw": "tools:1", "os_image:timezone": "Europe/Zurich",
            "os_image:deadline": str(DEADLINE if version == "v3"
                                     else self.deadline),
            "os_image:overlays": "/etc:16,/var:32,/tmp:8"})
        facts.update(more)
        self.ids[version] = os_image(
            self.admin, "example", version,
            part((version if version in ("v1", "v2") else "v3") + ".tar"),
            **facts)
        return self.ids[version]

    def flavor(self):
        made = post(self.admin, "/flavors", {"flavor": {
            "id": "os", "name": "os.small", "ram": 96, "vcpus": 1,
            "disk": 1}})
        need(made.status == 200, "flavor: %r" % made)


def metadata(client, server):
    return get(client, "/servers/%s" % server).json["server"]["metadata"]


def running(client, server):
    found = metadata(client, server)
    return (found.get("os_image:running"), found.get("os_image:state"))


def ready(client, server, label, seconds=BOOT_SECONDS):
    return until(lambda: running(client, server) == (label, "ready"), seconds,
                 0.3)


def boots(cloud, server):
    """What each boot said: a list of {key: value}."""
    out = []
    for line in console(cloud, server).splitlines():
        if not line.startswith("OS "):
            continue
        if line.startswith("OS version="):
            out.append({})
        for key, value in re.findall(r"([a-z-]+)=(\S*)", line):
            out[-1][key] = value
        if line == "OS ready" and out:
            out[-1]["ready"] = True
    return out


def active(client, server, seconds=60):
    def look():
        doc = get(client, "/servers/" + server).json["server"]
        return doc["status"] in ("ACTIVE", "ERROR") and \
            doc["OS-EXT-STS:task_state"] is None and doc["status"]
    return until(look, seconds, 0.1)


def set_version(client, server, label):
    got = put(client, "/servers/%s/metadata/os_image" % server, {
        "meta": {"os_image": label}})
    need(got.status == 200, "metadata: %r" % got)


def reboot(client, server, kind="HARD"):
    return post(client, "/servers/%s/action" % server, {
        "reboot": {"type": kind}})


def rebuild(client, server, image):
    return post(client, "/servers/%s/action" % server, {
        "rebuild": {"imageRef": image}})


def actions(client, server):
    """[(action, message)], the first first."""
    listed = get(client, "/servers/%s/os-instance-actions" % server).json
    return [(a["action"], a["message"])
            for a in reversed(listed["instanceActions"])]
