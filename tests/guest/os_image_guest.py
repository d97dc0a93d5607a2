# SPDX-License-Identifier: Apache-2.0
"""Machines that share OS images: what is theirs and what is not, switches,
and ways back. One machine goes through all of it."""
import os

import bootparts
from compute_kit import create, delete, get, post
from first_boot_rig import console
from harness import check, equal, need, status, until
from os_image_kit import os_image
from os_image_rig import (BOOT_SECONDS, DEADLINE, Example, actions, active,
                          boots, metadata, part, ready, reboot, rebuild,
                          set_version)

CLOUD = {"compute": True, "options": {"nova-lite-compute": {
    ("compute", "os_image_grace"): 30}}}
kept = {}


def start(cloud):
    """The example and its machine, made by the first test."""
    if not kept:
        kept["example"] = Example(cloud)
        kept["server"] = create(
            cloud, cloud.demo, kept["example"].ids["v1"], flavorRef="os",
            metadata={"os_image:env.GREETING": "it's"})
    return kept["example"], kept["server"]


def need_ready(cloud, server, label, seconds=BOOT_SECONDS):
    need(ready(cloud.demo, server, label, seconds), "%s is ready: %r\n%s" % (
        label, metadata(cloud.demo, server), console(cloud, server)[-3000:]))


def last(cloud, server, *keys):
    said = boots(cloud, server)[-1]
    return tuple(said.get(k) for k in keys)


def test_machine(cloud):
    """What it may write to, and what of that is there after a reboot."""
    _, server = start(cloud)
    need_ready(cloud, server, "example:v1")
    said = boots(cloud, server)[-1]
    want = {"version": "v1", "told": "example:v1", "etc": "", "var": "",
            "data": "", "write-etc": "done", "write-var": "done",
            "write-data": "done", "write-tmp": "done",
            "write-usr": "refused", "write-software": "refused",
            "write-drive": "refused", "software": "tools-1", "zone": "CET",
            "greeting": "it's", "etc-mb": "16", "tmp-mode": "1777"}
    equal({k: said.get(k) for k in want}, want, "the first boot")
    status(reboot(cloud.demo, server, "SOFT"), 202, "reboot")
    need(until(lambda: len(boots(cloud, server)) == 2 and
               boots(cloud, server)[-1].get("ready"), BOOT_SECONDS), "again")
    equal(last(cloud, server, "etc", "var", "data"), ("", "", "v1"),
          "/etc and /var are the image's again, /data is kept")
    equal(metadata(cloud.demo, server)["os_image:state"], "ready", "ready")


def test_one_file(cloud):
    """The system is the file of the host's cache; nobody may write to it."""
    ex, server = start(cloud)
    xml = cloud.virsh("dumpxml", server).stdout
    path = cloud.path("nova", "images", ex.ids["v1"] + ".raw")
    check("file='%s'" % path in xml, "it is the drive")
    facts = os.stat(path)
    equal((facts.st_mode & 0o777, facts.st_uid, facts.st_nlink),
          (0o444, os.getuid(), 1), "mode and owner")


def test_rebuild(cloud):
    ex, server = start(cloud)
    status(rebuild(cloud.demo, server, ex.ids["v2"]), 202, "rebuild")
    need_ready(cloud, server, "example:v2")
    equal(last(cloud, server, "version", "etc", "data"), ("v2", "", "v1,v1"),
          "v2 runs, /data is kept")


def test_metadata_and_reboot(cloud):
    ex, server = start(cloud)
    set_version(cloud.demo, server, "example:v1")
    status(reboot(cloud.demo, server), 202, "reboot")
    need_ready(cloud, server, "example:v1")
    equal(last(cloud, server, "version", "data"), ("v1", "v1,v1,v2"), "back")
    set_version(cloud.demo, server, "example:v2")
    status(post(cloud.demo, "/servers/%s/action" % server, {"os-stop": None}),
           202, "stop")
    need(until(lambda: get(cloud.demo, "/servers/" + server).json["server"][
        "status"] == "SHUTOFF", 60), "off")
    status(post(cloud.demo, "/servers/%s/action" % server, {"os-start": None}),
           202, "start")
    need_ready(cloud, server, "example:v2")
    equal(last(cloud, server, "version"), ("v2",), "by stop and start")


def test_broken_version(cloud):
    """v3's script fails: by itself back on v2, within the deadline and the
    time of a boot; the log has both."""
    ex, server = start(cloud)
    before = last(cloud, server, "data")[0]
    status(rebuild(cloud.demo, server, ex.ids["v3"]), 202, "rebuild")
    need(until(lambda: "OS v3 fails" in console(cloud, server), BOOT_SECONDS),
         "v3 was tried")
    need_ready(cloud, server, "example:v2", DEADLINE + BOOT_SECONDS)
    equal(last(cloud, server, "version", "data"), ("v2", before + ",v2"),
          "/data is kept")
    found = metadata(cloud.demo, server)
    equal((found["os_image"], found["os_image:requested"],
           found["os_image:fallback"]),
          ("example:v3", "example:v3",
           "example:v3 is not run: it gave no ready signal in time"), "facts")
    equal(actions(cloud.demo, server)[-2:], [
        ("rebuild", None),
        ("os_image_fallback", "example:v3 gave no ready signal in time; back "
         "to example:v2")], "the action log")
    need(active(cloud.demo, server) == "ACTIVE", "active")


def test_unknown_version(cloud):
    ex, server = start(cloud)
    set_version(cloud.demo, server, "example:v9")
    status(reboot(cloud.demo, server), 202, "reboot")
    need_ready(cloud, server, "example:v1")
    equal(metadata(cloud.demo, server)["os_image:fallback"],
          "example:v9 is not run: there is no such version", "it says so")
    equal(actions(cloud.demo, server)[-1],
          ("reboot", "example:v9 is not run: there is no such version"),
          "and so does the log")


def test_damaged_in_cache(cloud):
    """What is not what its digest says is brought anew before it is used."""
    ex, server = start(cloud)
    path = cloud.path("nova", "images", ex.ids["v2"] + ".raw")
    os.chmod(path, 0o644)
    with open(path, "r+b") as f:
        f.seek(5000)
        f.write(b"damaged")
    set_version(cloud.demo, server, "example:v2")
    status(reboot(cloud.demo, server), 202, "reboot")
    need_ready(cloud, server, "example:v2")
    with open(path, "rb") as f:
        f.seek(5000)
        check(f.read(7) != b"damaged", "another file")


def test_damaged_in_store(cloud):
    """A version that cannot be brought gives way to the default one."""
    ex, server = start(cloud)
    ident = ex.add("v4")
    path = cloud.path("images", ident)
    need(os.path.exists(path), path)
    os.chmod(path, 0o644)
    with open(path, "r+b") as f:
        f.seek(5000)
        f.write(b"damaged")
    set_version(cloud.demo, server, "example:v4")
    status(reboot(cloud.demo, server), 202, "reboot")
    need(until(lambda: active(cloud.demo, server) == "ACTIVE" and
               metadata(cloud.demo, server).get("os_image:requested") ==
               "example:v4", 30), "told")
    need_ready(cloud, server, "example:v2")
    said = metadata(cloud.demo, server)["os_image:fallback"]
    check("this host cannot bring it" in said, "it says so: %r" % said)


def test_managed_boot(cloud):
    """With a kernel and modules that its version names by managed boot."""
    ex, _ = start(cloud)
    release = bootparts.releases()[0]
    bootparts.register(cloud.admin)
    image = os_image(cloud.admin, "example", "v5", part("v1.tar"),
                     visibility="public", **{
                         "boot:kernel": "linux-" + release,
                         "boot:modules": "squashfs,overlay"})
    server = create(cloud, cloud.demo, image, flavorRef="os")
    need_ready(cloud, server, "example:v5")
    equal(last(cloud, server, "told", "write-etc", "write-data", "etc-mb"),
          ("example:v5", "done", "done", "16"), "it runs")
    delete(cloud.demo, "/servers/" + server)


def test_collected(cloud):
    """Versions that nothing uses leave the host after the grace time, the
    others stay."""
    ex, server = start(cloud)
    folder = cloud.path("nova", "images")
    need(until(lambda: ex.ids["v3"] + ".raw" not in os.listdir(folder), 120),
         "v3 is gone")
    check(ex.ids["v2"] + ".raw" in os.listdir(folder), "v2 is used")
    delete(cloud.demo, "/servers/" + server)
    need(until(lambda: get(cloud.demo, "/servers/" + server).status == 404,
               60), "deleted")
    equal(os.listdir(cloud.path("nova", "instances")), [], "nothing is left")
    equal(cloud.virsh("list", "--all", "--name").stdout.strip(), "",
          "no domain")
