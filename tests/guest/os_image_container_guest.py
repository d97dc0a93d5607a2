# SPDX-License-Identifier: Apache-2.0
"""Containers that share OS images, where libvirt's LXC driver works: as
machines, with one page cache for all."""
import os

from compute_kit import create, delete, get, post
from first_boot_rig import console
from harness import check, equal, need, status, until
from os_image_rig import (DEADLINE, Example, actions, boots, metadata, ready,
                          reboot, rebuild, set_version)

CLOUD = {"compute": True, "containers": True}
SECONDS = 60
kept = {}


def start(cloud):
    if not kept:
        kept["example"] = Example(cloud)
        kept["server"] = create(
            cloud, cloud.demo, kept["example"].ids["v1"], flavorRef="os",
            metadata={"os_image:env.GREETING": "it's", "os_image:overlays":
                      "/etc:16,/var:32,/nowhere/at/all:8,/tmp:8"})
    return kept["example"], kept["server"]


def need_ready(cloud, server, label, seconds=SECONDS):
    need(ready(cloud.demo, server, label, seconds), "%s is ready: %r\n%s" % (
        label, get(cloud.demo, "/servers/" + server).json,
        console(cloud, server)[-3000:]))


def last(cloud, server, *keys):
    said = boots(cloud, server)[-1]
    return tuple(said.get(k) for k in keys)


def test_container(cloud):
    _, server = start(cloud)
    need_ready(cloud, server, "example:v1")
    said = boots(cloud, server)[-1]
    want = {"version": "v1", "told": "example:v1", "etc": "", "var": "",
            "data": "", "write-etc": "done", "write-var": "done",
            "write-data": "done", "write-tmp": "done",
            "write-usr": "refused", "write-software": "refused",
            "mount": "refused", "sysrq": "refused", "cgroups": "0",
            "irqs": "0", "software": "tools-1", "zone": "CET",
            "greeting": "it's", "etc-mb": "16", "tmp-mode": "1777"}
    equal({k: said.get(k) for k in want}, want, "the first boot")
    status(reboot(cloud.demo, server), 202, "reboot")
    need(until(lambda: len(boots(cloud, server)) == 2 and
               boots(cloud, server)[-1].get("ready"), SECONDS), "again: " +
         console(cloud, server)[-2000:])
    equal(last(cloud, server, "etc", "var", "data"), ("", "", "v1"),
          "/etc and /var are the image's again, /data is kept")
    status(post(cloud.demo, "/servers", {"server": {
        "name": "plain", "flavorRef": "os", "imageRef": cloud.admin.get(
            "image", "/v2/images?name=demo").json["images"][0]["id"]}}), 202,
        "a disk of its own")
    need(until(lambda: [s["status"] for s in get(
        cloud.demo, "/servers/detail?name=plain").json["servers"]] ==
        ["ERROR"], 20), "is for machines")


def test_switch(cloud):
    ex, server = start(cloud)
    status(rebuild(cloud.demo, server, ex.ids["v2"]), 202, "rebuild")
    need_ready(cloud, server, "example:v2")
    equal(last(cloud, server, "version", "data"), ("v2", "v1,v1"), "v2")
    set_version(cloud.demo, server, "example:v3")
    status(reboot(cloud.demo, server), 202, "reboot")
    need(until(lambda: metadata(cloud.demo, server).get("os_image:fallback"),
               DEADLINE + SECONDS), "v3 does not come up")
    need_ready(cloud, server, "example:v2")
    equal(last(cloud, server, "data"), ("v1,v1,v2",), "/data is kept")
    equal(actions(cloud.demo, server)[-1],
          ("os_image_fallback", "example:v3 gave no ready signal in time; "
           "back to example:v2"), "the action log")


def test_one_mount(cloud):
    """Of ten, all see the same file system: its cache is held once."""
    ex, _ = start(cloud)
    more = [create(cloud, cloud.demo, ex.ids["v2"], flavorRef="os")
            for _ in range(8)]
    for server in more:
        need_ready(cloud, server, "example:v2", 2 * SECONDS)
    with open("/proc/mounts") as f:
        mounts = [ln.split() for ln in f]
    at = cloud.path("nova", "systems", ex.ids["v2"])
    equal([m[2] for m in mounts if m[1] == at], ["squashfs"], "one mount")
    device = os.stat(at).st_dev
    seen = set()
    for pid in os.listdir("/proc"):
        root = "/proc/%s/root" % pid
        try:
            if pid.isdigit() and os.stat(root + "/usr").st_dev == device:
                seen.add(os.readlink("/proc/%s/ns/mnt" % pid))
        except OSError:
            continue
    check(len(seen) >= len(more) + 1, "%d containers on it" % len(seen))
    for server in more + [kept["server"]]:
        delete(cloud.demo, "/servers/" + server)
    need(until(lambda: os.listdir(cloud.path("nova", "instances")) == [] or
               not [s for s in get(cloud.demo, "/servers").json["servers"]
                    if s["name"] != "plain"], 60), "deleted")
    equal(cloud.virsh("list", "--all", "--name").stdout.strip(), "",
          "no domain")
    with open("/proc/mounts") as f:
        equal([ln for ln in f if "/instances/" in ln and cloud.home in ln],
              [], "no mount")
