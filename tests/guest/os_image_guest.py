# SPDX-License-Identifier: Apache-2.0
"""Machines that share OS images: what is theirs and what is not, switches,
and ways back."""
import os

from compute_kit import create, delete, get, post
from first_boot_rig import console
from harness import check, equal, need, status, until
from os_image_rig import (BOOT_SECONDS, Example, actions, active, boots,
                          metadata, ready, reboot, rebuild, running,
                          set_version)

CLOUD = {"compute": True}
kept = {}


def example(cloud):
    if "example" not in kept:
        kept["example"] = Example(cloud)
    return kept["example"]


def data(cloud, server):
    """The last boot's word on /data."""
    return boots(cloud, server)[-1].get("data")


def test_machine(cloud):
    """What it may write to, and what of that is there after a reboot."""
    ex = example(cloud)
    server = create(cloud, cloud.demo, ex.ids["v1"], flavorRef="os", metadata={
        "os_image:env.GREETING": "it's"})
    need(ready(cloud.demo, server, "example:v1"), "ready: " +
         console(cloud, server)[-3000:])
    said = boots(cloud, server)[-1]
    want = {"version": "v1", "told": "example:v1", "etc": "", "var": "",
            "data": "", "write-etc": "done", "write-var": "done",
            "write-data": "done", "write-tmp": "done",
            "write-usr": "refused", "write-software": "refused",
            "write-drive": "refused", "software": "tools-1", "zone": "CET",
            "greeting": "it's", "etc-mb": "16"}
    equal({k: said.get(k) for k in want}, want, "the first boot")
    kept["server"] = server
    status(reboot(cloud.demo, server, "SOFT"), 202, "reboot")
    need(until(lambda: len(boots(cloud, server)) == 2 and
               boots(cloud, server)[-1].get("ready"), BOOT_SECONDS), "again")
    said = boots(cloud, server)[-1]
    equal((said["etc"], said["var"], said["data"]), ("", "", "v1"),
          "/etc and /var are the image's again, /data is kept")
