# SPDX-License-Identifier: Apache-2.0
"""Files given with a server: what its guest sees of them, what is refused
before anything is made, and what a server that cannot have them says."""
import base64
import hashlib
import os
import stat

from compute_kit import body, create, delete, fault, get, post, put
from harness import check, equal, need, status, until

CLOUD = {"compute": True, "options": {"nova-lite": {
    ("DEFAULT", "max_request_body_size"): 64 << 20}}}

# What the guest runs: one line for each file.
TELL = """#!/bin/sh
for f in /opt/app/one /etc/two; do
	echo "TOLD $f $(sha256sum <$f | cut -c 1-64) $(stat -c '%a %u %g' $f)"
done >/dev/ttyS0
"""


def text(data):
    return base64.b64encode(data).decode()


def one(path, data=b"x\n"):
    return {"path": path, "contents": text(data)}


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
                        one(*item) for item in files.items()])
    equal(settled(cloud, server)["status"], "ACTIVE", "status")
    need(until(lambda: "DEMO ready" in console(cloud, server), 120),
         "a guest that is up: " + console(cloud, server))
    told = console(cloud, server).split("\n")
    for path, data in files.items():
        line = "TOLD %s %s 644 0 0" % (path, hashlib.sha256(data).hexdigest())
        check(line in told, "%s in %r" % (line, told))
    log = "/servers/%s/os-instance-actions" % server
    request = get(cloud.demo, log).json["instanceActions"][0]["request_id"]
    events = get(cloud.demo, log + "/" + request, 51).json["instanceAction"]
    check("server_create.inject" in [e["event"] for e in events["events"]],
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
