# SPDX-License-Identifier: Apache-2.0
"""Images' bytes: upload, download, formats, crashes."""
import hashlib
import os
import resource
import socket
import subprocess
import time

from harness import Cloud, check, equal, status, until
from image_kit import (
    JSON, NOBODY, create, explained, files, message, path, show, upload)


def test_upload(cloud):
    data = os.urandom(3000000)
    image = create(cloud.demo)
    status(cloud.demo.get("image", path(image, "/file")), 204, "no data yet")
    reply = upload(cloud.demo, image, data)
    status(reply, 204)
    line = cloud.log_of(reply)
    equal(line["sql"], "2", "statements of an upload")
    got = show(cloud.demo, image).json
    equal(got["status"], "active", "status")
    equal(got["size"], len(data), "size")
    equal(got["virtual_size"], len(data), "virtual size")
    equal(got["checksum"], hashlib.md5(data).hexdigest(), "checksum")
    equal(got["os_hash_algo"], "sha512", "algorithm")
    equal(got["os_hash_value"], hashlib.sha512(data).hexdigest(), "hash")
    equal(got["stores"], "fs", "store")
    check(image["id"] in files(cloud), "there is a file")
    down = cloud.demo.get("image", path(image, "/file"))
    equal(down.body == data, True, "the same bytes")
    equal(down.headers["Content-MD5"], got["checksum"], "Content-MD5")
    equal(down.headers["Content-Type"], "application/octet-stream", "type")
    reply = upload(cloud.demo, image, b"again", headers=JSON)
    explained(reply, 409, "Conflict",
              "Image status transition from active to saving is not allowed")
    status(cloud.demo.delete("image", path(image)), 204)
    check(image["id"] not in files(cloud), "no file is left")
    status(show(cloud.demo, image), 404)


def test_upload_chunked(cloud):
    data = os.urandom(1000001)
    image = create(cloud.demo)
    status(upload(cloud.demo, image, iter([
        data[:10], data[10:500000], data[500000:]])), 204)
    equal(show(cloud.demo, image).json["checksum"],
          hashlib.md5(data).hexdigest(), "checksum")
    image = create(cloud.demo)
    status(upload(cloud.demo, image, b""), 204)
    equal(show(cloud.demo, image).json["size"], 0, "an empty image")
    reply = cloud.demo.get("image", path(image, "/file"))
    status(reply, 200)
    equal(reply.body, b"", "no bytes")


def test_ranges(cloud):
    data = os.urandom(1000)
    image = create(cloud.demo)
    upload(cloud.demo, image, data)
    for header, code, want in (
            ("bytes=10-19", 206, (10, 20)), ("bytes=990-", 206, (990, 1000)),
            ("bytes=-5", 206, (995, 1000)), ("bytes=0-5000", 206, (0, 1000)),
            ("bytes=5-1", 200, None), ("lines=1-2", 200, None),
            ("bytes=0-1,5-6", 200, None), ("bytes=5000-6000", 416, None)):
        reply = cloud.demo.get("image", path(image, "/file"),
                               headers=dict(JSON, Range=header))
        status(reply, code, header)
        if want:
            equal(reply.body, data[want[0]:want[1]], header)
            equal(reply.headers["Content-Range"], "bytes %d-%d/1000" % (
                want[0], want[1] - 1), header)
        elif code == 200:
            equal(reply.body, data, header)
    message(reply, "Request Range Not Satisfiable",
            "The Range requested is not available.<br /><br />\nInvalid start "
            "position in Range header. Start position MUST be in the "
            "inclusive range [0, 999].\n\n", "416")
    reply = cloud.demo.get("image", path(image, "/file"),
                           headers={"Content-Range": "bytes 0-9/1000"})
    status(reply, 206)
    equal(reply.body, data[:10], "Content-Range as a request")


def test_upload_bad(cloud):
    image = create(cloud.demo, disk_format=None)
    explained(upload(cloud.demo, image, b"x", headers=JSON), 400,
              "Bad Request",
              "Properties disk_format must be set prior to saving data.")
    reply = upload(cloud.demo, image, "{}", headers=JSON)
    status(reply, 415)
    message(reply, "Unsupported Media Type", "The request media type "
            "application/json is not supported by this server.\n"
            "<br /><br />\n", "415")
    explained(upload(cloud.demo, {"id": NOBODY}, b"x", headers=JSON), 404,
              "Not Found", "No image found with ID " + NOBODY)
    equal(show(cloud.demo, image).json["status"], "queued", "status")
    public = create(cloud.admin, visibility="public")
    explained(upload(cloud.demo, public, b"x", headers=JSON), 403,
              "Forbidden", "You do not own this image")
    status(cloud.admin.delete("image", path(public)), 204)


def test_import(cloud):
    data = os.urandom(100000)
    image = create(cloud.demo)
    stage, use = path(image, "/stage"), path(image, "/import")
    direct = {"method": {"name": "glance-direct"}}
    explained(cloud.demo.post("image", use, direct, headers=JSON), 409,
              "Conflict", "Image needs to be staged before 'glance-direct' "
              "method can be used")
    for body, text in (
            ({}, "Import request requires a 'method' field."),
            ({"method": {}}, "Import request requires a 'name' field."),
            ({"method": {"name": "nosuch"}},
             "Unknown import method name 'nosuch'.")):
        explained(cloud.demo.post("image", use, body, headers=JSON), 400,
                  "Bad Request", text)
    status(cloud.demo.put("image", stage, data), 204)
    got = show(cloud.demo, image).json
    equal((got["status"], got["size"]), ("uploading", None), "staged")
    status(cloud.demo.get("image", path(image, "/file")), 204, "no data yet")
    explained(upload(cloud.demo, image, data, headers=JSON), 409, "Conflict",
              "Image status transition from uploading to saving is not "
              "allowed")
    status(cloud.demo.post("image", use, dict(direct, stores=["x"])), 409)
    status(cloud.other.post("image", use, direct), 404)
    status(cloud.demo.post("image", use, dict(direct, stores=["fs"])), 202)
    got = show(cloud.demo, image).json
    equal((got["status"], got["checksum"]), (
        "active", hashlib.md5(data).hexdigest()), "imported")
    equal(cloud.demo.get("image", path(image, "/file")).body, data, "data")
    explained(cloud.demo.put("image", stage, data, headers=JSON), 409,
              "Conflict", "Image status transition from active to uploading "
              "is not allowed")
    image = create(cloud.demo)
    status(cloud.demo.put("image", path(image, "/stage"), data), 204)
    status(cloud.demo.delete("image", path(image)), 204)
    check(image["id"] not in files(cloud), "no file")


def begin_upload(cloud, image, framing, data):
    """Sends the head of an upload and some of its data."""
    sock = socket.create_connection(cloud.urls["image"])
    sock.sendall(("PUT %s HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\n"
                  "Content-Type: application/octet-stream\r\n%s\r\n\r\n" % (
                      path(image, "/file"), cloud.demo.token, framing)
                  ).encode() + data)
    return sock


def incoming(cloud):
    return os.listdir(cloud.path("images", "incoming"))


def test_upload_broken_off(cloud):
    for framing, data in (("Content-Length: 100000", b"x" * 5000),
                          ("Transfer-Encoding: chunked", b"5\r\nabcde\r\n"),
                          ("Transfer-Encoding: chunked", b"zz\r\n")):
        image = create(cloud.demo)
        sock = begin_upload(cloud, image, framing, data)
        if data[:1] == b"z":
            check(b" 400 " in sock.recv(4096), "not a chunk")
        else:
            check(until(lambda: show(cloud.demo, image).json["status"] ==
                        "saving", 5), "saving")
        sock.close()
        check(until(lambda: show(cloud.demo, image).json["status"] ==
                    "queued", 5), "queued again after " + framing)
        check(until(lambda: not incoming(cloud), 5), "no temporary file")
        check(image["id"] not in files(cloud), "no file")
        status(upload(cloud.demo, image, b"whole"), 204, "another attempt")


def test_delete_while_saving(cloud):
    image = create(cloud.demo)
    with begin_upload(cloud, image, "Content-Length: 10", b"12345") as sock:
        check(until(lambda: show(cloud.demo, image).json["status"] ==
                    "saving", 5), "saving")
        reply = upload(cloud.demo, image, b"second", headers=JSON)
        explained(reply, 409, "Conflict", "Image status transition from "
                  "saving to saving is not allowed")
        status(cloud.demo.delete("image", path(image)), 204)
        sock.sendall(b"67890")
        check(b" 410 " in sock.recv(4096), "the upload is told")
    check(image["id"] not in files(cloud), "no file")
    check(until(lambda: not incoming(cloud), 5), "no temporary file")


def test_many_uploads(cloud):
    """Slow uploads hold no database connection and stop nobody."""
    images = [create(cloud.demo) for _ in range(20)]
    socks = [begin_upload(cloud, image, "Content-Length: 10", b"12345")
             for image in images]
    check(until(lambda: len(incoming(cloud)) == 20, 5), "all at once")
    began = time.monotonic()
    image = create(cloud.demo)
    status(upload(cloud.demo, image, b"x"), 204)
    check(time.monotonic() - began < 2, "another goes through")
    for sock in socks:
        sock.sendall(b"67890")
        check(b" 204 " in sock.recv(4096), "a slow one, too")
        sock.close()


def test_stop(cloud):
    """A daemon that is told to stop does not wait for a slow upload."""
    with Cloud(options={"glance-lite": {
            ("DEFAULT", "shutdown_timeout"): 1}}) as own:
        image = create(own.demo)
        with begin_upload(own, image, "Content-Length: 10", b"12345"):
            check(until(lambda: incoming(own), 5), "receiving")
            began = time.monotonic()
            own.restart("glance-lite")
            check(time.monotonic() - began < 5, "ended in time")
        own.wait_ready()
        equal(show(own.demo, image).json["status"], "queued", "status")
        equal(incoming(own), [], "temporary files")


def qemu_img(*args):
    return subprocess.run(["qemu-img", *args], check=True,
                          stdout=subprocess.DEVNULL)


def test_formats(cloud):
    """Images made by qemu-img are what they are."""
    for fmt, name, more in (
            ("qcow2", "qcow2", []), ("vmdk", "vmdk", []),
            ("vmdk", "vmdk", ["-o", "subformat=streamOptimized"]),
            ("vpc", "vhd", ["-o", "force_size=on"]),
            ("vpc", "vhd", ["-o", "subformat=fixed,force_size=on"]),
            ("vhdx", "vhdx", []), ("vdi", "vdi", []),
            ("qcow2", "qcow2", ["-o", "compat=0.10"])):
        source, disk = cloud.path("source.raw"), cloud.path("disk")
        with open(source, "wb") as f:
            f.write(os.urandom(65536))
            f.truncate(8 << 20)
        qemu_img("convert", "-f", "raw", "-O", fmt, *more, source, disk)
        with open(disk, "rb") as f:
            data = f.read()
        os.unlink(disk)
        image = create(cloud.demo, disk_format=name)
        status(upload(cloud.demo, image, data), 204, name)
        equal(show(cloud.demo, image).json["virtual_size"], 8 << 20,
              "virtual size of " + name)
        image = create(cloud.demo)
        reply = upload(cloud.demo, image, data, headers=JSON)
        status(reply, 400, name + " as raw")
        equal(show(cloud.demo, image).json["status"], "queued", "status")


def test_crash(cloud):
    """kill -9 in an upload and behind a delete's intent."""
    with Cloud() as own:
        image = create(own.demo)
        sock = begin_upload(own, image, "Content-Length: 10000",
                            b"x" * 5000)
        check(until(lambda: incoming(own), 5), "receiving")
        gone = create(own.demo)
        upload(own.demo, gone, b"x" * 1000)
        own.db.sql("update image.images set status = 'pending_delete', "
                   "deleted_at = now() where id = '%s'" % gone["id"])
        staged = create(own.demo)
        status(own.demo.put("image", path(staged, "/stage"), b"kept"), 204)
        own.restart("glance-lite", sig=9)
        sock.close()
        own.wait_ready()
        equal(show(own.demo, image).json["status"], "queued", "status")
        equal(files(own), {staged["id"]}, "files")
        equal(incoming(own), [], "temporary files")
        status(own.demo.post("image", path(staged, "/import"), {
            "method": {"name": "glance-direct"}}), 202, "staged before")
        equal(own.db.sql("select status from image.images where id = '%s'" %
                         gone["id"]), [["deleted"]], "the delete is ended")
        status(upload(own.demo, image, b"whole"), 204)


def test_database_restart(cloud):
    """An upload outlives a database that is away when it ends."""
    with Cloud() as own:
        image = create(own.demo)
        with begin_upload(own, image, "Content-Length: 10", b"12345") as sock:
            check(until(lambda: incoming(own), 5), "receiving")
            own.postgres.stop()
            sock.sendall(b"67890")
            check(until(lambda: image["id"] in files(own), 5), "stored")
            own.postgres.start()
            check(b" 204 " in sock.recv(4096), "recorded when it is back")
        until(lambda: show(own.demo, image).status == 200, 5)
        equal(show(own.demo, image).json["status"], "active", "status")
        equal(own.demo.get("image", path(image, "/file")).body,
              b"1234567890", "data")


def test_full_disk(cloud):
    """A store without room refuses, and the image stays queued."""
    with Cloud() as own:
        image = create(own.demo)
        pid = own.process("glance-lite").pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, hard))
        explained(upload(own.demo, image, b"x" * 2000, headers=JSON), 413,
                  "Request Entity Too Large", "Image storage media is full: "
                  "There is not enough disk space on the image storage "
                  "media.")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        equal(show(own.demo, image).json["status"], "queued", "status")
        equal(files(own), set(), "files")
        equal(incoming(own), [], "temporary files")
        status(upload(own.demo, image, b"x" * 2000), 204, "with room")


def test_size_cap(cloud):
    with Cloud(options={"glance-lite": {
            ("DEFAULT", "image_size_cap"): 1000,
            ("image_format", "require_image_format_match"): "true"}}) as own:
        image = create(own.demo)
        explained(upload(own.demo, image, b"x" * 1001, headers=JSON), 413,
                  "Request Entity Too Large", "Denying attempt to upload "
                  "image larger than 1000 bytes.")
        status(upload(own.demo, image, iter([b"x" * 999, b"yy"])), 413,
               "chunked")
        equal(show(own.demo, image).json["status"], "queued", "status")
        status(upload(own.demo, image, b"x" * 1000), 204)
        image = create(own.demo, disk_format="qcow2")
        status(upload(own.demo, image, b"x" * 1000), 400, "not a qcow2")
