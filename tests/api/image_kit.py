# SPDX-License-Identifier: Apache-2.0
"""What the scenarios of images share."""
import os

from harness import equal, need, status

JSON = {"Accept": "application/json"}
V21 = "application/openstack-images-v2.1-json-patch"
V20 = "application/openstack-images-v2.0-json-patch"
NOBODY = "00000000-0000-0000-0000-000000000000"
KEYS = {"name", "disk_format", "container_format", "visibility", "size",
        "virtual_size", "status", "checksum", "protected", "min_ram",
        "min_disk", "owner", "os_hidden", "os_hash_algo", "os_hash_value",
        "id", "created_at", "updated_at", "tags", "self", "file", "schema"}


def create(client, **fields):
    body = {"disk_format": "raw", "container_format": "bare"}
    body.update(fields)
    reply = client.post("image", "/v2/images", body)
    need(reply.status == 201, "image create: %r" % reply)
    return reply.json


def path(image, rest=""):
    return "/v2/images/%s%s" % (image["id"], rest)


def upload(client, image, data, **kw):
    return client.put("image", path(image, "/file"), data, **kw)


def show(client, image):
    return client.get("image", path(image))


def patch(client, image, changes, kind=V21, headers=JSON):
    return client.patch("image", path(image), changes,
                        headers=dict(headers, **{"Content-Type": kind}))


def message(reply, kind, text, what):
    """The body of one of Glance's errors."""
    code = "%d %s" % (reply.status, kind)
    equal(reply.json, {"message": text, "code": code, "title": kind}, what)


def explained(reply, code, kind, text):
    status(reply, code)
    message(reply, kind, text + "<br /><br />\n\n\n", text)


def listed(client, query):
    reply = client.get("image", "/v2/images?" + query, headers=JSON)
    need(reply.status == 200, "list %s: %r" % (query, reply))
    return [i["name"] for i in reply.json["images"]]


def files(cloud):
    return {name for name in os.listdir(cloud.path("images"))
            if name[0] != "."} - {"incoming"}
