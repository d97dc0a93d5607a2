# SPDX-License-Identifier: Apache-2.0
"""Servers that want files share what was done for the first of them: exact
matches, nearest candidates, and who never learns of them."""
import base64
import hashlib
import http.client
import json
import os
import signal
import subprocess

from compute_kit import body, create, delete, get, post
from harness import check, equal, need, status, until

CLOUD = {"compute": True}

FILES = {"/opt/f%d" % i: os.urandom(3000) for i in range(1, 5)}
TELL = b"""#!/bin/sh
for f in /opt/f1 /opt/f2 /opt/f3 /opt/f4; do
	[ -e $f ] && echo "TOLD $f $(sha256sum <$f | cut -c 1-64)"
done >/dev/ttyS0
echo "TOLD all" >/dev/ttyS0
"""


def text(data):
    return base64.b64encode(data).decode()


def demo(cloud):
    """The demo image, once asked for: glance-lite may be away."""
    if "demo image" not in cloud.kept:
        cloud.kept["demo image"] = cloud.admin.get(
            "image", "/v2/images?name=demo").json["images"][0]["id"]
    return cloud.kept["demo image"]


def launch(cloud, user, numbers, **more):
    return create(cloud, user, demo(cloud), user_data=text(TELL),
                  personality=[{"path": p, "contents": text(FILES[p])}
                               for p in paths(numbers)], **more)


def paths(numbers):
    return ["/opt/f%d" % n for n in numbers]


def show(user, server):
    return get(user, "/servers/" + server).json["server"]


def active(user, server):
    need(until(lambda: show(user, server)["status"] != "BUILD", 60), "an end")
    shown = show(user, server)
    equal(shown["status"], "ACTIVE", "status of %r" % shown.get("fault"))


def action(user, server):
    """The message of the create, and its events' names."""
    log = "/servers/%s/os-instance-actions" % server
    request = get(user, log).json["instanceActions"][0]["request_id"]
    shown = get(user, log + "/" + request, 51).json["instanceAction"]
    return shown["message"], [e["event"] for e in shown["events"]]


def console(user, server):
    reply = post(user, "/servers/%s/action" % server,
                 {"os-getConsoleOutput": {}})
    return reply.json["output"].replace("\r", "") if reply.json else ""


def told(user, server):
    """What the guest found, {path: SHA-256}."""
    need(until(lambda: "TOLD all" in console(user, server), 120),
         "a guest: " + console(user, server))
    words = [line.split() for line in console(user, server).split("\n")
             if line.startswith("TOLD /")]
    return {w[1]: w[2] for w in words}


def has(numbers):
    return {p: hashlib.sha256(FILES[p]).hexdigest() for p in paths(numbers)}


def made(user, count=None):
    """The project's made images that are active, with a number of files."""
    found = user.get("image", "/v2/images?os_hidden=true&owner=%s" %
                     user.project_id).json["images"]
    return [i for i in found if i["status"] == "active" and
            count in (None, int(i.get("inject_file_count", -1)))]


def metrics(cloud):
    """{name: value} of the agent."""
    conn = http.client.HTTPConnection("127.0.0.1", cloud.agent_port)
    conn.request("GET", "/metrics")
    lines = conn.getresponse().read().decode().split("\n")
    conn.close()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in lines if line and line[0] != "#"}


def stored(user, n):
    """Waits for the project to have n snapshots, and none on its way."""
    need(until(lambda: len(made(user)) == n, 60),
         "%d snapshots, not %r" % (n, made(user)))


def one(path, data):
    return {"path": path, "contents": text(data)}


def start(cloud, user, files, **more):
    """A server with these files that is active; and its action's message."""
    server = create(cloud, user, demo(cloud), personality=files, **more)
    active(user, server)
    return server, action(user, server)[0]


def with_user(cloud):
    """A user in a project of its own, whose servers have a network."""
    return cloud.user(["member"])


def count(cloud, message, user):
    return cloud.sql("select count(*) from compute.actions where message "
                     "like '%s' and project_id = '%s'" %
                     (message, user.project_id))[0][0]


def settle_rates(cloud):
    """Which candidate is the nearest hangs on what the host measures: told
    that much, what a test's own launches take on a busy machine is nothing."""
    for kind, seconds in (("injection", 7e3), ("removal", 2e3)):
        cloud.sql("select image.manifest_rate_note(name, '%s', 1e6, %g) "
                  "from compute.hosts" % (kind, seconds))


def test_launches(cloud):
    user = cloud.demo
    settle_rates(cloud)
    a = launch(cloud, user, (1, 2, 3))
    active(user, a)
    equal(action(user, a)[0], "No candidate; injected /opt/f1, /opt/f2, "
          "/opt/f3.", "what was done")
    need(until(lambda: len(made(user)) == 1, 30), "a snapshot")
    image = made(user)[0]
    equal((image["visibility"], image["inject_base_image"],
           image["inject_file_count"]), ("private", demo(cloud), "3"),
          "the snapshot")
    equal(told(user, a), has((1, 2, 3)), "A's files")
    b = launch(cloud, user, (3, 2, 1))
    active(user, b)
    equal(action(user, b)[0], "Exact match: image %s; nothing was injected."
          % image["id"], "what was done")
    c = launch(cloud, user, (1, 2, 4))
    active(user, c)
    equal(action(user, c)[0], "Nearest candidate: image %s; injected /opt/f4; "
          "removed /opt/f3." % image["id"], "what was done")
    equal(told(user, b), has((1, 2, 3)), "B's files")
    equal(told(user, c), has((1, 2, 4)), "C's files")
    need(until(lambda: len(made(user)) == 2, 30), "C's snapshot")
    for server in (a, b, c):
        delete(user, "/servers/" + server)


def test_again_after_restart(cloud):
    """All of the same sets, when every service has been restarted."""
    user = cloud.demo
    stored(user, 2)
    for name in ("glance-lite", "nova-lite", "nova-lite-metadata",
                 "nova-lite-compute"):
        cloud.restart(name)
    cloud.wait_ready()
    for numbers in ((1, 2, 3), (3, 2, 1), (1, 2, 4)):
        server = launch(cloud, user, numbers)
        active(user, server)
        check(action(user, server)[0].startswith("Exact match: image "),
              "exact: %r" % action(user, server)[0])
        equal(told(user, server), has(numbers), "files")
        delete(user, "/servers/" + server)
    equal(len(made(user)), 2, "snapshots")


def test_transferred(cloud):
    """A host without the image in its cache gets it as a delta."""
    user = cloud.demo
    first = launch(cloud, user, (1, 2, 3))
    active(user, first)
    image = action(user, first)[0].split()[3].rstrip(";")
    delete(user, "/servers/" + first)
    path = cloud.path("nova", "images", image + ".delta")
    need(until(lambda: get(user, "/servers/" + first).status == 404, 30),
         "a deleted server")
    os.unlink(path)
    server = launch(cloud, user, (1, 2, 3))
    active(user, server)
    check(os.path.exists(path), "a delta in the cache")
    equal(told(user, server), has((1, 2, 3)), "files")
    delete(user, "/servers/" + server)


def test_many_at_once(cloud):
    """min_count and concurrent requests make a set once."""
    user = with_user(cloud)
    files = [one("/opt/many", os.urandom(5000))]
    reply = post(user, "/servers", body(
        cloud, demo(cloud), personality=files, min_count=3, max_count=3))
    status(reply, 202)
    create(cloud, user, demo(cloud), personality=files)
    need(until(lambda: count(cloud, "%match:%", user) == "3", 60), "three")
    equal(count(cloud, "No candidate; injected%", user), "1", "made once")
    stored(user, 1)
    for server in get(user, "/servers").json["servers"]:
        active(user, server["id"])
        delete(user, "/servers/" + server["id"])


def test_tenancy(cloud):
    """Another project's request for the same files learns of nothing."""
    before = {i["id"] for i in made(cloud.demo)}
    other = with_user(cloud)
    server, message = start(cloud, other, [
        one(p, FILES[p]) for p in paths((1, 2, 3))])
    equal(message, "No candidate; injected /opt/f1, /opt/f2, /opt/f3.",
          "what was done")
    stored(other, 1)
    check(made(other)[0]["id"] not in before, "an image of its own")
    for image in before:
        status(other.get("image", "/v2/images/" + image), 404, image)
        status(other.get("image", "/v2/images/%s/manifest" % image), 404)
        status(other.get("image", "/v2/images/%s/delta" % image), 404)
    delete(other, "/servers/" + server)


def test_replaced_file_comes_back(cloud):
    """What an image lost of its base is not missing from the next."""
    user = with_user(cloud)
    keep, own = one("/opt/x", os.urandom(2000)), "/etc/acpi/PWRF/00000080"
    first, _ = start(cloud, user, [keep, one(own, b"#!/bin/sh\n")])
    stored(user, 1)
    equal(made(user)[0].get("inject_replaced"), '["%s"]' % own, "replaced")
    second, message = start(cloud, user, [keep])
    equal(message, "No candidate; injected /opt/x.", "what was done")
    stored(user, 2)
    third, message = start(cloud, user, [keep, one(own, b"#!/bin/sh -x\n")])
    check(message.startswith("Nearest candidate: ") and
          message.endswith("injected %s; removed %s." % (own, own)) or
          message.endswith("injected %s." % own), "replaced: %r" % message)
    for server in (first, second, third):
        delete(user, "/servers/" + server)


def test_folders_go_with_files(cloud):
    """A folder that an injection made goes with its last file."""
    user = with_user(cloud)
    keep = one("/opt/keep", os.urandom(3000))
    first, _ = start(cloud, user, [keep, one("/opt/deep/er/a", b"a")])
    stored(user, 1)
    equal(made(user)[0].get("inject_made"),
          '["/opt","/opt/deep","/opt/deep/er"]', "folders made")
    tell = b"#!/bin/sh\n(ls -R /opt; echo TOLD all) >/dev/ttyS0\n"
    second, message = start(cloud, user, [keep, one("/opt/b", b"b")],
                            user_data=text(tell))
    check("removed /opt/deep/er/a" in message, "nearest: %r" % message)
    need(until(lambda: "TOLD all" in console(user, second), 120), "a guest")
    check("deep" not in console(user, second), "no folder is left")
    for server in (first, second):
        delete(user, "/servers/" + server)


def test_made_image_as_base(cloud):
    """Files on top of a made image go into the server's own disk."""
    user = with_user(cloud)
    first, _ = start(cloud, user, [one("/opt/f1", FILES["/opt/f1"])])
    stored(user, 1)
    image = made(user)[0]["id"]
    second = create(cloud, user, image, user_data=text(TELL), personality=[
        one("/opt/f2", FILES["/opt/f2"])])
    active(user, second)
    equal(action(user, second)[0], "A disk of its own; injected /opt/f2.",
          "what was done")
    equal(told(user, second), has((1, 2)), "files")
    equal(len(made(user)), 1, "snapshots")
    for server in (first, second):
        delete(user, "/servers/" + server)


def test_without_image_service(cloud):
    """No advice: the server has its files all the same."""
    user = with_user(cloud)
    cloud.process("glance-lite").stop()
    try:
        server, message = start(cloud, user, [one("/opt/f1", b"1")])
        equal(message, "A disk of its own; injected /opt/f1.", "what was done")
        known, message = start(cloud, cloud.demo, [
            one(p, FILES[p]) for p in paths((1, 2, 3))])
        check(message.startswith("Exact match: "), "known: %r" % message)
        delete(cloud.demo, "/servers/" + known)
    finally:
        cloud.restart("glance-lite")
        cloud.wait_ready()
    delete(user, "/servers/" + server)


def test_by_digest(cloud):
    """Contents that stand in an image need not be sent again."""
    user = cloud.demo
    known = [{"path": p, "sha256": d} for p, d in has((1, 2, 3)).items()]
    reply = post(user, "/servers", body(cloud, demo(cloud),
                                        **{"lite:files": known}))
    status(reply, 202)
    server = reply.json["server"]["id"]
    active(user, server)
    check(action(user, server)[0].startswith("Exact match"), "exact")
    delete(user, "/servers/" + server)


def test_password(cloud):
    """It is on the config drive, and nowhere in clear on its way there."""
    word = "Clear-Words-77"
    cloud.process("nova-lite-compute").child.send_signal(signal.SIGSTOP)
    server = create(cloud, cloud.demo, demo(cloud), adminPass=word,
                    config_drive=True)
    waiting = cloud.sql("select args::text from lite.jobs where subject = "
                        "'%s'" % server)
    cloud.process("nova-lite-compute").child.send_signal(signal.SIGCONT)
    check("sealed_admin_pass" in waiting[0][0] and
          word not in waiting[0][0], "in the job")
    active(cloud.demo, server)
    out = os.path.join(cloud.temp, "meta_data.json")
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", cloud.path(
        "nova", "instances", server, "disk.config"), "-extract",
        "/openstack/latest/meta_data.json", out], check=True,
        capture_output=True)
    with open(out) as f:
        equal(json.load(f)["admin_pass"], word, "on the drive")
    for name in os.listdir(cloud.path("log")):
        with open(cloud.path("log", name), errors="replace") as f:
            check(word not in f.read(), "in " + name)
    delete(cloud.demo, "/servers/" + server)


def test_metrics(cloud):
    values = metrics(cloud)
    name = "lite_inject_launches_total{match=\"%s\"}"
    check(values[name % "exact"] >= 4, "exact: %r" % values)
    check(values[name % "nearest"] >= 1, "nearest")
    check(values[name % "base"] >= 3, "base")
    check(values["lite_inject_bytes_not_transferred_total"] >= 9000, "bytes")
    check(values["lite_inject_seconds_saved_total"] > 0, "seconds")
    check(values["lite_inject_snapshots_total{result=\"stored\"}"] >= 3,
          "snapshots")
    check(values["lite_inject_snapshot_bytes_total"] > 9000, "stored bytes")
