# SPDX-License-Identifier: Apache-2.0
"""Managed boot with real guests: what is built, once, and what boots."""
import base64
import hashlib
import os
import resource
import subprocess
import sys

from compute_kit import body, create, delete, get, post
from harness import check, equal, need, status, until
from compute_launch_test import active, console, metrics, show

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))), "tox-free-ci"))
import bootparts  # noqa: E402

CLOUD = {"compute": True}


def parts(cloud):
    """The ids of what build-boot.sh makes, by name; made once."""
    if "boot parts" not in cloud.kept:
        if not bootparts.built():
            bootparts.build(stdout=subprocess.DEVNULL)
        bootparts.register(cloud.admin)
        listed = cloud.admin.get("image", "/v2/images?limit=100").json
        cloud.kept["boot parts"] = {i["name"]: i["id"]
                                    for i in listed["images"]}
    return cloud.kept["boot parts"]


def kernel(n=0):
    return "linux-" + bootparts.releases()[n]


def launch(cloud, image=None, say=None, **boot):
    """A server with these parameters; say: a script for its console."""
    p = parts(cloud)
    boot.setdefault("cmdline", "boot-report")
    more = {"user_data": base64.b64encode(say).decode()} if say else {}
    return create(cloud, cloud.demo, image or p[bootparts.ROOT_IMAGE],
                  metadata={"boot:" + k: v for k, v in boot.items()}, **more)


def said(cloud, server, word="DEMO ready", times=1):
    """All that the guest has said, once it said this so often."""
    need(until(lambda: console(cloud.demo, server).count(word) >= times, 120),
         "%s: %s" % (word, console(cloud.demo, server)[-3000:]))
    return console(cloud.demo, server)


def managed(cloud, server):
    return get(cloud.demo, "/servers/%s/os-managed-boot" %
               server).json["managed_boot"]


def images(cloud):
    folder = cloud.path("nova", "boot")
    return sorted(os.path.join(folder, f) for f in os.listdir(folder))


def counted(cloud, event):
    return metrics(cloud)['lite_boot_images_total{event="%s"}' % event]


def sha(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def action(cloud, server, what):
    status(post(cloud.demo, "/servers/%s/action" % server, what), 202)


def settled(cloud, server, wanted="ACTIVE"):
    def done():
        shown = show(cloud.demo, server)
        return shown["OS-EXT-STS:task_state"] is None and \
            shown["status"] == wanted
    need(until(done, 90), "%s: %r" % (wanted, show(cloud.demo, server)))


def failure(user, server):
    """The step of the last action that failed, and why."""
    log = "/servers/%s/os-instance-actions" % server
    request = get(user, log).json["instanceActions"][0]["request_id"]
    shown = get(user, log + "/" + request, 84).json["instanceAction"]
    return [(e["event"], e["details"]) for e in shown["events"]
            if e["result"] == "Error"]


# -- the life of one ----------------------------------------------------------

def test_boots(cloud):
    """All parameters; then others, by a hard reboot, over the same root."""
    parts(cloud)
    first, second = bootparts.releases()
    server = launch(cloud, kernel=kernel(0), modules="loop",
                    ramdisk=bootparts.RAMDISK, ramdisk_size="16",
                    module_policy="provided")
    active(cloud.demo, server)
    lines = said(cloud, server).split("\n")
    for line in ("BOOT release " + first, "BOOT root /dev/vdb",
                 "BOOT ram0 16 MiB", "BOOT ramdisk from the RAM disk image",
                 "BOOT provided module: done"):
        check(line in lines, "%s: %r" % (line, lines[-40:]))
    for what in "foreign module", "write to the boot drive":
        check(any(ln.startswith("BOOT %s: refused" % what) for ln in lines),
              what)
    shown = managed(cloud, server)
    image, = images(cloud)
    equal(os.path.basename(image), shown["digest"] + ".img", "named so")
    check(shown["built_at"], "built_at")
    equal(os.stat(image).st_mode & 0o777, 0o444, "mode")
    before = sha(image)
    status(post(cloud.demo, "/servers/%s/metadata" % server, {"metadata": {
        "boot:kernel": kernel(1), "boot:module_policy": "none"}}), 200)
    action(cloud, server, {"reboot": {"type": "HARD"}})
    settled(cloud, server)
    lines = said(cloud, server, times=2).split("\n")
    check("BOOT release " + second in lines, "the other kernel")
    check("BOOT modules_disabled 1" in lines, "the other policy")
    check("DEMO boot=2" in lines, "the root is as it was")
    check(managed(cloud, server)["digest"] != shown["digest"], "its digest")
    equal(len(images(cloud)), 2, "images")
    equal(sha(image), before, "the first image")
    action(cloud, server, {"os-stop": None})
    settled(cloud, server, "SHUTOFF")
    action(cloud, server, {"os-start": None})
    settled(cloud, server)
    check("DEMO boot=3" in said(cloud, server, times=3), "started again")
    delete(cloud.demo, "/servers/" + server)
    need(until(lambda: get(cloud.demo, "/servers/" + server).status == 404,
               60), "gone")
    equal([os.stat(i).st_nlink for i in images(cloud)], [1, 1], "unused")


def test_uefi(cloud):
    p = parts(cloud)
    status(cloud.admin.patch("image", "/v2/images/" + p["demo-root"], [
        {"op": "add", "path": "/hw_firmware_type", "value": "uefi"}],
        headers={"Content-Type":
                 "application/openstack-images-v2.1-json-patch"}), 200)
    server = launch(cloud, kernel=kernel(1))
    status(cloud.admin.patch("image", "/v2/images/" + p["demo-root"], [
        {"op": "remove", "path": "/hw_firmware_type"}],
        headers={"Content-Type":
                 "application/openstack-images-v2.1-json-patch"}), 200)
    active(cloud.demo, server)
    check("BOOT release " + bootparts.releases()[1] in said(cloud, server),
          "release")
    equal(managed(cloud, server)["firmware"], "uefi", "firmware")
    delete(cloud.demo, "/servers/" + server)


def test_plain(cloud):
    """kernel_id and its like, as Nova boots them: no boot drive."""
    p = parts(cloud)
    image = cloud.admin.post("image", "/v2/images", {
        "name": "plain", "disk_format": "raw", "container_format": "bare",
        "kernel_id": p[kernel(0)], "ramdisk_id": p[bootparts.RAMDISK],
        "os_command_line": "console=ttyS0 panic=-1 by-nova-convention"})
    cloud.admin.put("image", "/v2/images/%s/file" % image.json["id"],
                    bytes(512), headers={
                        "Content-Type": "application/octet-stream"})
    server = create(cloud, cloud.admin, image.json["id"])
    active(cloud.admin, server)
    need(until(lambda: "Command line: console=ttyS0 panic=-1 "
               "by-nova-convention" in console(cloud.admin, server), 60),
         "the kernel: " + console(cloud.admin, server)[-2000:])
    check(bootparts.releases()[0] in console(cloud.admin, server), "release")
    folder = cloud.path("nova", "instances", server)
    check(not os.path.exists(folder + "/disk.boot"), "no boot drive")
    delete(cloud.admin, "/servers/" + server)


# -- many ---------------------------------------------------------------------

def test_together(cloud):
    """Equal parameters: one image for all, built by the first."""
    p = parts(cloud)
    built = counted(cloud, "built")
    made = post(cloud.demo, "/servers", body(
        cloud, p[bootparts.ROOT_IMAGE], name="together", min_count=8,
        max_count=8, metadata={
            "boot:kernel": kernel(0), "boot:modules": "loop,tun",
            "boot:cmdline": "together"}))
    status(made, 202)
    servers = [s["id"] for s in get(
        cloud.demo, "/servers?name=together").json["servers"]]
    equal(len(servers), 8, "servers")
    for server in servers:
        active(cloud.demo, server)
    equal(counted(cloud, "built") - built, 1, "built once")
    equal(len({managed(cloud, s)["digest"] for s in servers}), 1, "digests")
    image, = [i for i in images(cloud) if os.stat(i).st_nlink == 9]
    equal(os.path.basename(image),
          managed(cloud, servers[0])["digest"] + ".img", "shared")
    for server in servers:
        delete(cloud.demo, "/servers/" + server)
    need(until(lambda: os.stat(image).st_nlink == 1, 60), "released")


# -- failing ------------------------------------------------------------------

def broken_set(cloud):
    """A set that promises what it does not have."""
    p = parts(cloud)
    if "broken" not in cloud.kept:
        release = bootparts.releases()[0]
        broken = bootparts.upload(
            cloud.admin, release + "/vmlinuz", "broken", "aki")
        bootparts.upload(cloud.admin, release + "/modules.tar", "promises",
                         "raw", **{"boot:set_kernel": broken,
                                   "boot:set_modules": "loop,flux",
                                   "boot:set_base": bootparts.text(
                                       release, "base")})
        cloud.kept["broken"] = True
    return p


def test_fails(cloud):
    broken_set(cloud)
    before = images(cloud)
    why = "Managed boot failed: modules: the set has no module flux"
    server = launch(cloud, kernel="broken", modules="flux")
    need(until(lambda: show(cloud.demo, server)["status"] == "ERROR", 60),
         "an error")
    equal(show(cloud.demo, server)["fault"]["message"], why, "fault")
    equal(images(cloud), before, "no image is left")
    delete(cloud.demo, "/servers/" + server)
    server = launch(cloud, kernel="broken", modules="loop")
    active(cloud.demo, server)
    said(cloud, server)
    digest = managed(cloud, server)["digest"]
    status(post(cloud.demo, "/servers/%s/metadata" % server,
                {"metadata": {"boot:modules": "flux"}}), 200)
    action(cloud, server, {"reboot": {"type": "HARD"}})
    settled(cloud, server)
    equal(failure(cloud.demo, server), [("server_reboot.boot", why)],
          "what the action says")
    shown = show(cloud.demo, server)
    equal((shown["status"], shown["OS-EXT-STS:task_state"],
           shown["OS-EXT-STS:power_state"]), ("ACTIVE", None, 1), "it runs on")
    image, = [i for i in images(cloud) if digest in i]
    equal(os.stat(image).st_nlink, 2, "with what it had")
    delete(cloud.demo, "/servers/" + server)


def test_full_disk(cloud):
    """The builder can write no more: a fault, and nothing is left of it."""
    parts(cloud)
    first = launch(cloud, kernel=kernel(0))     # its images are here then
    active(cloud.demo, first)
    before = images(cloud)
    agent = cloud.process("nova-lite-compute").child.pid
    resource.prlimit(agent, resource.RLIMIT_FSIZE, (
        16 << 20, resource.RLIM_INFINITY))
    server = launch(cloud, kernel=kernel(0), cmdline="too much")
    need(until(lambda: show(cloud.demo, server)["status"] == "ERROR", 60),
         "an error")
    resource.prlimit(agent, resource.RLIMIT_FSIZE, (
        resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    equal(show(cloud.demo, server)["fault"]["message"],
          "Managed boot failed: write: File too large", "fault")
    equal(images(cloud), before, "nothing is left")
    for one in first, server:
        delete(cloud.demo, "/servers/" + one)


def test_builder_is_killed(cloud):
    """The program alone, while the agent lives."""
    parts(cloud)
    before = images(cloud)
    server = launch(cloud, kernel=kernel(0), cmdline="killed alone")
    need(until(lambda: subprocess.run(
        ["pkill", "-KILL", "-P", str(cloud.process(
            "nova-lite-compute").child.pid), "-x", "nova-lite-boot"]
        ).returncode == 0, 30, 0.001), "a build")
    need(until(lambda: show(cloud.demo, server)["status"] == "ERROR", 60),
         "an error")
    equal(show(cloud.demo, server)["fault"]["message"],
          "Managed boot failed: build: it was given up", "fault")
    equal(images(cloud), before, "nothing is left")
    delete(cloud.demo, "/servers/" + server)


def test_unmanaged(cloud):
    """Without its parameters a server has no boot drive, and the reverse."""
    server = launch(cloud, kernel=kernel(0))
    active(cloud.demo, server)
    drive = cloud.path("nova", "instances", server, "disk.boot")
    check(os.path.exists(drive), "a boot drive")
    path = "/servers/%s/metadata" % server
    for key in "boot:kernel", "boot:cmdline":
        status(delete(cloud.demo, path + "/" + key), 204)
    action(cloud, server, {"reboot": {"type": "HARD"}})
    settled(cloud, server)
    check(not os.path.exists(drive), "none")
    status(post(cloud.demo, path, {"metadata": {
        "boot:kernel": kernel(1)}}), 200)
    action(cloud, server, {"reboot": {"type": "HARD"}})
    settled(cloud, server)
    check(os.path.exists(drive), "one again")
    delete(cloud.demo, "/servers/" + server)


def dies(cloud):
    process = cloud.process("nova-lite-compute")
    need(until(lambda: not process.alive(), 60), "the agent dies")
    process.wait()
    cloud.processes.remove(process)
    cloud.add("nova-lite-compute")


def whole(cloud):
    """Nothing half done, and each image is what its name says."""
    names = [os.path.basename(i) for i in images(cloud)]
    equal([n for n in names if not n.endswith(".img")], [], "half done")


def test_agent_dies(cloud):
    parts(cloud)
    for n, step in enumerate(("server_create.boot",
                              "server_create.boot:after",
                              "server_create.define")):
        cloud.restart("nova-lite-compute", env={"LITE_CRASH_AT": step})
        server = launch(cloud, kernel=kernel(0), cmdline="dies-%d" % n)
        dies(cloud)
        active(cloud.demo, server)
        said(cloud, server)
        whole(cloud)
        delete(cloud.demo, "/servers/" + server)


def test_agent_is_killed(cloud):
    """While the image is built."""
    parts(cloud)
    folder = cloud.path("nova", "boot")
    for n, wait in enumerate((0, 0.02, 0.05, 0.1)):
        server = launch(cloud, kernel=kernel(0), cmdline="killed-%d" % n)
        need(until(lambda: [f for f in os.listdir(folder)
                            if ".part" in f], 30, 0.0005), "a build")
        until(lambda: False, wait, 0.005)
        cloud.process("nova-lite-compute").kill()
        dies(cloud)
        active(cloud.demo, server)
        said(cloud, server)
        whole(cloud)
        delete(cloud.demo, "/servers/" + server)


def test_evicts(cloud):
    """Beyond the bound what is unused goes, and what is used stays."""
    cloud.restart("nova-lite-compute", env={"OS_COMPUTE__BOOT_CACHE_MB": "1"})
    first = launch(cloud, kernel=kernel(0), cmdline="first")
    active(cloud.demo, first)
    kept = managed(cloud, first)["digest"]
    second = launch(cloud, kernel=kernel(0), cmdline="second")
    active(cloud.demo, second)
    names = {os.path.basename(i) for i in images(cloud)}
    equal(names, {kept + ".img", managed(cloud, second)["digest"] + ".img"},
          "only those in use")
    check(counted(cloud, "evicted") >= 1, "counted")
    for server in first, second:
        delete(cloud.demo, "/servers/" + server)
