#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The query for candidates over 1,000, 10,000 and 100,000 manifests.

    candidates.py [NUMBER...]

Each has 50 files (see manifests.sql). Asked for, in turn, over one connection
through the whole service: variants of stored sets, where a few files are
others; stored sets; and sets that share no file but those that every image
has, the worst case, which must look at every image.
"""
import hashlib
import http.client
import json
import os
import random
import statistics
import sys
import time

import bench
from bench import Cloud, say

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES, ROUNDS, WARM = (1000, 10000, 100000), 200, 60


def file(path):
    return {"path": path, "size": 1000 + len(path) * 64,
            "sha256": hashlib.sha256(path.encode()).hexdigest()}


def stored(n):
    """The files of manifest n."""
    return [file(p) for p in
            ["/srv/family/%d/%d" % (n // 20, k) for k in range(1, 36)] +
            ["/etc/role/%d/%d" % (n % 10, k) for k in range(1, 8)] +
            ["/etc/all/%d" % k for k in range(1, 4)] +
            ["/etc/own/%d/%d" % (n, k) for k in range(1, 6)]]


def variant(n, rand):
    """Three of its own files and two of the family's are others."""
    files = stored(n)
    return files[2:-3] + [file("/new/%d" % rand.getrandbits(60))
                          for _ in range(5)]


def stranger(_, rand):
    return [file("/etc/all/%d" % k) for k in range(1, 4)] + [
        file("/new/%d" % rand.getrandbits(60)) for _ in range(47)]


def fill(cloud, base, first, last):
    with open(os.path.join(HERE, "manifests.sql")) as f:
        text = f.read()
    for name, value in ((":owner", "'%s'" % cloud.demo.project_id),
                        (":base", "'%s'" % base), (":first", str(first)),
                        (":last", str(last))):
        text = text.replace(name, value)
    cloud.sql(text)


def p50(cloud, base, make, want, rounds=ROUNDS):
    """Milliseconds of the median request."""
    rand = random.Random(3)
    conn = http.client.HTTPConnection(*cloud.urls["image"])
    took = []
    for n in range(rounds + WARM):
        body = json.dumps({"files": make(n, rand)})
        began = time.monotonic()
        conn.request("POST", "/v2/images/%s/candidates" % base, body, {
            "X-Auth-Token": cloud.demo.token,
            "Content-Type": "application/json"})
        reply = json.loads(conn.getresponse().read())
        took.append(time.monotonic() - began)
        if reply.get("match") != want:
            raise RuntimeError("%s instead of %s: %.300r" % (
                reply.get("match"), want, reply))
    conn.close()
    return statistics.median(took[WARM:]) * 1000


def active_image(cloud):
    image = cloud.demo.post("image", "/v2/images", {
        "disk_format": "raw", "container_format": "bare"}).json["id"]
    cloud.demo.put("image", "/v2/images/%s/file" % image, b"x")
    return image


def main():
    sizes = [int(a) for a in sys.argv[1:]] or SIZES
    with Cloud() as cloud:
        base, exact = active_image(cloud), active_image(cloud)
        cloud.demo.put("image", "/v2/images/%s/manifest" % exact, {
            "base_image": base, "files": stored(7)})
        first, there = None, 0
        for size in sizes:
            fill(cloud, base, there, size - 1)
            there = size
            rand = random.Random(size)
            found = p50(cloud, base, lambda n, r: variant(
                rand.randrange(size), r), "nearest")
            first = first or found
            say("nearest of %d manifests, p50" % size, found, "ms", 10)
            say("nearest of %d manifests / of %d" % (size, sizes[0]),
                found / first, "x", 3)
            say("exact match among %d manifests, p50" % size, p50(
                cloud, base, lambda n, r: stored(7), "exact"), "ms")
            say("none like it among %d manifests, p50" % size,
                p50(cloud, base, stranger, "base", 40), "ms")
    return bool(bench.missed)


if __name__ == "__main__":
    sys.exit(main())
