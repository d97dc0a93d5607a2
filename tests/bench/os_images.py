#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OS images: what machines that share one cost, and a switch of versions.

    os_images.py [ROUNDS [MACHINES]]      (default: 5, 20)

Machines on one image against as many on private copies of it, in one run: page
cache of the systems, and memory of QEMU besides the guest's own. Then, to a
guest's word: a reboot on another version against a plain one, and against a
reinstall, which is the copy of an image to the host and a boot.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bench
from bench import Cloud, ROOT, say, until

sys.path.insert(0, os.path.join(ROOT, "tests/api"))
import os_image_rig as rig  # noqa: E402
from compute_kit import create, delete, get, mv, post  # noqa: E402
from first_boot_rig import console  # noqa: E402
from os_image_kit import os_image  # noqa: E402

SECONDS = 600
PAYLOAD_MB = 256        # what a small system has, and the example has not
RAM_MB = 96


def cached(paths):
    """MB of these files in the page cache."""
    out = subprocess.run(["fincore", "-b", "-n", "-o", "RES", *paths],
                         text=True, capture_output=True, check=True).stdout
    return sum(map(int, out.split())) / 1e6


def drop(path):
    with open(path, "rb") as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def qemus(cloud):
    """Process ids of the cloud's machines."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as f:
                if "qemu-system" in (words := f.read()) and \
                        cloud.path("nova") in words:
                    found.append(pid)
        except OSError:
            pass
    return found


def besides_ram(pid):
    """MB of a QEMU's PSS that is not its guest's memory."""
    total, size = 0, 0
    with open("/proc/%s/smaps" % pid) as f:
        for line in f:
            if line.startswith("Size:"):
                size = int(line.split()[1])
            elif line.startswith("Pss:") and size != RAM_MB * 1024:
                total += int(line.split()[1])
    return total / 1024


def gone(cloud, servers):
    for server in servers:
        delete(cloud.demo, "/servers/" + server)
    until(lambda: not get(cloud.demo, "/servers").json["servers"], SECONDS)


def machines(cloud, images):
    """One on each of these images, each having read all of its system;
    (page cache in MB after the first and after all, PSS of one)."""
    paths, servers, cache = [], [], []
    for n, image in enumerate(images):
        server = create(cloud, cloud.demo, image, flavorRef="os", metadata={
            "os_image:env.READ": "1"})
        servers.append(server)
        path = cloud.path("nova", "images", image + ".raw")
        until(lambda: os.path.exists(path), SECONDS)
        if path not in paths:
            drop(path)
            paths.append(path)
        if n == 0:
            until(lambda: "OS ready" in console(cloud, server), SECONDS)
            cache.append(cached(paths))
    until(lambda: all("OS ready" in console(cloud, s) for s in servers),
          SECONDS)
    cache.append(cached(paths))
    pss = statistics.median(map(besides_ram, qemus(cloud)))
    gone(cloud, servers)
    return cache[0], cache[1], pss


def memory(cloud, example, n):
    private = [os_image(cloud.admin, "private", "p%d" % i,
                        rig.part("v1.tar"), visibility="public",
                        **example.boots) for i in range(n)]
    first, last, pss = machines(cloud, [example.ids["v1"]] * n)
    shared = (last - first) / (n - 1)
    first, last, other = machines(cloud, private)
    copy = (last - first) / (n - 1)
    say("page cache of a further machine on the image", shared, "MB")
    say("page cache of a further private copy", copy, "MB")
    say("shared / private", 100 * shared / copy, "%", 10)
    say("QEMU besides the guest's memory, shared", pss, "MB")
    say("QEMU besides the guest's memory, private", other, "MB")


# -- time ---------------------------------------------------------------------

def booted(cloud, server, before):
    """Waits for one more boot than `before`."""
    until(lambda: console(cloud, server).count("OS etc-mb") > before,
          SECONDS, 0.01)


def timed(cloud, server, act):
    """Seconds from an act's request to the guest's word."""
    before = 0 if act[0] == "rebuild" else \
        console(cloud, server).count("OS etc-mb")
    began = time.monotonic()
    act[1]()
    if act[0] == "rebuild":     # its console begins anew
        until(lambda: console(cloud, server).count("OS etc-mb") == 0, SECONDS,
              0.002)
    booted(cloud, server, before)
    took = time.monotonic() - began
    until(lambda: rig.active(cloud.demo, server), SECONDS)
    return took


def plain_image(cloud, example, temp):
    """The same system with the payload as a disk of its own."""
    tree, disk = os.path.join(temp, "tree"), os.path.join(temp, "disk")
    os.makedirs(tree)
    subprocess.run(["tar", "-xf", os.path.join(rig.PARTS, "v1.tar"), "-C",
                    tree], check=True)
    with open(os.path.join(tree, "usr/payload"), "wb") as f:
        for _ in range(PAYLOAD_MB):
            f.write(os.urandom(1 << 20))
    subprocess.run(["truncate", "-s", "%dM" % (PAYLOAD_MB + 96), disk],
                   check=True)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, disk],
                   check=True)
    made = cloud.admin.post("image", "/v2/images", dict({
        "name": "plain", "visibility": "public", "disk_format": "raw",
        "container_format": "bare", "os_command_line": "root=/dev/vda rw "
        "rootfstype=ext4 init=/sbin/os-image-start console=ttyS0"},
        **example.boots)).json
    with open(disk, "rb") as f:
        put = cloud.admin.put("image", made["file"], f.read(), headers={
            "Content-Type": "application/octet-stream"})
    if put.status != 204:
        raise RuntimeError(repr(put))
    return made["id"]


def evict(cloud, image):
    """As on a host that never had it."""
    for name in os.listdir(cloud.path("nova", "images")):
        if name.startswith(image):
            os.unlink(cloud.path("nova", "images", name))


def switches(cloud, example, rounds):
    server = create(cloud, cloud.demo, example.ids["v1"], flavorRef="os")
    booted(cloud, server, 0)
    until(lambda: rig.active(cloud.demo, server), SECONDS)

    def hard(label):
        rig.set_version(cloud.demo, server, "example:" + label)
        return "reboot", lambda: rig.reboot(cloud.demo, server)
    timed(cloud, server, hard("v2"))
    plain, switch = [], []
    for n in range(rounds):
        now, other = ("v2", "v1") if n % 2 == 0 else ("v1", "v2")
        plain.append(timed(cloud, server, hard(now)))
        switch.append(timed(cloud, server, hard(other)))
    gone(cloud, [server])
    return statistics.median(plain), statistics.median(switch)


def reinstalls(cloud, example, rounds):
    took = []
    with tempfile.TemporaryDirectory() as temp:
        image = plain_image(cloud, example, temp)
        server = create(cloud, cloud.demo, image, flavorRef="os")
        booted(cloud, server, 0)
        until(lambda: rig.active(cloud.demo, server), SECONDS)
        for _ in range(rounds):
            post(cloud.demo, "/servers/%s/action" % server, {"os-stop": None})
            until(lambda: get(cloud.demo, "/servers/" + server).json["server"]
                  ["status"] == "SHUTOFF", SECONDS)
            evict(cloud, image)
            gone(cloud, [server])
            began = time.monotonic()
            server = create(cloud, cloud.demo, image, flavorRef="os")
            booted(cloud, server, 0)
            took.append(time.monotonic() - began)
            until(lambda: rig.active(cloud.demo, server), SECONDS)
        gone(cloud, [server])
    return statistics.median(took)


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    n = int(sys.argv[2]) if sys.argv[2:] else 20
    if not os.path.exists(os.path.join(rig.PARTS, "v1.tar")):
        subprocess.run([os.path.join(ROOT, "tests/guest/build-os-image.sh"),
                        rig.PARTS], check=True)
    with Cloud(compute=True, options={"nova-lite-compute": {
            ("compute", "shutdown_timeout"): 10}}) as cloud:
        cloud.admin.put("compute", "/v2.1/os-quota-sets/" +
                        cloud.demo.project_id, {"quota_set": {
                            "ram": -1, "cores": -1, "instances": -1}},
                        headers=mv(1))
        example = rig.Example(cloud)
        memory(cloud, example, n)
        plain, switch = switches(cloud, example, rounds)
        again = reinstalls(cloud, example, rounds)
    say("hard reboot, to the guest's word", plain, "s")
    say("hard reboot on another version", switch, "s")
    say("what the switch adds", switch - plain, "s", 1)
    say("reinstall: copy of %d MB and boot" % (PAYLOAD_MB + 96), again, "s")
    say("reinstall / switch", again / switch, "x", 1, least=True)
    return bool(bench.missed)


if __name__ == "__main__":
    sys.exit(main())
