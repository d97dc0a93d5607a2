# SPDX-License-Identifier: Apache-2.0
"""The registry of OS images: names and versions, bundles, what is refused."""
import hashlib
import io
import os
import subprocess
import tarfile

from harness import check, equal, need
from os_image_kit import bundle, os_image, register, upload


def words(reply):
    return reply.body.decode(errors="replace")


def refused(reply, status, *parts):
    equal(reply.status, status, "status of %s" % words(reply)[:300])
    for part in parts:
        check(part in words(reply), "%r in %s" % (part, words(reply)))


def patch(client, ident, *ops):
    return client.patch("image", "/v2/images/" + ident, [
        {"op": op, "path": "/" + path, "value": value}
        for op, path, value in ops], headers={
            "Content-Type":
            "application/openstack-images-v2.1-json-patch"})


def test_bundle_becomes_file_system(cloud):
    """What is stored is squashfs, with the owners and modes of the archive;
    size and hashes are those of it."""
    ident = os_image(cloud.demo, "become", "1", bundle(
        ("etc/passwd", {"data": b"root\n", "mode": 0o640, "uid": 3, "gid": 4}),
        ("usr/bin/su", {"data": b"su", "mode": 0o4755}),
        ("usr/bin/si", {"type": tarfile.LNKTYPE, "linkname": "usr/bin/su"}),
        ("lib", {"type": tarfile.SYMTYPE, "linkname": "usr/lib"}),
        mode="w:gz"))
    doc = cloud.demo.get("image", "/v2/images/" + ident).json
    data = cloud.demo.get("image", "/v2/images/%s/file" % ident).body
    equal(doc["status"], "active", "status")
    equal(data[:4], b"hsqs", "squashfs")
    equal((doc["size"], doc["checksum"], doc["os_hash_value"]),
          (len(data), hashlib.md5(data).hexdigest(),
           hashlib.sha512(data).hexdigest()), "size and hashes")
    path = cloud.path("become.sqfs")
    with open(path, "wb") as f:
        f.write(data)
    said = subprocess.run(["unsquashfs", "-lln", path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    lines = {ln.split()[-1] if "->" not in ln else ln.split()[-3]: ln.split()
             for ln in said.splitlines() if ln[:1] in "-dl"}
    equal(lines["squashfs-root/etc/passwd"][:2], ["-rw-r-----", "3/4"],
          "mode and owner")
    equal(lines["squashfs-root/usr/bin/su"][0], "-rwsr-xr-x", "set-user-ID")
    equal(lines["squashfs-root/lib"][-1], "usr/lib", "link")
    check("squashfs-root/usr/bin/si" in lines, "hard link")
    equal(cloud.sql("select script from image.systems where image_id = '%s'"
                    % ident), [["t"]], "its script was found")


def test_names(cloud):
    """Unique for a project, one default, frozen with the data."""
    one = os_image(cloud.demo, "names", "1", **{"os_image:default": "true"})
    refused(register(cloud.demo, "names", "1"), 409, "name and version")
    refused(register(cloud.demo, "names", "2", **{
        "os_image:default": "true"}), 409, "default version")
    two = os_image(cloud.demo, "names", "2")
    equal(os_image(cloud.other, "names", "1") != one, True,
          "another project's is another")
    refused(patch(cloud.demo, two, ("replace", "os_image:version", "3")), 409,
            "has its data")
    refused(patch(cloud.demo, two, ("add", "os_image:overlays", "/etc:5")),
            409, "has its data")
    equal(patch(cloud.demo, one, ("replace", "os_image:default", "false"))
          .status, 200, "the default is given up")
    equal(patch(cloud.demo, two, ("add", "os_image:default", "true"),
                ("add", "os_image:deadline", "60")).status, 200, "and taken")
    plain = cloud.demo.post("image", "/v2/images", {
        "disk_format": "raw", "container_format": "bare"}).json["id"]
    need(upload(cloud.demo, plain, b"x" * 512).status == 204, "plain")
    refused(patch(cloud.demo, plain, ("add", "os_image:name", "n"),
                  ("add", "os_image:version", "1")), 409, "has its data")
    equal(cloud.demo.delete("image", "/v2/images/" + one).status, 204,
          "nothing runs it")
    os_image(cloud.demo, "names", "1")


def test_values(cloud):
    for key, value in (("name", "a b"), ("version", "-1"), ("version", "a:b"),
                       ("default", "yes"), ("deadline", "soon"),
                       ("mount_script", "sbin/start"),
                       ("mount_script", "/sbin/../start"),
                       ("mount_script", "/sbin/st art"),
                       ("overlays", "/etc"), ("overlays", "/etc:4"),
                       ("overlays", "/etc:201"), ("overlays", "/../x:5"),
                       ("overlays", "/data/x:16"), ("overlays", ""),
                       ("sw", "a b"), ("timezone", "../etc/passwd"),
                       ("env.A B", "x"), ("colour", "red")):
        made = register(cloud.demo, "values", "1",
                        **{"os_image:" + key: value})
        refused(made, 400, "os_image:" + key)
    refused(cloud.demo.post("image", "/v2/images", {"os_image:name": "x"}),
            400, "belong together")
    refused(register(cloud.demo, "values", "1", disk_format="qcow2"), 400,
            "raw")
    equal(cloud.sql("select count(*) from image.images where properties ->> "
                    "'os_image:name' = 'values'"), [["0"]], "nothing was made")
    os_image(cloud.demo, "values", "1.0_a-b", **{
        "os_image:overlays": "/etc:16,/var/lib:200", "os_image:deadline": "0",
        "os_image:sw": "tools:1", "os_image:timezone": "Europe/Zurich",
        "os_image:env.HTTP_PROXY": "http://x/?a='b'",
        "os_image:mount_script": "/sbin/os-image-start"})


def test_bad_bundles(cloud):
    """Each is refused with the entry named, and leaves nothing behind."""
    dev = {"type": tarfile.BLKTYPE, "devmajor": 8}
    bad = (
        ([("/etc/passwd", {})], "/etc/passwd", "absolute"),
        ([("a/../../etc/passwd", {})], "a/../../etc/passwd", ".."),
        ([("dev/sda", dev)], "dev/sda", "device"),
        ([("run/pipe", {"type": tarfile.FIFOTYPE})], "run/pipe", "pipe"),
        ([("home/me/sh", {"mode": 0o4755})], "home/me/sh", "set-user-ID"),
        ([("usr/bin/x", {"mode": 0o4755, "uid": 9})], "usr/bin/x", "root"),
        ([("usr/bin/y", {"mode": 0o2775})], "usr/bin/y", "write"),
        ([("shadow", {"type": tarfile.LNKTYPE, "linkname": "../etc/shadow"})],
         "shadow", "hard link"),
        ([("x", {"type": tarfile.SYMTYPE, "linkname": "/etc"}),
          ("x/passwd", {})], "x/passwd", "not a folder"),
        ([("a", {"data": b"1"}), ("./a", {"data": b"2"})], "./a", "twice"),
    )
    for entries, name, why in bad:
        made = register(cloud.demo, "bad", "1")
        need(made.status == 201, "register: %r" % made)
        ident = made.json["id"]
        refused(upload(cloud.demo, ident, bundle(*entries)), 400, name, why)
        equal(cloud.demo.get("image", "/v2/images/" + ident).json["status"],
              "queued", "it waits for a better one")
        cloud.demo.delete("image", "/v2/images/" + ident)
    ident = register(cloud.demo, "bad", "2").json["id"]
    for data, why in ((b"hello" * 500, "not a tar archive"),
                      (bundle(script=False), "empty"),
                      (bundle(("zeros", {"data": bytes(200 << 20)}),
                              mode="w:gz"), "zeros: the archive grows")):
        refused(upload(cloud.demo, ident, data), 400, why)
    equal(upload(cloud.demo, ident, bundle()).status, 204, "a good one")
    equal(os.listdir(cloud.path("images", "incoming")), [],
          "what was refused is gone")


def test_without_script(cloud):
    """A bundle of software needs none; a machine does."""
    ident = os_image(cloud.demo, "tools", "1", bundle(
        ("bin/tool", {"mode": 0o755}), script=False))
    equal(cloud.sql("select script from image.systems where image_id = '%s'"
                    % ident), [["f"]], "none was found")
    linked = os_image(cloud.demo, "linked", "1", bundle(
        ("sbin", {"type": tarfile.SYMTYPE, "linkname": "usr/sbin"}),
        ("usr/sbin/os-image-start", {"mode": 0o755}), script=False))
    equal(cloud.sql("select script from image.systems where image_id = '%s'"
                    % linked), [["t"]], "links are followed")


def test_names_in_any_script(cloud):
    """Names that are no ASCII, in archives of both kinds; places that are
    links."""
    for n, kind in enumerate((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=kind) as tar:
            for path in ("etc/F\u0151tan\u00fas\u00edtv\u00e1ny.crt",
                         "etc/caf\udce9"):
                info = tarfile.TarInfo(path)
                info.mode = 0o644
                tar.addfile(info)
        os_image(cloud.demo, "script", str(n), out.getvalue())
    ident = register(cloud.demo, "script", "9").json["id"]
    refused(upload(cloud.demo, ident, bundle(
        ("data", {"type": tarfile.SYMTYPE, "linkname": "/.oldroot/tmp"}))),
        400, "data: it is not a folder")
    refused(register(cloud.demo, "script", "10", **{
        "os_image:overlays": "/.oldroot/etc/nologin:5"}), 400, "overlays")
