# SPDX-License-Identifier: Apache-2.0
"""Complete images from deltas: made when first asked for, once, and kept."""
import concurrent.futures
import hashlib
import os
import stat
import subprocess
import tempfile
import time

from delta_kit import (
    MIB, SIZE, Disks, base_image, complete, download, read, run, stored,
    write)
from harness import Client, Cloud, check, equal, need, status, until
from image_kit import JSON, V21, files, path, show


def recorded(cloud, image, data):
    got = show(cloud.demo, image).json
    equal([got[k] for k in ("size", "checksum", "os_hash_algo",
                            "os_hash_value", "status", "virtual_size")],
          [len(data), hashlib.md5(data).hexdigest(), "sha512",
           hashlib.sha512(data).hexdigest(), "active", SIZE], "image")


def test_whole_formats(cloud):
    """Over every kind of base."""
    for fmt in ("qcow2", "raw", "vmdk", "vhdx", "vdi", "vpc"):
        disks = Disks(cloud, fmt)
        base, overlay = base_image(cloud, disks), disks.overlay("a")
        image = stored(cloud, base, overlay)
        reply = download(cloud.demo, image)
        status(reply, 200, fmt)
        complete(disks, overlay, reply.body, fmt)
        equal(reply.headers["Content-MD5"],
              hashlib.md5(reply.body).hexdigest(), "Content-MD5")
        recorded(cloud, image, reply.body)


def test_whole_larger(cloud):
    """A disk that grew: behind the base there are zeros."""
    disks = Disks(cloud)
    base = base_image(cloud, disks)
    overlay = disks.overlay("a", size=("16M",))
    image = stored(cloud, base, overlay)
    equal(show(cloud.demo, image).json["virtual_size"], 16 * MIB, "size")
    complete(disks, overlay, download(cloud.demo, image).body, "larger")


def test_whole_once(cloud):
    """Many at the same time: one is made. HEAD and ranges are of it."""
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    image = stored(cloud, base, overlay)
    clients = [Client(cloud.urls, cloud.demo.token) for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        replies = list(pool.map(lambda c: download(c, image), clients))
    equal({r.status for r in replies}, {200}, "statuses")
    data = replies[0].body
    equal({r.body == data for r in replies}, {True}, "bytes")
    complete(disks, overlay, data, "the first")
    recorded(cloud, image, data)
    made = os.stat(cloud.path("images", image["id"]))
    equal(stat.S_IMODE(made.st_mode), 0o640, "mode")
    began = [line for _, line in cloud.log_lines()
             if line.get("path") == path(image, "/file")]
    equal(len(began), len(clients), "requests in the log")
    equal(download(cloud.demo, image).body == data, True, "once more")
    equal(os.stat(cloud.path("images", image["id"])).st_ino, made.st_ino,
          "the same file")
    reply = download(cloud.demo, image, headers={"Range": "bytes=1000-1999"})
    status(reply, 206)
    equal((reply.body, reply.headers["Content-Range"]),
          (data[1000:2000], "bytes 1000-1999/%d" % len(data)), "range")
    reply = cloud.demo.head("image", path(image, "/file"))
    equal((reply.status, reply.headers["Content-Length"]),
          (200, str(len(data))), "HEAD")
    status(cloud.demo.get("image", path(image, "/delta")), 200, "still there")
    status(cloud.demo.delete("image", path(image)), 204)
    check(not {f for f in files(cloud) if f.startswith(image["id"])},
          "both files are gone")


def test_whole_first_range(cloud):
    """The first to ask asks for a part, or for the head alone."""
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    image, other = stored(cloud, base, overlay), stored(cloud, base, overlay)
    reply = download(cloud.demo, image, headers={"Range": "bytes=0-3"})
    equal((reply.status, reply.body), (206, b"QFI\xfb"), "range")
    size = show(cloud.demo, image).json["size"]
    equal(reply.headers["Content-Range"], "bytes 0-3/%d" % size, "of all")
    reply = cloud.demo.head("image", path(other, "/file"))
    equal((reply.status, reply.headers["Content-Length"]),
          (200, str(show(cloud.demo, other).json["size"])), "HEAD")


def test_whole_no_names(cloud):
    """The name inside a delta is not followed, whatever it is."""
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    secret = write(disks.path("secret"), b"secret42" * (SIZE // 8))
    for name, fmt in ((secret, "raw"), ("/nonexistent/base", "qcow2"),
                      ("nbd://127.0.0.1:1/x", "raw"),
                      ('json:{"driver":"file","filename":"%s"}' % secret,
                       "raw")):
        bent = write(disks.path("bent"), read(overlay))
        run("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", name, "-F", fmt,
            bent)
        image = stored(cloud, base, bent)
        reply = download(cloud.demo, image)
        status(reply, 200, name)
        complete(disks, overlay, reply.body, name)


def test_whole_states(cloud):
    """Deactivated, its base deactivated, handed over, shared."""
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    image = stored(cloud, base, overlay, visibility="shared")
    status(cloud.admin.post("image", path(image, "/actions/deactivate")), 204)
    status(download(cloud.demo, image), 403, "deactivated")
    equal(show(cloud.demo, image).json["size"], None, "nothing was made")
    status(cloud.admin.post("image", path(image, "/actions/reactivate")), 204)
    status(cloud.admin.post("image", path(base, "/actions/deactivate")), 204)
    status(cloud.other.get("image", path(image, "/file")), 404, "not shared")
    status(cloud.demo.post("image", path(image, "/members"), {
        "member": cloud.other.project_id}), 200)
    complete(disks, overlay, download(cloud.other, image).body, "a member")
    moved = cloud.admin.patch("image", path(image), [
        {"op": "replace", "path": "/owner",
         "value": cloud.other.project_id}], headers=dict(
             JSON, **{"Content-Type": V21}))
    status(moved, 200)
    status(cloud.other.get("image", path(image, "/delta")), 200, "new owner")
    got = cloud.other.get("image", path(image, "/manifest")).json
    equal(got["base_image"], base["id"], "manifest")


def test_whole_broken(cloud):
    """A delta that cannot be read: a clean error, and all as it was."""
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    data = bytearray(read(overlay))
    data[40:48] = (513).to_bytes(8, "big")    # where its tables are
    image = stored(cloud, base, write(disks.path("bad"), data))
    before = show(cloud.demo, image).json
    for _ in range(2):
        reply = download(cloud.demo, image, headers=JSON)
        status(reply, 500)
        check("qemu-img" not in reply.text, "no detail for the client")
        check("qemu-img" in cloud.log_of(reply)["detail"], "but in the log")
    equal(show(cloud.demo, image).json, before, "the image")
    equal(os.listdir(cloud.path("images", "incoming")), [], "incoming")
    check(image["id"] not in files(cloud), "no complete file")
    reply = cloud.admin.delete("image", path(base) + "?flatten=true")
    status(reply, 500, "nor can its base go")
    equal(show(cloud.demo, base).json["status"], "active", "base")
    status(cloud.demo.delete("image", path(image)), 204)
    status(cloud.admin.delete("image", path(base)), 204)


# -- a qemu-img that waits ---------------------------------------------------

GATED = """#!/bin/sh
echo $$ >>%(dir)s/pids
while [ ! -e %(dir)s/go ]; do sleep 0.05; done
exec %(real)s "$@"
"""


class Gate:
    """In front of the PATH of a cloud's daemons: qemu-img begins its work
    when it is let go."""

    def __init__(self, folder):
        self.dir = folder
        os.mkdir(folder)
        real = subprocess.run(["which", "qemu-img"], capture_output=True,
                              text=True, check=True).stdout.strip()
        script = write(self.path("qemu-img"), (GATED % {
            "dir": folder, "real": real}).encode())
        os.chmod(script, 0o755)

    def path(self, name):
        return os.path.join(self.dir, name)

    def begun(self, n=1):
        """The processes that were started; n of them are waited for."""
        def pids():
            if not os.path.exists(self.path("pids")):
                return []
            return [int(p) for p in read(self.path("pids")).split()]
        need(until(lambda: len(pids()) >= n, 10), "%d conversions" % n)
        return pids()

    def go(self):
        write(self.path("go"), b"")


def gone(pid):
    return until(lambda: not os.path.exists("/proc/%d" % pid), 5)


def gated(cloud):
    """A cloud's gate, two deltas and what they are."""
    disks = Disks(cloud)
    base = base_image(cloud, disks)
    overlays = [disks.overlay("a"), disks.overlay("b", 0x42)]
    return disks, base, overlays, [stored(cloud, base, o) for o in overlays]


def asking(cloud, pool, image):
    """A download under way in a thread."""
    client = Client(cloud.urls, cloud.demo.token)
    return pool.submit(download, client, image)


def statuses(futures):
    """Of downloads; of one that was cut off, the kind of error."""
    out = []
    for future in futures:
        try:
            out.append(future.result(30).status)
        except OSError as error:
            out.append(type(error).__name__)
    return out


def gate_for(temp):
    gate = Gate(temp)
    return gate, {"PATH": gate.dir + ":" + os.environ["PATH"]}


def test_whole_killed():
    """kill -9 while complete files are made, and behind their rename."""
    with tempfile.TemporaryDirectory(prefix="lite-") as temp, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        gate, env = gate_for(os.path.join(temp, "bin"))
        with Cloud(env=env) as own:
            disks, base, overlays, images = gated(own)
            futures = [asking(own, pool, i) for i in images * 3]
            gate.begun(2)
            time.sleep(0.5)
            pids = gate.begun()
            equal(len(pids), 2, "one for all who ask for the same")
            equal(len(os.listdir(own.path("images", "incoming"))), 2,
                  "in the making")
            for image in images:
                equal(show(own.demo, image).json["size"], None, "not yet")
            # One was renamed and not recorded; one's image was deleted.
            write(own.path("images", images[0]["id"]), b"half of it")
            status(own.demo.delete("image", path(images[1])), 204)
            write(own.path("images", images[1]["id"]), b"half of it")
            own.restart("glance-lite", sig=9)
            statuses(futures)
            check(all(gone(pid) for pid in pids), "no qemu-img is left")
            own.wait_ready()
            equal(os.listdir(own.path("images", "incoming")), [], "incoming")
            equal(files(own), {base["id"], images[0]["id"] + ".delta"},
                  "files")
            equal(own.db.sql("select image_id, making from image.deltas"),
                  [[images[0]["id"], "f"]], "rows")
            gate.go()
            reply = download(own.demo, images[0])
            complete(disks, overlays[0], reply.body, "afterwards")


def test_whole_stopped():
    """A daemon that is told to stop waits for no qemu-img; the one whose
    turn it is not waits for no turn. Meanwhile everything else goes on."""
    with tempfile.TemporaryDirectory(prefix="lite-") as temp, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        gate, env = gate_for(os.path.join(temp, "bin"))
        with Cloud(env=env, options={"glance-lite": {
                ("glance_store", "delta_conversions"): 1}}) as own:
            disks, base, overlays, images = gated(own)
            futures = [asking(own, pool, i) for i in images * 3]
            pids = gate.begun()
            time.sleep(0.3)
            equal(gate.begun(), pids, "one at a time")
            data = read(disks.base)
            equal(download(own.demo, base).body == data, True, "the base")
            status(own.demo.get("image", "/v2/images"), 200, "list")
            began = time.monotonic()
            own.restart("glance-lite")
            check(time.monotonic() - began < 5, "ended in time")
            equal(set(statuses(futures)) <= {503, "RemoteDisconnected",
                  "ConnectionResetError", "ConnectionRefusedError"}, True,
                  "nothing was served")
            check(all(gone(pid) for pid in pids), "no qemu-img is left")
            own.wait_ready()
            equal(os.listdir(own.path("images", "incoming")), [], "incoming")
            gate.go()
            for image, overlay in zip(images, overlays):
                complete(disks, overlay, download(own.demo, image).body,
                         "afterwards")


def test_whole_crowd():
    """Those who wait do not take all threads: some are told to come again."""
    with tempfile.TemporaryDirectory(prefix="lite-") as temp, \
            concurrent.futures.ThreadPoolExecutor(40) as pool:
        gate, env = gate_for(os.path.join(temp, "bin"))
        with Cloud(env=env) as own:
            _, base, _, images = gated(own)
            futures = [asking(own, pool, images[0]) for _ in range(40)]
            gate.begun()
            check(until(lambda: sum(f.done() for f in futures) == 8, 10),
                  "eight have their answer")
            status(download(own.demo, base), 200, "what is there")
            gate.go()
            equal(sorted(statuses(futures)), [200] * 32 + [503] * 8, "crowd")
            equal(len(gate.begun()), 1, "conversions")


def test_whole_deleted():
    """An image that is deleted while its complete file is made; a database
    that is away when the file is there."""
    with tempfile.TemporaryDirectory(prefix="lite-") as temp, \
            concurrent.futures.ThreadPoolExecutor(4) as pool:
        gate, env = gate_for(os.path.join(temp, "bin"))
        with Cloud(env=env) as own:
            disks, base, overlays, images = gated(own)
            futures = [asking(own, pool, i) for i in images]
            gate.begun(2)
            status(own.demo.delete("image", path(images[0])), 204)
            own.postgres.stop()
            gate.go()
            check(until(lambda: images[1]["id"] in files(own), 10), "made")
            own.postgres.start()
            equal(statuses(futures), [404, 200], "downloads")
            complete(disks, overlays[1], futures[1].result().body, "kept")
            equal(files(own), {base["id"], images[1]["id"],
                               images[1]["id"] + ".delta"}, "files")
            own.restart("glance-lite")
            own.wait_ready()
            equal(own.db.sql("select image_id, whole from image.deltas"),
                  [[images[1]["id"], "t"]], "rows")
