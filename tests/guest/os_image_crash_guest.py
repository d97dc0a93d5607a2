# SPDX-License-Identifier: Apache-2.0
"""The agent dies at each step of a switch to another version, and while a
version that does not come up is waited for: the machine ends on a good one,
with its data."""
import os
import subprocess

from compute_kit import create, delete, get
from first_boot_rig import console
from harness import check, equal, need, status, until
from os_image_rig import (BOOT_SECONDS, DEADLINE, Example, boots, metadata,
                          ready, reboot, rebuild, set_version)

CLOUD = {"compute": True}
kept = {}


def start(cloud):
    if not kept:
        kept["example"] = Example(cloud)
        kept["server"] = create(cloud, cloud.demo,
                                kept["example"].ids["v1"], flavorRef="os")
        kept["wrote"] = []
        come_up(cloud, "v1")
    return kept["example"], kept["server"]


def come_up(cloud, version, seconds=BOOT_SECONDS):
    """It is ready, and finds on its data drive all that it ever wrote."""
    server = kept["server"]
    need(ready(cloud.demo, server, "example:" + version, seconds),
         "%s is ready: %r\n%s" % (version, metadata(cloud.demo, server),
                                  console(cloud, server)[-2000:]))
    said = boots(cloud, server)[-1]
    equal(said["version"], version, "it runs")
    equal(said["data"], ",".join(kept["wrote"]), "its data")
    kept["wrote"].append(version)


def steps(cloud, kind):
    agent = os.path.join(cloud.bin, "nova-lite-compute")
    listed = subprocess.run([agent, "--dump-steps"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.split()
    return [s for s in listed if s.startswith(kind + ".")]


def revive(cloud):
    """Waits for the agent to die of its fault, and starts it again."""
    process = cloud.process("nova-lite-compute")
    need(until(lambda: not process.alive(), 60), "it dies")
    process.wait()
    cloud.processes.remove(process)
    cloud.add("nova-lite-compute")


def walk(cloud, faults, switch):
    ex, server = start(cloud)
    for n, fault in enumerate(faults):
        version = "v1" if metadata(cloud.demo, server)[
            "os_image:running"] == "example:v2" else "v2"
        cloud.restart("nova-lite-compute", env={"LITE_CRASH_AT": fault})
        switch(ex, server, version)
        revive(cloud)
        come_up(cloud, version)
    equal(cloud.sql("select count(*) from lite.jobs")[0][0], "0", "no job")
    equal(cloud.virsh("list", "--name").stdout.split(),
          cloud.virsh("list", "--all", "--name").stdout.split(), "one domain")


def test_agent_dies_at_a_reboot(cloud):
    def switch(ex, server, version):
        set_version(cloud.demo, server, "example:" + version)
        status(reboot(cloud.demo, server), 202, "reboot")
    found = steps(cloud, "server_reboot")
    walk(cloud, found + [found[-1] + ":after"], switch)
    equal(len(found), 9, "steps")


def test_agent_dies_at_a_rebuild(cloud):
    def switch(ex, server, version):
        status(rebuild(cloud.demo, server, ex.ids[version]), 202, "rebuild")
    walk(cloud, steps(cloud, "server_rebuild"), switch)


def test_agent_dies_on_the_way_back(cloud):
    """While it waits, and at a step of the return."""
    ex, server = start(cloud)
    good = metadata(cloud.demo, server)["os_image:running"].split(":")[1]
    cloud.restart("nova-lite-compute", env={
        "LITE_CRASH_AT": "server_reboot.define"})
    status(rebuild(cloud.demo, server, ex.ids["v3"]), 202, "rebuild")
    need(until(lambda: "OS v3 fails" in console(cloud, server), BOOT_SECONDS),
         "it was tried")
    process = cloud.process("nova-lite-compute")
    process.kill()
    process.wait()
    cloud.processes.remove(process)
    cloud.add("nova-lite-compute", env={
        "LITE_CRASH_AT": "server_reboot.define"})
    revive(cloud)
    come_up(cloud, good, DEADLINE + BOOT_SECONDS)
    check("fallback" in str(metadata(cloud.demo, server)), "it says so")
    delete(cloud.demo, "/servers/" + server)
    need(until(lambda: get(cloud.demo, "/servers/" + server).status == 404,
               60), "deleted")
