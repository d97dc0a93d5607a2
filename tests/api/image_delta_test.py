# SPDX-License-Identifier: Apache-2.0
"""Images that are stored as what differs from their base."""
from delta_kit import (
    MIB, SIZE, Disks, base_image, begin, begun, digest, incoming, read, send,
    stored)
from harness import Cloud, check, equal, status, until
from image_kit import (
    JSON, create, explained, files, path, show, upload)


def queued(cloud, image, what):
    """Nothing of an upload is left."""
    equal(show(cloud.admin, image).json["status"], "queued", what)
    check(not {f for f in files(cloud) if f.startswith(image["id"])},
          what + ": no file")
    equal(cloud.db.sql("select count(*) from image.deltas where image_id = "
                       "'%s'" % image["id"]), [["0"]], what + ": no row")


def candidate(cloud, base, image):
    wanted = cloud.demo.get("image", path(image, "/manifest")).json["files"]
    return cloud.demo.post("image", path(base, "/candidates"), {
        "files": wanted}).json


def test_delta_upload(cloud):
    disks = Disks(cloud)
    base = base_image(cloud, disks)
    data = read(disks.overlay("a"))
    image = begun(cloud, base)
    equal(candidate(cloud, base, image)["match"], "base", "not active yet")
    status(send(cloud, image, data, headers={"Content-Digest":
                                             digest(data)}), 204)
    got = show(cloud.demo, image).json
    equal([got[k] for k in ("status", "disk_format", "virtual_size", "stores",
                            "inject_base_image", "visibility", "owner")],
          ["active", "qcow2", SIZE, "fs", base["id"], "private",
           cloud.demo.project_id], "image")
    equal([got[k] for k in ("size", "checksum", "os_hash_algo",
                            "os_hash_value")], [None] * 4,
          "of the complete image, not yet made")
    found = candidate(cloud, base, image)
    equal((found["match"], found["image_id"]), ("exact", image["id"]),
          "candidate")
    for client in (cloud.demo, cloud.reader, cloud.admin):
        reply = client.get("image", path(image, "/delta"))
        status(reply, 200)
        equal(reply.body == data, True, "the same bytes")
        equal([reply.headers[k] for k in (
            "Content-Length", "Content-Type", "Content-Digest",
            "X-Image-Base")], [str(len(data)), "application/octet-stream",
                               digest(data), base["id"]], "headers")
    reply = cloud.demo.head("image", path(image, "/delta"))
    equal((reply.status, reply.headers["Content-Length"], reply.body),
          (200, str(len(data)), b""), "HEAD")
    explained(send(cloud, image, data), 409, "Conflict", "Image status "
              "transition from active to saving is not allowed")
    status(cloud.demo.delete("image", path(image)), 204)
    check(not {f for f in files(cloud) if f.startswith(image["id"])},
          "no file is left")
    status(cloud.admin.get("image", path(image, "/delta")), 404)


def test_delta_tenancy(cloud):
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    image = stored(cloud, base, overlay)
    for rest in ("", "/delta", "/file", "/manifest"):
        status(cloud.other.get("image", path(image, rest)), 404, rest)
    waiting = begun(cloud, base)
    for client, code in ((cloud.demo, 403), (cloud.other, 403),
                         (cloud.reader, 403)):
        status(client.put("image", path(waiting, "/delta"), read(overlay)),
               code)
    queued(cloud, waiting, "not an admin")
    status(cloud.demo.get("image", path(base, "/delta")), 404, "not a delta")
    status(cloud.demo.get("image", path(waiting, "/delta")), 404, "queued")
    status(cloud.admin.post("image", path(image, "/actions/deactivate")), 204)
    status(cloud.demo.get("image", path(image, "/delta")), 403, "deactivated")
    status(cloud.admin.get("image", path(image, "/delta")), 200)


def test_delta_conflicts(cloud):
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    data = read(overlay)
    image = create(cloud.demo, disk_format="qcow2")
    no = "Image %s cannot be stored as a delta: " % image["id"]
    explained(send(cloud, image, data), 409, "Conflict",
              no + "it has no manifest that names its base")
    image = begun(cloud, base, disk_format="raw")
    explained(send(cloud, image, data), 409, "Conflict",
              "Image %s cannot be stored as a delta: its disk_format is not "
              "qcow2 or its container_format not bare" % image["id"])
    delta = stored(cloud, base, overlay)
    idle = create(cloud.admin, visibility="public")
    odd = create(cloud.admin, visibility="public", container_format="ova")
    status(upload(cloud.admin, odd, b"x"), 204)
    for wrong, why in (
            (idle, "it is not active"), (delta, "it is a delta itself"),
            (odd, "it is not a disk of a format that can be read")):
        image = begun(cloud, wrong)
        explained(send(cloud, image, data), 409, "Conflict",
                  "Image %s cannot be the base of a delta: %s" % (
                      wrong["id"], why))
        queued(cloud, image, why)
    image, gone = begun(cloud, idle), idle
    status(cloud.admin.delete("image", path(gone)), 204)
    explained(send(cloud, image, data), 409, "Conflict", "Image %s cannot be "
              "the base of a delta: it is deleted" % gone["id"])
    queued(cloud, image, "no base")


def test_delta_refused(cloud):
    """Bytes that are no delta over this base, and a way back."""
    disks, small = Disks(cloud), Disks(cloud, size=4 * MIB)
    base, good = base_image(cloud, disks), read(disks.overlay("a"))
    image = begun(cloud, base)
    tiny = read(small.overlay("a"))
    for data, why in (
            (read(disks.base), "qcow2) is refused as a delta: it rests on no "
             "other image."),
            (b"x" * 1000, "raw) is refused as a delta: a delta is a qcow2."),
            (b"", "raw) is refused as a delta: a delta is a qcow2."),
            (tiny, "qcow2) is refused as a delta: it is smaller than its "
             "base.")):
        explained(send(cloud, image, data), 400, "Bad Request",
                  "Image data (" + why)
        queued(cloud, image, why)
    for header, why in (
            (digest(good + b"x"), "The data is not what the Content-Digest "
             "header says."),
            ("sha-512=:abcd:", "The Content-Digest header is malformed."),
            ("sha-512=abcd", "The Content-Digest header is malformed.")):
        explained(send(cloud, image, good, headers=dict(
            JSON, **{"Content-Digest": header})), 400, "Bad Request", why)
        queued(cloud, image, header)
    status(send(cloud, image, good, headers={"Content-Type": "text/x"}), 415)
    status(send(cloud, image, good, headers={
        "Content-Digest": "sha-256=:xyz:"}), 204, "another attempt")
    status(cloud.demo.get("image", path(image, "/delta")), 200)


def test_delta_broken_off(cloud):
    """A client that goes away, a daemon that dies, a delete meanwhile."""
    with Cloud() as own:
        disks = Disks(own)
        base, data = base_image(own, disks), read(disks.overlay("a"))
        image = begun(own, base)
        begin(own, image, data[:1000], len(data)).close()
        check(until(lambda: not incoming(own), 5), "no temporary file")
        check(until(lambda: show(own.admin, image).json["status"] ==
                    "queued", 5), "queued again")
        queued(own, image, "client gone")
        with begin(own, image, data[:1000], len(data)):
            own.restart("glance-lite", sig=9)
        own.wait_ready()
        equal(incoming(own), [], "temporary files")
        queued(own, image, "kill -9")
        gone = begun(own, base)
        with begin(own, gone, data[:1000], len(data)) as sock:
            status(own.admin.delete("image", path(gone)), 204)
            sock.sendall(data[1000:])
            check(b" 410 " in sock.recv(4096), "the upload is told")
        equal(files(own), {base["id"]}, "files")
        status(send(own, image, data), 204, "another attempt")
