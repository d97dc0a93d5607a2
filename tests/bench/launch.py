#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Launches of servers with files: 200 of them, 1 MiB in all, then 10 MiB.

    launch.py [ROUNDS]      (default: 5; medians of interleaved rounds)

Times to ACTIVE and to the guest's first word: plain (no files), exact match,
nearest candidate (1 of the 200 files is another), and the first of its kind
(all of them injected into the base). Beside them the same injection by
libguestfs, and the bytes of a snapshot against the complete image.

The size matters: personality carries all contents as base64, whatever the
match, and reading it grows with them. At 10 MiB that is beyond the bar of
exact / plain, which lite:files with digests alone ("known") meets.
"""
import base64
import hashlib
import os
import statistics
import subprocess
import sys
import time

import bench
from bench import Cloud, MIB, ROOT, say, until
import guestfs

FILES = 200
SMALL, BIG = MIB, 10 * MIB


class Launcher:
    def __init__(self, cloud, total):
        self.cloud = cloud
        self.total = total
        self.image = cloud.demo.get("image", "/v2/images?name=demo").json[
            "images"][0]["id"]
        self.files = {"/opt/app/%d" % i: os.urandom(total // FILES)
                      for i in range(FILES)}
        quota = {"injected_files": FILES, "injected_file_content_bytes": -1,
                 "ram": -1, "cores": -1, "instances": -1}
        reply = cloud.admin.put(
            "compute", "/v2.1/os-quota-sets/" + cloud.demo.project_id,
            {"quota_set": quota})
        if reply.status != 200:
            raise RuntimeError(repr(reply))

    def set_of(self, kind):
        """The files of a launch of this kind, when another was there."""
        if kind == "plain":
            return {}
        files = dict(self.files)
        if kind == "nearest":
            files["/opt/app/0"] = os.urandom(self.total // FILES)
        elif kind == "first":
            files = {p + "x": os.urandom(len(d)) for p, d in files.items()}
        return files

    def body(self, kind):
        files = self.set_of(kind).items()
        server = {"name": "bench", "imageRef": self.image, "flavorRef": "1"}
        if kind == "known":
            server["lite:files"] = [
                {"path": p, "sha256": hashlib.sha256(d).hexdigest()}
                for p, d in files]
        else:
            server["personality"] = [
                {"path": p, "contents": base64.b64encode(d).decode()}
                for p, d in files]
        return {"server": server}

    def launch(self, kind):
        """(seconds to ACTIVE, seconds to the first word)."""
        body = self.body(kind)
        began = time.monotonic()
        reply = self.cloud.demo.post("compute", "/v2.1/servers", body)
        if reply.status != 202:
            raise RuntimeError(repr(reply))
        server = reply.json["server"]["id"]
        active = self.wait(began, lambda: self.status(server) == "ACTIVE")
        spoke = self.wait(began, lambda: self.has_spoken(server))
        self.check(server, kind)
        self.delete(server)
        return active, spoke

    @staticmethod
    def wait(began, fn):
        if not until(fn, 120, 0.005):
            raise RuntimeError("it takes too long")
        return time.monotonic() - began

    def status(self, server):
        shown = self.cloud.demo.get("compute", "/v2.1/servers/" + server)
        shown = shown.json["server"]
        if shown["status"] == "ERROR":
            raise RuntimeError(shown["fault"])
        return shown["status"]

    def has_spoken(self, server):
        path = self.cloud.path("nova", "instances", server, "console.log")
        return os.path.exists(path) and os.path.getsize(path) > 0

    def check(self, server, kind):
        said = self.cloud.sql("select message from compute.actions where "
                              "server_id = '%s'" % server)[0][0]
        want = {"plain": "", "exact": "Exact", "known": "Exact",
                "nearest": "Nearest", "first": "No candidate"}[kind]
        if not (said or "").startswith(want):
            raise RuntimeError("%s: %s" % (kind, said))

    def delete(self, server):
        self.cloud.demo.delete("compute", "/v2.1/servers/" + server)
        until(lambda: self.cloud.demo.get(
            "compute", "/v2.1/servers/" + server).status == 404, 60)
        self.settle()

    def settle(self):
        """Until nothing is left to do in the background."""
        until(lambda: self.cloud.sql("select count(*) from lite.jobs")[0][0]
              == "0", 60)

    def prepare(self):
        """The stored set, which is exact for one kind, nearest for another."""
        reply = self.cloud.demo.post("compute", "/v2.1/servers",
                                     self.body("exact"))
        server = reply.json["server"]["id"]
        until(lambda: self.status(server) == "ACTIVE", 120)
        self.delete(server)


def times(launcher, rounds, *kinds):
    """The medians of each kind, which are printed."""
    got = {kind: [] for kind in kinds}
    launcher.prepare()
    for _ in range(rounds):
        for kind in kinds:
            got[kind].append(launcher.launch(kind))
    found = {kind: [statistics.median(t[i] for t in got[kind])
                    for i in range(2)] for kind in kinds}
    print("%d files, %d MiB" % (FILES, launcher.total // MIB))
    for kind, (active, spoke) in found.items():
        say("%s: to ACTIVE" % kind, active * 1000, "ms")
        say("%s: to the first word" % kind, spoke * 1000, "ms")
    return found


def against_plain(found, kind, bar=None):
    say("%s / plain, to ACTIVE" % kind, found[kind][0] / found["plain"][0],
        "x", bar)


def delta(cloud, launcher):
    """Bytes stored for the set, against its contents and a complete image."""
    stored = cloud.demo.get("image", "/v2/images?os_hidden=true&limit=1&"
                            "sort=created_at:asc").json["images"][0]["id"]
    part = len(cloud.demo.get("image", "/v2/images/%s/delta" % stored).body)
    whole = len(cloud.demo.get("image", "/v2/images/%s/file" % stored).body)
    say("snapshot / (1.2 x injected bytes + 1 MiB)",
        part / (1.2 * launcher.total + MIB), "x", 1)
    say("snapshot / complete image", part / whole, "x")


def by_libguestfs(cloud, launcher):
    """Seconds for the files into the demo image's root file system."""
    image = cloud.path("nova", "images", launcher.image + ".qcow2")
    sources = []
    for path, data in launcher.files.items():
        sources.append((path, os.path.join(cloud.temp,
                                           os.path.basename(path))))
        with open(sources[-1][1], "wb") as f:
            f.write(data)
    return guestfs.inject((image, "qcow2"), "/dev/sda2", sources)


def against_libguestfs(cloud, launcher, found):
    """A launch after one more injection, as libguestfs would do it."""
    seconds = by_libguestfs(cloud, launcher)
    if seconds is None:
        print("libguestfs is not here: its figures are left out")
        return
    theirs = seconds + found["plain"][0]
    say("injection by libguestfs", seconds * 1000, "ms")
    for kind in ("exact", "nearest"):
        say("launch by libguestfs / %s" % kind, theirs / found[kind][0], "x",
            5, least=True)


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    options = {"nova-lite": {("DEFAULT", "max_request_body_size"): 64 << 20}}
    with Cloud(compute=True, options=options) as cloud:
        small = Launcher(cloud, SMALL)
        small.launch("plain")
        found = times(small, rounds, "plain", "exact", "nearest", "first")
        against_plain(found, "exact", 1.1)
        delta(cloud, small)
        against_libguestfs(cloud, small, found)
        found = times(Launcher(cloud, BIG), rounds, "plain", "known", "exact")
        against_plain(found, "known", 1.1)
        against_plain(found, "exact")
    return bool(bench.missed)


if __name__ == "__main__":
    sys.exit(main())
