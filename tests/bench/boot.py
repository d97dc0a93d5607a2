#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot images: their building, and what they cost a launch and a boot.

    boot.py [ROUNDS]      (default: 5; medians of interleaved rounds)

The build of an image with 20 modules; a launch with an image from the cache
against one without managed boot; 50 servers with one image; and from its start
to the guest's word, a machine with a boot drive against one whose kernel QEMU
loads itself.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bench
from bench import Cloud, ROOT, say, until

sys.path.insert(0, os.path.join(ROOT, "tests/guest"))
sys.path.insert(0, os.path.join(ROOT, "tox-free-ci"))
import boot_image_test as image  # noqa: E402
import bootparts  # noqa: E402

MODULES = ["loop", "nbd", "xfs", "btrfs", "tun", "veth", "bonding", "vxlan",
           "macvlan", "erofs", "overlay", "squashfs"]


def median(fn, rounds):
    return statistics.median(fn() for _ in range(rounds))


# -- building -----------------------------------------------------------------

def build(rounds):
    release = bootparts.releases()[0]
    with tempfile.TemporaryDirectory() as temp:
        rq = image.Request(temp, release, modules=MODULES)
        text = rq.text()

        def once():
            began = time.monotonic()
            done = subprocess.run([image.PROGRAM], input=text, text=True,
                                  capture_output=True)
            if done.returncode:
                raise RuntimeError(repr(done))
            return time.monotonic() - began

        cold = median(once, rounds)
        first = image.contents(rq.out)
        rq.out = os.path.join(temp, "another")
        rq.run()
        held = subprocess.run(["xorriso", "-indev", rq.out, "-find",
                               "/modules", "-type", "f"], text=True,
                              capture_output=True).stdout.count(".ko")
        say("size of the kernel", os.path.getsize(rq.files["kernel"]) / 1e6,
            "MB", 12, least=True)
        say("modules in the image", held, "", 20, least=True)
        say("build of a boot image", cold * 1000, "ms", 500)
        say("two builds differ in", image.contents(rq.out) != first, "bits",
            0)


# -- launching ----------------------------------------------------------------

class Launcher:
    def __init__(self, cloud):
        self.cloud = cloud
        bootparts.register(cloud.admin)
        listed = cloud.admin.get("image", "/v2/images?limit=100").json
        self.root = [i["id"] for i in listed["images"]
                     if i["name"] == bootparts.ROOT_IMAGE][0]
        cloud.admin.put("compute", "/v2.1/os-quota-sets/" +
                        cloud.demo.project_id, {"quota_set": {
                            "ram": -1, "cores": -1, "instances": -1}})

    def body(self, managed, **more):
        metadata = {"boot:kernel": "linux-" + bootparts.releases()[0],
                    "boot:modules": ",".join(MODULES)} if managed else {}
        return {"server": dict({
            "name": "bench", "imageRef": self.root, "flavorRef": "1",
            "metadata": metadata}, **more)}

    def launch(self, managed):
        """Seconds to ACTIVE, and those of the agent's step."""
        demo = self.cloud.demo
        began = time.monotonic()
        reply = demo.post("compute", "/v2.1/servers", self.body(managed))
        server = reply.json["server"]["id"]
        path = "/v2.1/servers/" + server
        until(lambda: demo.get("compute", path).json["server"]["status"] !=
              "BUILD", 60, 0.002)
        took = time.monotonic() - began
        step = self.step(server)
        demo.delete("compute", path)
        until(lambda: demo.get("compute", path).status == 404, 60)
        return took, step

    def step(self, server):
        """As the agent has logged it, in seconds."""
        with open(self.cloud.path("log", "nova-lite-compute.log")) as f:
            for line in f:
                if "msg=step" in line and "step=boot " in line and \
                        server in line:
                    return float(line.split(" ms=")[1].split()[0]) / 1000
        raise RuntimeError("no step of " + server)

    def many(self, n):
        """How many images were built for n servers at once."""
        demo = self.cloud.demo
        before = self.built()
        demo.post("compute", "/v2.1/servers", self.body(
            True, min_count=n, max_count=n, metadata={
                "boot:kernel": "linux-" + bootparts.releases()[0],
                "boot:cmdline": "many"}))
        listed = demo.get("compute", "/v2.1/servers").json["servers"]
        until(lambda: not [s for s in demo.get(
            "compute", "/v2.1/servers/detail").json["servers"]
            if s["status"] == "BUILD"], 300)
        states = {s["status"] for s in demo.get(
            "compute", "/v2.1/servers/detail").json["servers"]}
        built = self.built() - before
        for server in listed:
            demo.delete("compute", "/v2.1/servers/" + server["id"])
        until(lambda: not demo.get("compute",
                                   "/v2.1/servers").json["servers"], 300)
        if len(listed) != n or states != {"ACTIVE"}:
            raise RuntimeError("%d servers, %r" % (len(listed), states))
        return built

    def built(self):
        return len(os.listdir(self.cloud.path("nova", "boot")))


def launches(rounds):
    with Cloud(compute=True, options={"nova-lite-compute": {
            ("compute", "cpu_allocation_ratio"): "64.0",
            ("compute", "ram_allocation_ratio"): "16.0"}}) as cloud:
        launcher = Launcher(cloud)
        launcher.launch(False)
        launcher.launch(True)
        got = {True: [], False: []}
        for _ in range(rounds):
            for managed in got:
                got[managed].append(launcher.launch(managed))
        took = {k: [statistics.median(t[i] for t in v) for i in range(2)]
                for k, v in got.items()}
        say("launch without managed boot", took[False][0] * 1000, "ms")
        say("launch, image from the cache", took[True][0] * 1000, "ms")
        say("added by a cached image", (took[True][1] - took[False][1]) * 1000,
            "ms", 5)
        say("images built for 50 servers at once", launcher.many(50), "", 1)


# -- booting ------------------------------------------------------------------

def seconds_to(word, words):
    began = time.monotonic()
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True,
                             errors="replace", stdin=subprocess.DEVNULL)
    for line in child.stdout:
        if word in line:
            break
    took = time.monotonic() - began
    child.kill()
    child.wait()
    return took


def boots(rounds):
    release = bootparts.releases()[0]
    with tempfile.TemporaryDirectory() as temp:
        rq = image.Request(temp, release, cmdline="")
        rq.run()
        initrd = os.path.join(temp, "initrd")
        subprocess.run(["xorriso", "-osirrox", "on", "-indev", rq.out,
                        "-extract", "/initrd", initrd], check=True,
                       capture_output=True)
        common = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-m",
                  "256", "-nodefaults", "-display", "none", "-serial",
                  "stdio", "-snapshot"]

        def drive(n, path, form):
            return ["-drive", "file=%s,format=%s,if=none,id=d%d" % (
                path, form, n), "-device",
                "virtio-blk-pci,drive=d%d,bootindex=%d" % (n, n)]
        disks = drive(1, rq.out, "raw") + \
            drive(2, bootparts.PARTS + "/demo-root.qcow2", "qcow2")
        ways = {"managed": common + disks, "direct": common + disks + [
            "-kernel", rq.files["kernel"], "-initrd", initrd, "-append",
            "console=ttyS0 rdinit=/.lite/init"]}
        got = {way: [] for way in ways}
        for _ in range(rounds):
            for way, words in ways.items():
                got[way].append(seconds_to("DEMO boot=", words))
        took = {way: statistics.median(v) for way, v in got.items()}
        say("boot from the boot drive", took["managed"] * 1000, "ms")
        say("boot with QEMU's own loader", took["direct"] * 1000, "ms")
        say("boot drive / direct", took["managed"] / took["direct"], "x")


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    if not bootparts.built():
        bootparts.build()
    build(rounds)
    launches(rounds)
    boots(rounds)
    return bool(bench.missed)


if __name__ == "__main__":
    sys.exit(main())
