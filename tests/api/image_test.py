# SPDX-License-Identifier: Apache-2.0
"""Images: discovery, metadata, sharing."""
import json
import uuid

from harness import check, equal, shape, status
from image_kit import (
    JSON, KEYS, NOBODY, V20, V21, create, explained, files, listed,
    message, patch, path, show, upload)


# -- discovery, schemas --------------------------------------------------

def test_versions(cloud):
    for where, code in (("/", 300), ("/versions", 200), ("/v1/images", 300),
                        ("/favicon.ico", 300)):
        reply = cloud.anon.get("image", where)
        status(reply, code)
        versions = reply.json["versions"]
        equal(versions[0]["status"], "CURRENT", "first version")
        equal(versions[-1]["id"], "v2.0", "last version")
        equal(versions[0]["links"][0]["href"],
              "http://%s:%d/v2/" % cloud.urls["image"], "link")
    equal(cloud.anon.get("image", "/healthcheck").json,
          {"detailed": False, "reasons": ["OK"]}, "healthcheck")


def test_schemas(cloud):
    for name in ("image", "images", "member", "members"):
        reply = cloud.demo.get("image", "/v2/schemas/" + name)
        status(reply, 200)
        equal(reply.json["name"], name, "schema")
    image = cloud.demo.get("image", "/v2/schemas/image").json
    equal(image["properties"]["disk_format"]["enum"][0], None, "null first")
    equal(image["additionalProperties"], {"type": "string"}, "properties")
    for where in ("import", "stores", "usage"):
        status(cloud.demo.get("image", "/v2/info/" + where), 200)
    status(cloud.admin.get("image", "/v2/info/stores/detail"), 200)
    status(cloud.demo.get("image", "/v2/info/stores/detail"), 403)


def test_unauthorized(cloud):
    for where in ("/v2", "/v2/images", "/v2/nosuch", "/v2/schemas/image"):
        reply = cloud.anon.get("image", where, headers=JSON)
        status(reply, 401)
        check(reply.headers.get("WWW-Authenticate", "").startswith(
            "Keystone uri="), "a 401 says where to go")
        equal(reply.json["title"], "Unauthorized", "title")
    status(cloud.anon.get("image", "/v2/images", token="rubbish"), 401)


def test_error_forms(cloud):
    where = "/v2/images/no<such>"
    reply = cloud.demo.get("image", "/v2/images/no%3Csuch%3E",
                           headers={"Accept": "*/*"})
    equal(reply.headers["Content-Type"], "text/html; charset=UTF-8", "type")
    equal(reply.text, "<html>\n <head>\n  <title>404 Not Found</title>\n "
          "</head>\n <body>\n  <h1>404 Not Found</h1>\n  No image found with "
          "ID no&lt;such&gt;<br /><br />\n\n\n\n </body>\n</html>", where)
    reply = cloud.demo.get("image", "/v2/images/x", headers=JSON)
    explained(reply, 404, "Not Found", "No image found with ID x")
    reply = cloud.demo.get("image", "/v2/images/x",
                           headers={"Accept": "text/plain"})
    equal(reply.text.splitlines()[0], "404 Not Found", "plain text")
    check(reply.id.startswith("req-"), "errors carry their request's id")
    reply = cloud.demo.put("image", "/v2/images", "{}", headers=JSON)
    status(reply, 405)
    equal(reply.headers["Allow"], "GET, POST", "allow")
    explained(cloud.demo.get("image", "/v2/nosuch", headers=JSON), 404,
              "Not Found", "The resource could not be found.")


# -- create, show --------------------------------------------------------

def test_create(cloud):
    name = cloud.name("i")
    reply = cloud.demo.post("image", "/v2/images", {
        "name": name, "disk_format": "qcow2", "container_format": "bare",
        "min_disk": 1, "min_ram": 64, "tags": ["b", "a", "b"],
        "os_distro": "debian", "hw_disk_bus": "virtio", "\u00e4": "\u00f6"})
    status(reply, 201)
    image = reply.json
    equal(set(image), KEYS | {"os_distro", "hw_disk_bus", "\u00e4"}, "keys")
    equal(image["status"], "queued", "status")
    equal(image["visibility"], "shared", "visibility")
    equal(image["owner"], cloud.demo.project_id, "owner")
    equal(sorted(image["tags"]), ["a", "b"], "each tag once")
    equal(image["size"], None, "size")
    equal(image["\u00e4"], "\u00f6", "a property's value")
    equal(image["self"], "/v2/images/" + image["id"], "self")
    equal(reply.headers["Location"], "http://%s:%d/v2/images/%s" % (
        *cloud.urls["image"], image["id"]), "location")
    equal(show(cloud.demo, image).json, image, "show")
    line = cloud.log_of(show(cloud.demo, image))
    equal(line["op"], "image_show", "operation")
    equal(line["sql"], "1", "statements of a show")
    status(cloud.demo.delete("image", path(image)), 204)


def test_create_empty(cloud):
    reply = cloud.demo.post("image", "/v2/images", {})
    status(reply, 201)
    equal(reply.json["name"], None, "name")
    equal(set(reply.json), KEYS, "keys")


def test_create_id(cloud):
    wanted = str(uuid.uuid4())
    image = create(cloud.demo, id=wanted.upper())
    equal(image["id"], wanted, "id")
    reply = cloud.demo.post("image", "/v2/images", {"id": wanted},
                            headers=JSON)
    explained(reply, 409, "Conflict",
              "Image ID %s already exists!" % wanted)
    status(cloud.demo.delete("image", path(image)), 204)
    status(cloud.demo.post("image", "/v2/images", {"id": wanted}), 409,
           "the id of a deleted image")


def test_create_bad(cloud):
    for body, code, text in (
            ("{", 400, "Malformed JSON in request body."),
            ("", 400, "Body expected in request."),
            ("[]", 400, None), ("1", 400, None), ('{"a": "\\ud800"}', 400,
                                                  None),
            ('{"id": "x"}', 400, None), ('{"name": 1}', 400, None),
            ('{"disk_format": "x"}', 400, None), ('{"foo": 1}', 400, None),
            ('{"tags": "x"}', 400, None), ('{"tags": [1]}', 400, None),
            ('{"min_disk": -1}', 400, None), ('{"min_ram": 1e99}', 400, None),
            ('{"min_ram": 99999999999}', 400, None),
            ('{"name": "%s"}' % ("x" * 256), 400, None),
            ('{"tags": ["%s"]}' % ("x" * 256), 400, None),
            ('{"status": "active"}', 403, "Attribute 'status' is read-only."),
            ('{"self": "x"}', 403, "Attribute 'self' is read-only."),
            ('{"os_glance_x": "y"}', 403,
             "Attribute 'os_glance_x' is reserved."),
            ('{"locations": []}', 403, "Attribute 'locations' is reserved."),
            ('{"visibility": "public"}', 403,
             "You are not authorized to complete publicize_image action."),
            ('{"owner": "x"}', 403,
             "You are not permitted to create images owned by 'x'."),
            (json.dumps({"p%d" % i: "v" for i in range(200)}), 413,
             "The limit has been exceeded on the number of allowed image "
             "properties. Attempted: 200, Maximum: 128"),
            (json.dumps({"tags": ["t%d" % i for i in range(129)]}), 413,
             "The limit has been exceeded on the number of allowed image "
             "tags. Attempted: 129, Maximum: 128")):
        reply = cloud.demo.post("image", "/v2/images", body, headers=JSON)
        status(reply, code, body[:60])
        if text:
            equal(reply.json["message"], text + "<br /><br />\n\n\n", body)
    reply = cloud.demo.post("image", "/v2/images", {"disk_format": "foo"},
                            headers=JSON)
    message(reply, "Bad Request", (
        "Provided object does not match schema 'image': 'foo' is not one of "
        "[None, 'ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', "
        "'vdi', 'iso', 'ploop']\n\nFailed validating 'enum' in "
        "schema['properties']['disk_format']:\n"
        "    {'description': 'Format of the disk',\n     'enum': [None,\n"
        + "".join("              '%s',\n" % f for f in (
            "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi",
            "iso")) + "              'ploop'],\n"
        "     'type': ['null', 'string']}\n\nOn instance['disk_format']:\n"
        "    'foo'<br /><br />\n\n\n"), "jsonschema's words")


def test_admin_creates_for_others(cloud):
    image = create(cloud.admin, owner=cloud.demo.project_id,
                   visibility="private")
    status(show(cloud.demo, image), 200)
    status(cloud.demo.delete("image", path(image)), 204)


def test_reader(cloud):
    image = create(cloud.demo)
    status(show(cloud.reader, image), 200)
    reply = cloud.reader.post("image", "/v2/images", {}, headers=JSON)
    explained(reply, 403, "Forbidden",
              "You are not authorized to complete add_image action.")
    status(cloud.reader.delete("image", path(image)), 403)


# -- update --------------------------------------------------------------

def test_update(cloud):
    image = create(cloud.demo, name="old", p="1")
    reply = patch(cloud.demo, image, [
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "remove", "path": "/p"},
        {"op": "add", "path": "/a~1b", "value": "c"},
        {"op": "add", "path": "/tags", "value": ["y", "x", "y"]},
        {"op": "add", "path": "/min_ram", "value": 128},
        {"op": "replace", "path": "/protected", "value": True},
        {"op": "add", "path": "/kernel_id", "value": NOBODY}])
    status(reply, 200)
    got = reply.json
    equal((got["name"], got["a/b"], sorted(got["tags"]), got["min_ram"],
           got["protected"], got["kernel_id"], "p" in got),
          ("new", "c", ["x", "y"], 128, True, NOBODY, False), "changes")
    equal(show(cloud.demo, image).json, got, "show")
    status(patch(cloud.demo, image, []), 200, "no changes")
    reply = patch(cloud.demo, image,
                  [{"replace": "/protected", "value": False}], V20)
    status(reply, 200)
    equal(reply.json["protected"], False, "2.0 patches")
    reply = patch(cloud.demo, image, [
        {"op": "add", "path": "/visibility", "value": "community"}])
    equal(reply.json["visibility"], "community", "visibility")


def test_update_bad(cloud):
    image = create(cloud.demo, name="n")
    for changes, code, text in (
            ([{"op": "replace", "path": "/visibility", "value": "public"}],
             403, "You are not authorized to complete publicize_image "
                  "action."),
            ([{"op": "add", "path": "/owner", "value": "x"}], 403,
             "Owner can't be updated by non admin."),
            ([{"op": "add", "path": "/locations/-", "value": {}}], 403,
             "It's not allowed to add locations if locations are "
             "invisible."),
            ([{"op": "remove", "path": "/locations/0"}], 403,
             "It's not allowed to remove locations if locations are "
             "invisible."),
            ([{"op": "add", "path": "/p%d" % i, "value": "v"}
              for i in range(129)], 413,
             "The limit has been exceeded on the number of allowed image "
             "properties. Attempted: 129, Maximum: 128")):
        reply = patch(cloud.demo, image, changes)
        status(reply, code)
        equal(reply.json["message"], text + "<br /><br />\n\n\n", text)
    for op in ("remove", "replace"):
        reply = patch(cloud.demo, image, [
            {"op": "add", "path": "/name", "value": "changed"},
            {"op": op, "path": "/nosuch", "value": "x"}])
        status(reply, 409)
        message(reply, "Conflict", "There was a conflict when trying to "
                "complete your request.<br /><br />\nProperty nosuch does not "
                "exist.\n\n", "409")
    status(patch(cloud.demo, image, [{"op": "remove", "path": "/name"}]), 403)
    equal(show(cloud.demo, image).json["name"], "n", "all or nothing")
    reply = patch(cloud.demo, image, [], "application/json")
    status(reply, 415)
    equal(reply.headers["Accept-Patch"], V20 + ", " + V21, "Accept-Patch")
    status(patch(cloud.demo, {"id": NOBODY}, []), 404)
    upload(cloud.demo, image, b"x")
    reply = patch(cloud.demo, image, [
        {"op": "replace", "path": "/disk_format", "value": "qcow2"}])
    explained(reply, 403, "Forbidden", "Attribute disk_format can be only "
              "replaced for a queued image.")


def test_protected(cloud):
    image = create(cloud.demo, protected=True)
    upload(cloud.demo, image, b"x")
    reply = cloud.demo.delete("image", path(image), headers=JSON)
    explained(reply, 403, "Forbidden", "Image %s is protected and cannot be "
              "deleted." % image["id"])
    check(image["id"] in files(cloud), "the file is still there")
    patch(cloud.demo, image,
          [{"op": "replace", "path": "/protected", "value": False}])
    status(cloud.demo.delete("image", path(image)), 204)
    reply = cloud.demo.delete("image", path(image), headers=JSON)
    explained(reply, 404, "Not Found",
              "Failed to find image %s to delete" % image["id"])


def test_deactivate(cloud):
    image = create(cloud.demo)
    off, on = (path(image, "/actions/" + a) for a in ("deactivate",
                                                      "reactivate"))
    explained(cloud.demo.post("image", off, headers=JSON), 403, "Forbidden",
              "Not allowed to deactivate image in status 'queued'")
    upload(cloud.demo, image, b"data")
    status(cloud.demo.post("image", off), 204)
    status(cloud.demo.post("image", off), 204, "again")
    equal(show(cloud.demo, image).json["status"], "deactivated", "status")
    status(cloud.demo.get("image", path(image, "/file")), 403)
    status(cloud.admin.get("image", path(image, "/file")), 200, "an admin")
    status(cloud.demo.post("image", on), 204)
    status(cloud.demo.get("image", path(image, "/file")), 200)
    status(cloud.demo.post("image", path(image, "/actions/foo")), 404)


def test_tags(cloud):
    image = create(cloud.demo, tags=["t%d" % i for i in range(127)])
    where = path(image, "/tags/%C3%A4")
    status(cloud.demo.put("image", where), 204)
    status(cloud.demo.put("image", where), 204, "again")
    check("\u00e4" in show(cloud.demo, image).json["tags"], "the tag")
    reply = cloud.demo.put("image", path(image, "/tags/more"), headers=JSON)
    explained(reply, 413, "Request Entity Too Large", "Image tag limit "
              "exceeded for image %s: The limit has been exceeded on the "
              "number of allowed image tags. Attempted: 129, Maximum: 128:" %
              image["id"])
    status(cloud.demo.delete("image", where), 204)
    status(cloud.demo.delete("image", where), 404, "again")
    status(cloud.demo.put("image", path(image, "/tags/" + "x" * 256)), 400)
    status(cloud.demo.put("image", path(image, "/tags/%FF")), 400)


# -- who sees what -------------------------------------------------------

def test_visibility(cloud):
    mine = {v: create(cloud.demo, name=cloud.name(v), visibility=v)
            for v in ("private", "shared", "community")}
    mine["public"] = create(cloud.admin, name=cloud.name("public"),
                            visibility="public")
    for v, seen in (("private", 404), ("shared", 404), ("community", 200),
                    ("public", 200)):
        status(show(cloud.other, mine[v]), seen, v)
        status(show(cloud.admin, mine[v]), 200, v)
        name = mine[v]["name"]
        equal(listed(cloud.other, "name=" + name),
              [name] if v == "public" else [], "list: " + v)
        equal(listed(cloud.other, "visibility=%s&name=%s" % (v, name)),
              [name] if v in ("public", "community") else [],
              "list by visibility: " + v)
    for client, image, code in ((cloud.other, "private", 404),
                                (cloud.other, "community", 403),
                                (cloud.demo, "public", 403)):
        status(client.delete("image", path(mine[image])), code)
        status(patch(client, mine[image], []), code)
    for client, image in ((cloud.demo, "private"), (cloud.demo, "shared"),
                          (cloud.demo, "community"), (cloud.admin, "public")):
        status(client.delete("image", path(mine[image])), 204)


def test_members(cloud):
    image = create(cloud.demo, name=cloud.name("m"))
    project = cloud.other.project_id
    where = path(image, "/members")
    equal(cloud.demo.get("image", where).json,
          {"members": [], "schema": "/v2/schemas/members"}, "none")
    reply = cloud.demo.post("image", where, {"member": project})
    status(reply, 200)
    equal(shape(reply.json, {
        "member_id": "x", "image_id": "x", "status": "pending",
        "created_at": "x", "updated_at": "x", "schema": "x"}), [], "shape")
    reply = cloud.demo.post("image", where, {"member": project}, headers=JSON)
    explained(reply, 409, "Conflict", "Member %s is duplicated for image %s" %
              (project, image["id"]))
    status(cloud.demo.post("image", where, {}), 400)
    status(show(cloud.other, image), 200, "a member sees it")
    named = "name=" + image["name"]
    equal(listed(cloud.other, named), [], "pending images are not listed")
    equal(listed(cloud.other, named + "&member_status=pending"),
          [image["name"]], "member_status")
    one = where + "/" + project
    status(cloud.demo.put("image", one, {"status": "accepted"}), 403,
           "the owner does not accept")
    status(cloud.other.put("image", one, {"status": "foo"}), 400)
    reply = cloud.other.put("image", one, {"status": "accepted"})
    status(reply, 200)
    equal(reply.json["status"], "accepted", "status")
    equal(listed(cloud.other, named), [image["name"]], "accepted")
    equal(cloud.other.get("image", one).json["member_id"], project, "show")
    equal(len(cloud.other.get("image", where).json["members"]), 1, "list")
    status(cloud.other.delete("image", one), 403, "only its owner unshares")
    status(cloud.demo.delete("image", one), 204)
    reply = cloud.demo.delete("image", one, headers=JSON)
    explained(reply, 404, "Not Found", "%s not found in the member list of "
              "the image %s." % (project, image["id"]))
    status(cloud.demo.get("image", one), 404)
    status(show(cloud.other, image), 404)
    status(cloud.other.get("image", where), 404)
    private = create(cloud.demo, visibility="private")
    status(cloud.demo.get("image", path(private, "/members")), 403)
    status(cloud.demo.post("image", path(private, "/members"),
                           {"member": project}), 403)
