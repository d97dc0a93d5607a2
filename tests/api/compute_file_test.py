# SPDX-License-Identifier: Apache-2.0
"""Files given with a server: what its guest sees of them, what is refused
before anything is made, and what a server that cannot have them says."""
import base64
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile

from compute_kit import (body, create, delete, fault, get, image, post,
                         put)
from harness import check, equal, need, status, until

CLOUD = {"compute": True, "options": {"nova-lite": {
    ("DEFAULT", "max_request_body_size"): 64 << 20}}}

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

# What the guest runs: one line for each file.
TELL = """#!/bin/sh
for f in /opt/app/one /etc/two /opt/app/three; do
	echo "TOLD $f $(sha256sum <$f | cut -c 1-64) $(stat -c '%a %u %g' $f)"
done >/dev/ttyS0
"""


def text(data):
    return base64.b64encode(data).decode()


def one(path, data=b"x\n", **more):
    return dict({"path": path, "contents": text(data)}, **more)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def demo(cloud):
    return cloud.demo.get("image", "/v2/images?name=demo").json[
        "images"][0]["id"]


def show(cloud, server):
    return get(cloud.demo, "/servers/" + server).json["server"]


def settled(cloud, server):
    """The server when it is no longer being built."""
    need(until(lambda: show(cloud, server)["status"] != "BUILD", 60),
         "an end: %r" % show(cloud, server))
    return show(cloud, server)


def console(cloud, server):
    reply = post(cloud.demo, "/servers/%s/action" % server,
                 {"os-getConsoleOutput": {}})
    return reply.json["output"].replace("\r", "") if reply.json else ""


def cached(cloud, image):
    """The image in the host's cache, and what identifies its bytes."""
    path = cloud.path("nova", "images", image + ".qcow2")
    with open(path, "rb") as f:
        return (stat.S_IMODE(os.stat(path).st_mode),
                hashlib.sha256(f.read()).hexdigest())


def test_guest_has_files(cloud):
    files = {"/opt/app/one": os.urandom(9000), "/etc/two": b"two\n"}
    server = create(cloud, cloud.demo, demo(cloud),
                    user_data=text(TELL.encode()), personality=[
                        one(*item) for item in files.items()],
                    **{"lite:files": [one("/opt/app/three", b"3", mode="750",
                                          uid=7, gid=70000)]})
    equal(settled(cloud, server)["status"], "ACTIVE", "status")
    need(until(lambda: "DEMO ready" in console(cloud, server), 120),
         "a guest that is up: " + console(cloud, server))
    told = console(cloud, server).split("\n")
    for path, data in files.items():
        line = "TOLD %s %s 644 0 0" % (path, digest(data))
        check(line in told, "%s in %r" % (line, told))
    line = "TOLD /opt/app/three %s 750 7 70000" % digest(b"3")
    check(line in told, "%s in %r" % (line, told))
    log = "/servers/%s/os-instance-actions" % server
    request = get(cloud.demo, log).json["instanceActions"][0]["request_id"]
    events = get(cloud.demo, log + "/" + request, 51).json["instanceAction"]
    check("server_create.files" in [e["event"] for e in events["events"]],
          "action log: %r" % events)
    delete(cloud.demo, "/servers/" + server)


def test_faults(cloud):
    user, image = cloud.demo, demo(cloud)
    path = "/os-quota-sets/" + user.project_id
    status(put(cloud.admin, path, {"quota_set": {
        "injected_file_content_bytes": -1}}), 200, "quota")
    plain = create(cloud, user, image)
    settled(cloud, plain)
    before = cached(cloud, image)
    for files, why in (
            ([one("/opt/a"), one("/etc")], "/etc is not a file"),
            ([one("/etc/rc.boot/b")],
             "/etc/rc.boot/b leads through something that is not a folder"),
            ([one("/opt/big", b"x" * (24 << 20)), one("/opt/a")],
             "/opt/big does not fit into the file system")):
        server = create(cloud, user, image, personality=files)
        shown = settled(cloud, server)
        equal((shown["status"], shown.get("fault", {}).get("message")),
              ("ERROR", "File injection failed: " + why), "fault")
        check(not os.path.exists(cloud.path("nova", "instances", server)),
              "nothing is left")
        delete(user, "/servers/" + server)
    equal(cached(cloud, image), before, "the image in the cache")
    delete(user, "/servers/" + plain)
    put(cloud.admin, path, {"quota_set": {
        "injected_file_content_bytes": 10240}})


def change(cloud, server, action, done):
    """The server when an action has come to what done says."""
    status(post(cloud.demo, "/servers/%s/action" % server, action), 202,
           repr(action)[:60])
    need(until(lambda: done(show(cloud, server)), 60),
         "an end of %r: %r" % (action, show(cloud, server)))
    return show(cloud, server)


def rebuild(cloud, server, files):
    return change(cloud, server, {"rebuild": {
        "imageRef": demo(cloud), "lite:files": files}},
        lambda s: s["status"] != "REBUILD")


def test_rebuilt(cloud):
    """Made anew, a server has the files of the rebuild and no others; when
    that fails it has no disk, says so, and can be made anew again."""
    server = create(cloud, cloud.demo, demo(cloud),
                    user_data=text(TELL.encode()),
                    personality=[one("/etc/two", b"2")])
    before = settled(cloud, server)
    shown = rebuild(cloud, server, [one("/opt/app/one", b"1", uid=3)])
    equal((shown["status"], shown["addresses"]),
          ("ACTIVE", before["addresses"]), "rebuilt")
    need(until(lambda: "DEMO ready" in console(cloud, server), 120),
         "a guest that is up: " + console(cloud, server))
    told = console(cloud, server)
    check("TOLD /opt/app/one %s 644 3 0\n" % digest(b"1") in told, told)
    check("TOLD /etc/two %s" % digest(b"2") not in told, told)
    shown = rebuild(cloud, server, [one("/etc")])
    equal((shown["status"], shown.get("fault", {}).get("message")),
          ("ERROR", "File injection failed: /etc is not a file"), "fault")
    equal(os.listdir(cloud.path("nova", "instances", server)), ["owner"],
          "what is left")
    change(cloud, server, {"reboot": {"type": "HARD"}},
           lambda s: s.get("fault", {}).get("message") ==
           "The server has no disk: its rebuild failed.")
    equal(show(cloud, server)["status"], "ERROR", "after a reboot")
    equal(rebuild(cloud, server, [])["status"], "ACTIVE", "healed")
    delete(cloud.demo, "/servers/" + server)


def test_disk_without_root(cloud):
    """An image that has no file system of its own: all files are named."""
    user = cloud.demo
    made = user.post("image", "/v2/images", {
        "name": cloud.name("img"), "disk_format": "raw",
        "container_format": "bare"}).json["id"]
    status(user.put("image", "/v2/images/%s/file" % made, b"x" * 4096,
                    headers={"Content-Type": "application/octet-stream"}),
           204, "upload")
    server = create(cloud, user, made, personality=[one("/a"), one("/b")])
    shown = settled(cloud, server)
    equal((shown["status"], shown.get("fault", {}).get("message")),
          ("ERROR", "File injection of /a, /b failed: The disk has no root "
           "file system that files can be put into."), "fault")
    delete(user, "/servers/" + server)


def xfs_image(folder):
    """A disk with an empty XFS, as qcow2."""
    subprocess.run("cd %s && PATH=$PATH:/sbin:/usr/sbin && "
                   "mkfs.xfs -q -d file,name=raw,size=310m && "
                   "qemu-img convert -O qcow2 raw qcow2" % folder,
                   shell=True, check=True)
    with open(folder + "/qcow2", "rb") as f:
        return f.read()


def xfs_file(disk, path, folder):
    """A file of a disk that a machine may be running on."""
    subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", disk,
                    folder + "/flat"], check=True)
    return subprocess.run(
        [sys.executable, "tests/guest/xfs_cat.py", folder + "/flat", path],
        cwd=ROOT, capture_output=True).stdout


def test_other_file_system(cloud):
    """An image with a file system that libext2fs does not know."""
    user = cloud.demo
    made = user.post("image", "/v2/images", {
        "name": cloud.name("img"), "disk_format": "qcow2",
        "container_format": "bare"}).json["id"]
    with tempfile.TemporaryDirectory() as folder:
        status(user.put("image", "/v2/images/%s/file" % made,
                        xfs_image(folder), headers={
                            "Content-Type": "application/octet-stream"}),
               204, "upload")
        server = create(cloud, user, made,
                        personality=[one("/etc/motd", b"by a kernel\n")])
        need(until(lambda: show(cloud, server)["status"] != "BUILD", 120),
             "an end")
        equal(show(cloud, server)["status"], "ACTIVE", "status: %r" %
              show(cloud, server).get("fault"))
        disk = cloud.path("nova", "instances", server, "disk")
        equal(xfs_file(disk, "/etc/motd", folder), b"by a kernel\n", "file")
    delete(user, "/servers/" + server)


def test_refused(cloud):
    user, image = cloud.demo, demo(cloud)
    before = cloud.sql("select count(*) from compute.servers")
    for files, code, why in (
            ([one("etc/a")], 400, "personality[0].path must be absolute"),
            ([one("")], 400, "personality[0].path must be absolute"),
            ([one("/a"), one("/b/../c")], 400,
             "personality[1].path may not contain . or .."),
            ([one("/a//b")], 400, "personality[0].path has an empty "
             "component"),
            ([one("/" + "n" * 256)], 400,
             "personality[0].path has a name of more than 255 bytes"),
            ([one("/a"), one("/b"), one("/a")], 400,
             "personality[2].path is the same as personality[0].path"),
            ([one("/a/b"), one("/a")], 400, "personality[0].path is below "
             "personality[1].path, which is a file"),
            ([{"path": "/a", "contents": "QQ"}], 400,
             "Invalid input for field/attribute contents. Value: QQ. 'QQ' is "
             "not a 'base64'"),
            ([one("/%d" % i) for i in range(6)], 403,
             "Personality file limit exceeded"),
            ([one("/" + "n" * 200 + "/" + "n" * 54)], 403,
             "Personality file path exceeds maximum 255"),
            ([one("/a"), one("/b", b"x" * 10241)], 403,
             "Personality file content exceeds maximum 10240")):
        reply = post(user, "/servers", body(cloud, image, personality=files))
        fault(reply, code, why, repr(files)[:60])
    nul = user.post("compute", "/v2.1/servers", b'{"server": {"name": "x", '
                    b'"imageRef": "%s", "flavorRef": "1", "personality": '
                    b'[{"path": "/a\\u0000b", "contents": ""}]}}'
                    % image.encode(), headers={
                        "Content-Type": "application/json"})
    status(nul, 400, "NUL")
    equal(cloud.sql("select count(*) from compute.servers"), before,
          "nothing was made")


def test_sent_once(cloud):
    """What one server was given, the next has by its digest alone."""
    data = os.urandom(3000)
    first = create(cloud, cloud.demo, demo(cloud),
                   **{"lite:files": [one("/opt/app/one", data)]})
    equal(settled(cloud, first)["status"], "ACTIVE", "the first")
    asked = body(cloud, demo(cloud), user_data=text(TELL.encode()), **{
        "lite:files": [{"path": "/opt/app/one", "sha256": digest(data)},
                       one("/etc/two", b"2")]})
    made = until(lambda: (post(cloud.demo, "/servers", asked).json or {}).get(
        "server"), 60, 0.5)
    need(made, "an image of the first one's file")
    equal(settled(cloud, made["id"])["status"], "ACTIVE", "the second")
    need(until(lambda: "DEMO ready" in console(cloud, made["id"]), 120),
         "a guest that is up: " + console(cloud, made["id"]))
    told = console(cloud, made["id"])
    for path, contents in (("/opt/app/one", data), ("/etc/two", b"2")):
        check("TOLD %s %s 644 0 0\n" % (path, digest(contents)) in told, told)
    for server in (first, made["id"]):
        delete(cloud.demo, "/servers/" + server)


def refused(cloud, image, lite, code, why, **more):
    """A create with these lite:files; from 2.57 on where no personality
    stands beside them."""
    more["lite:files"] = lite
    fault(post(cloud.demo, "/servers", body(cloud, image, **more)), code, why,
          repr(lite)[:60])
    if "personality" not in more:
        asked = body(cloud, image, networks="auto", **more)
        fault(post(cloud.demo, "/servers", asked, 90), code, why,
              "2.90 %r" % lite)


def test_lite_refused(cloud):
    image = demo(cloud)
    before = cloud.sql("select count(*) from compute.servers")
    invalid = "Invalid input for field/attribute lite:files[1]"
    for file, code, why in (
            (one("a"), 400, "lite:files[1].path must be absolute"),
            (one("/ok"), 400,
             "lite:files[1].path is the same as lite:files[0].path"),
            ({"contents": ""}, 400, invalid + ". Value: {'contents': ''}. "
             "'path' is a required property"),
            (one("/a", sha256="0" * 64), 400,
             "lite:files[1] must have either contents or sha256"),
            ({"path": "/a"}, 400,
             "lite:files[1] must have either contents or sha256"),
            (one("/a", mode="0888"), 400, invalid + ".mode. Value: 0888. "
             "'0888' does not match '^[0-7]{3,4}$'"),
            (one("/a", mode="07"), 400,
             invalid + ".mode. Value: 07. '07' is too short"),
            (one("/a", mode=420), 400,
             invalid + ".mode. Value: 420. 420 is not of type 'string'"),
            (one("/a", uid=-1), 400, invalid + ".uid. Value: -1. -1 is less "
             "than the minimum of 0"),
            (one("/a", gid=1 << 32), 400, invalid + ".gid. Value: 4294967296."
             " 4294967296 is greater than the maximum of 4294967294"),
            (one("/a", size=2), 400, invalid + ". Value: {'path': '/a', "
             "'contents': 'eAo=', 'size': 2}. Additional properties are not "
             "allowed ('size' was unexpected)"),
            ({"path": "/a", "contents": "QQ"}, 400, invalid +
             ".contents. Value: QQ. 'QQ' is not a 'base64'"),
            ({"path": "/a", "sha256": "A" * 64}, 400, invalid +
             ".sha256. Value: %s. '%s' does not match '^[0-9a-f]{64}$'"
             % ("A" * 64, "A" * 64)),
            ({"path": "/a", "sha256": "0" * 64}, 400, "lite:files[1].sha256 "
             "is not that of this path in an image that the project has made "
             "from the same image"),
            (one("/" + "n" * 200 + "/" + "n" * 54), 403,
             "lite:files[1].path has more than the 255 bytes allowed"),
            (one("/a", b"x" * 10241), 403,
             "lite:files[1].contents has more than the 10240 bytes allowed")):
        refused(cloud, image, [one("/ok"), file], code, why)
    refused(cloud, image, [one("/a"), one("/x")], 400,
            "lite:files[1].path is the same as personality[0].path",
            personality=[one("/x")])
    refused(cloud, image, [one("/%d" % i) for i in range(6)], 403,
            "lite:files has more than the 5 files allowed")
    refused(cloud, image, [one("/%d" % i) for i in range(3)], 403,
            "personality and lite:files have more than the 5 files allowed",
            personality=[one("/p%d" % i) for i in range(3)])
    equal(cloud.sql("select count(*) from compute.servers"), before,
          "nothing was made")


def test_by_digest(cloud):
    """Contents that stand in an image of the project need not be sent again;
    nobody else's do, nor those of another path or base."""
    base, other = demo(cloud), image(cloud, cloud.demo)
    made = image(cloud, cloud.demo)
    data = b"stands there\n"
    file = {"path": "/opt/known", "sha256": digest(data)}
    status(cloud.demo.put("image", "/v2/images/%s/manifest" % made, {
        "base_image": base, "files": [dict(file, size=len(data))]}), 200,
        "manifest")
    agent = cloud.process("nova-lite-compute")
    agent.kill(signal.SIGSTOP)
    server = create(cloud, cloud.demo, base, **{"lite:files": [
        one("/opt/new"), dict(file, mode="0600", uid=5)]})
    args = cloud.sql("select args::text from lite.jobs where subject = '%s'"
                     % server)
    agent.kill(signal.SIGCONT)
    equal(json.loads(args[0][0])["files"], [
        {"path": "/opt/new", "sha256": digest(b"x\n"), "size": 2,
         "mode": "0644", "uid": 0, "gid": 0},
        dict(file, size=len(data), mode="0600", uid=5, gid=0)], "the job")
    delete(cloud.demo, "/servers/" + server)
    why = ("lite:files[0].sha256 is not that of this path in an image that "
           "the project has made from the same image")
    for who, ref, lite in ((cloud.demo, other, file),
                           (cloud.demo, base, dict(file, path="/opt/x")),
                           (cloud.admin, base, file)):
        fault(post(who, "/servers", body(cloud, ref, **{
            "lite:files": [lite]})), 400, why, repr(lite))
    cloud.demo.delete("image", "/v2/images/" + made)
    fault(post(cloud.demo, "/servers", body(cloud, base, **{
        "lite:files": [file]})), 400, why, "the image is gone")
