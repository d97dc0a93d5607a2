# SPDX-License-Identifier: Apache-2.0
"""OS images for scenarios: bundles, their registration, servers on them."""
import io
import tarfile

from harness import need

OCTETS = {"Content-Type": "application/octet-stream"}
SCRIPT = "sbin/os-image-start"


def bundle(*entries, script=True, mode="w"):
    """A tar archive of (path, {TarInfo's attributes, data})."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for path, facts in list(entries) + script * [
                (SCRIPT, {"mode": 0o755, "data": b"#!/bin/sh\n"})]:
            info = tarfile.TarInfo(path)
            data = facts.get("data", b"")
            for key, value in facts.items():
                if key != "data":
                    setattr(info, key, value)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def register(client, name, version, **more):
    """The reply to the creation of the image's record."""
    body = {"name": "%s-%s" % (name, version), "disk_format": "raw",
            "container_format": "bare", "os_image:name": name,
            "os_image:version": version}
    body.update(more)
    return client.post("image", "/v2/images", body)


def upload(client, ident, data):
    return client.put("image", "/v2/images/%s/file" % ident, data,
                      headers=OCTETS)


def os_image(client, name, version, data=None, **more):
    """The id of a version that machines can run."""
    made = register(client, name, version, **more)
    need(made.status == 201, "register: %r" % made)
    put = upload(client, made.json["id"], data or bundle())
    need(put.status == 204, "upload: %r" % put)
    return made.json["id"]
