#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Walks the recordings of the real services and compares: the same requests
in the same order must get the same status, the headers that clients use, the
same shape of JSON, and errors in the same words.

    recordings_test.py [-v] [FILE]      only the exchanges of FILE (image ...)

Differences that are meant stand in recordings.known, each with its reason;
one that no longer exists is a failure too.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from replay import BINS, Replay, Routes  # noqa: E402
from harness import Cloud, check, Count  # noqa: E402


# The recorded cloud's host and addresses; its guests are disks of zeros, which
# do not heed the power button.
OPTIONS = {
    "nova-lite": {("network", "cidr"): "10.0.1.0/24"},
    "nova-lite-compute": {("compute", "host"): "cmp1",
                          ("compute", "shutdown_timeout"): 1,
                          ("compute", "wait_soft_reboot_seconds"): 1},
}


def load(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return f.read().splitlines()


def known():
    """{"METHOD PATH STATUS LABEL": reason}; lines: key | reason."""
    out = {}
    for line in load("recordings.known"):
        if line and not line.startswith("#"):
            key, reason = line.split(" | ", 1)
            out[key] = reason
    return out


def key_of(e):
    return "%s %s %s %d %s" % (e["service"], e["method"], e["op"],
                               e["status"], e["cli"][:60].strip())


def prepare(cloud, player, exchanges):
    """What the recordings take for granted."""
    admin = cloud.admin
    tiny = admin.post("image", "/v2/images", {
        "name": "tiny", "visibility": "public", "disk_format": "raw",
        "container_format": "bare"}).json["id"]
    admin.put("image", "/v2/images/%s/file" % tiny, bytes(1 << 20))
    player.adopt(exchanges, "tiny", tiny)
    network = cloud.sql("select id from compute.networks")[0][0]
    player.adopt_networks(exchanges, network)
    player.image, player.network = tiny, network
    for flavor in ("4", "5", "42", "84"):
        admin.post("compute", "/v2.1/flavors", {"flavor": {
            "name": "old." + flavor, "id": flavor, "ram": 64, "vcpus": 1,
            "disk": 1}})
    for name in ("mvkp", "reckey3"):
        admin.post("compute", "/v2.1/os-keypairs", {"keypair": {"name": name}})
    raise_quota(admin)


def raise_quota(admin):
    admin.put("compute", "/v2.1/os-quota-sets/" + admin.project_id,
              {"quota_set": {"instances": -1, "cores": -1, "ram": -1}})


def walk(cloud, exchanges, verbose, whole):
    player, routes, meant = Replay(cloud), Routes(BINS), known()
    prepare(cloud, player, exchanges)
    used, skipped, lacking = set(), 0, 0
    for e in exchanges:
        e["op"] = routes.find(e["service"], e["method"], e["path"],
                              e["body"]) or "none"
        player.lend_server(e)
        if player.lacks(e):
            lacking += 1
            continue
        if player.beyond(e):
            lacking += 1
            player.do(e)
            continue
        try:
            reply, diffs = player.run(e)
        except OSError as error:
            reply, diffs = None, ["no reply: %s" % error]
        if e["op"] == "quota_delete":
            raise_quota(cloud.admin)
        key = key_of(e)
        if diffs and key in meant:
            used.add(key)
            skipped += 1
            continue
        if not check(not diffs, key + "".join("\n      " + d
                                              for d in diffs[:6])) and verbose:
            print("      %r\n      body %s" % (reply, json.dumps(e["body"])))
    for key in sorted(set(meant) - used) if whole else ():
        check(False, "no longer different: " + key)
    print("%d exchanges differ as meant (recordings.known); %d need a "
          "thing or a microversion that is not here" % (skipped, lacking))


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("-")]
    exchanges = [json.loads(line) for line in load("recordings.jsonl")]
    if words:
        exchanges = [e for e in exchanges if e["file"] in words]
    cloud = Cloud(compute=True, options=OPTIONS)
    with open(cloud.path("secret/admin"), "w") as f:
        f.write("admin\n")
    with cloud:
        walk(cloud, exchanges, "-v" in sys.argv, not words)
    print("%d passed, %d failed" % (Count.passed, Count.failed))
    return Count.failed > 0


if __name__ == "__main__":
    sys.exit(main())
