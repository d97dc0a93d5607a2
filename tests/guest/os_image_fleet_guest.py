# SPDX-License-Identifier: Apache-2.0
"""Twenty machines on one OS image: one file for all, and a switch of all of
them, which one machine does not survive at first."""
import os

from compute_kit import create, delete, get, post, put
from harness import check, equal, need, status, until
from os_image_rig import BOOT_SECONDS, Example, boots, metadata, ready

# A cloud of its own.
CLOUD = {"compute": True, "options": {"nova-lite-compute": {
    ("compute", "max_concurrent_jobs"): 20}}}
MACHINES, BATCH, BAD = 20, 5, 7
SECONDS = 4 * BOOT_SECONDS
PATH = "/os-system-images/example/switch"
kept = {}


def test_twenty(cloud):
    quota = put(cloud.admin, "/os-quota-sets/" + cloud.demo.project_id, {
        "quota_set": {"instances": 50, "cores": 50}})
    status(quota, 200, "quota")
    ex = kept["example"] = Example(cloud, 90)
    servers = kept["servers"] = [create(
        cloud, cloud.demo, ex.ids["v1"], flavorRef="os",
        metadata={"os_image:env.BROKEN": "v2"} if n == BAD else {})
        for n in range(MACHINES)]
    for server in servers:
        need(ready(cloud.demo, server, "example:v1", SECONDS), "ready: %r" %
             metadata(cloud.demo, server))
    files = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as f:
                words = f.read()
            if "qemu-system" not in words or cloud.path("nova") not in words:
                continue
            for fd in os.listdir("/proc/%s/fd" % pid):
                files.add((pid, os.readlink("/proc/%s/fd/%s" % (pid, fd))))
        except OSError:
            continue
    system = cloud.path("nova", "images", ex.ids["v1"] + ".raw")
    equal(len({pid for pid, path in files if path == system}), MACHINES,
          "QEMUs that have the one file open")


def show(cloud):
    return get(cloud.demo, PATH + "/" + kept["switch"]).json["switch"]


def settled(cloud, state):
    return until(lambda: show(cloud)["state"] == state and not
                 show(cloud)["progress"]["switching"], SECONDS, 0.5)


def test_switch_stops(cloud):
    servers = kept["servers"]
    made = post(cloud.demo, PATH, {"switch": {
        "from": "v1", "to": "v2", "batch": BATCH, "max_failures": 0}})
    status(made, 202, "switch")
    kept["switch"] = made.json["switch"]["id"]
    most = 0

    def over():
        nonlocal most
        doc = show(cloud)
        most = max(most, doc["progress"]["switching"])
        return doc["state"] == "stopped" and not doc["progress"]["switching"]
    need(until(over, SECONDS, 0.2), "it stops: %r" % show(cloud))
    check(most <= BATCH, "%d at once" % most)
    doc = show(cloud)
    of = {s["id"]: s for s in doc["servers"]}
    equal(of[servers[BAD]]["state"], "rolled_back", "the bad one")
    check("no ready signal" in of[servers[BAD]]["message"], "why")
    check("1 of the servers did not come up" in doc["reason"], "reported")
    check(doc["progress"]["waiting"] > 0 and doc["progress"]["done"] > 0,
          "in the middle: %r" % doc["progress"])
    need(ready(cloud.demo, servers[BAD], "example:v1"), "it is back")
    equal(boots(cloud, servers[BAD])[-1]["data"], "v1,v2", "with its data")


def test_switch_resumes(cloud):
    servers = kept["servers"]
    delete(cloud.demo, "/servers/%s/metadata/os_image:env.BROKEN" %
           servers[BAD])
    status(post(cloud.demo, "%s/%s/action" % (PATH, kept["switch"]),
                {"resume": None}), 202, "resume")
    need(settled(cloud, "done"), "done: %r" % show(cloud))
    equal(show(cloud)["progress"], {
        "waiting": 0, "switching": 0, "done": MACHINES, "rolled_back": 0,
        "failed": 0}, "all of them")
    equal({metadata(cloud.demo, s)["os_image:running"] for s in servers},
          {"example:v2"}, "what they run")
    for server in servers:
        delete(cloud.demo, "/servers/" + server)
    need(until(lambda: not get(cloud.demo, "/servers").json["servers"], 120),
         "deleted")
