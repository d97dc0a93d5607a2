# SPDX-License-Identifier: Apache-2.0
"""Servers made anew: what changes and what stays, who may, the reply in each
microversion, and what is refused without a change."""
import base64
import hashlib
import json

from compute_kit import (KEY, NOBODY, create, fault, finish, get, host, image,
                         jobs, post, put)
from harness import check, equal, need, status


def rebuild(client, server, minor=1, **fields):
    return post(client, "/servers/%s/action" % server, {"rebuild": fields},
                minor)


def show(client, server, minor=90):
    return get(client, "/servers/" + server, minor).json["server"]


def ready(cloud, minor=1, state="active", **fields):
    """An image, and a server that has been built of another one."""
    host(cloud)
    put(cloud.admin, "/os-quota-sets/" + cloud.demo.project_id,
        {"quota_set": {"instances": -1, "cores": -1}})
    server = create(cloud, cloud.demo, image(cloud, cloud.demo), minor,
                    **fields)
    finish(cloud, server, state)
    return image(cloud, cloud.demo), server


def keypair(cloud, client):
    made = post(client, "/os-keypairs", {"keypair": {
        "name": cloud.name("key"), "public_key": KEY}})
    need(made.status in (200, 201), "key: %r" % made)
    return made.json["keypair"]["name"]


def test_changes(cloud):
    user = cloud.demo
    ref, server = ready(cloud, metadata={"old": "1"})
    before, key = show(user, server), keypair(cloud, user)
    data = base64.b64encode(b"#!/bin/sh\n").decode()
    reply = rebuild(user, server, 90, imageRef=ref, name="anew",
                    adminPass="secret7", metadata={"new": "2"},
                    accessIPv4="1.2.3.4", accessIPv6="", description="words",
                    key_name=key, user_data=data, hostname="anew-host",
                    preserve_ephemeral="true",
                    **{"OS-DCF:diskConfig": "AUTO",
                       "trusted_image_certificates": None})
    status(reply, 202, "rebuild")
    check(reply.headers["Location"].endswith("/v2.1/servers/" + server),
          "location: %s" % reply.headers["Location"])
    got = reply.json["server"]
    for name, want in (
            ("status", "REBUILD"), ("name", "anew"), ("adminPass", "secret7"),
            ("metadata", {"new": "2"}), ("accessIPv4", "1.2.3.4"),
            ("description", "words"), ("key_name", key),
            ("user_data", data), ("OS-DCF:diskConfig", "AUTO"),
            ("OS-EXT-SRV-ATTR:hostname", "anew-host"), ("progress", 0),
            ("OS-EXT-STS:task_state", "rebuilding"),
            ("OS-EXT-STS:vm_state", "active")):
        equal(got.get(name), want, name)
    equal(got["image"]["id"], ref, "image")
    for name in ("id", "created", "addresses", "flavor", "hostId", "tags"):
        equal(got[name], before[name], name)
    equal(show(user, server)["OS-EXT-STS:task_state"], "rebuilding", "shown")
    (kind, where, args), = jobs(cloud, server)
    args = json.loads(args)
    check(len(args.pop("sealed_admin_pass")) > 40, "a sealed password")
    equal((kind, where, args),
          ("server_rebuild", "h1", {
              "files": [], "stopped": False,
              "preserve_ephemeral": True}), "job")
    log = get(user, "/servers/%s/os-instance-actions" % server).json
    equal(log["instanceActions"][0]["action"], "rebuild", "action")


def test_stays(cloud):
    """What is not named stays; what is null ends."""
    user = cloud.demo
    host(cloud)
    key = keypair(cloud, user)
    ref, server = ready(cloud, 90, metadata={"a": "b"}, key_name=key,
                        description="words", user_data="QUJD")
    before = show(user, server)
    status(rebuild(user, server, 90, imageRef=ref), 202, "rebuild")
    after = show(user, server)
    for name in ("name", "metadata", "key_name", "description", "accessIPv4",
                 "OS-DCF:diskConfig", "OS-EXT-SRV-ATTR:hostname"):
        equal(after[name], before[name], name)
    equal(cloud.sql("select user_data from compute.servers where id = '%s'"
                    % server), [["QUJD"]], "user data")
    finish(cloud, server)
    status(rebuild(user, server, 90, imageRef=ref, key_name=None,
                   description=None, user_data=None, metadata={}), 202,
           "with nulls")
    equal(cloud.sql("select key_name, public_key, description, user_data, "
                    "metadata from compute.servers where id = '%s'" % server),
          [["", "", "", "", "{}"]], "ended")


def test_reply_by_version(cloud):
    """The members that came with microversions; recordings hold the rest."""
    plain = {"id", "name", "status", "tenant_id", "user_id", "metadata",
             "hostId", "image", "flavor", "created", "updated", "addresses",
             "accessIPv4", "accessIPv6", "links", "OS-DCF:diskConfig",
             "progress", "adminPass"}
    ref, server = ready(cloud)
    for minor, more in ((1, ()), (9, ("locked",)), (19, ("description",)),
                        (26, ("tags",)), (54, ("key_name",)),
                        (57, ("user_data",)),
                        (63, ("trusted_image_certificates",)),
                        (71, ("server_groups",)), (73, ("locked_reason",))):
        plain |= set(more)
        reply = rebuild(cloud.demo, server, minor, imageRef=ref)
        status(reply, 202, "2.%d" % minor)
        equal(set(reply.json["server"]), plain, "members at 2.%d" % minor)
        address = next(iter(reply.json["server"]["addresses"].values()), [{}])
        check("OS-EXT-IPS:type" not in address[0], "short addresses")
        finish(cloud, server)
    reply = rebuild(cloud.admin, server, 75, imageRef=ref)
    got = set(reply.json["server"])
    check(got > plain and "OS-EXT-SRV-ATTR:host" in got and
          "OS-EXT-SRV-ATTR:user_data" not in got, "at 2.75: %s" % got)


def test_states(cloud):
    user = cloud.demo
    for state in ("active", "stopped", "error"):
        ref, server = ready(cloud, state=state)
        reply = rebuild(user, server, imageRef=ref)
        status(reply, 202, state)
        equal(reply.json["server"]["status"], "REBUILD", state)
        equal(json.loads(jobs(cloud, server)[0][2])["stopped"],
              state == "stopped", "stopped")
        fault(rebuild(user, server, imageRef=ref), 409, "Cannot 'rebuild' "
              "instance %s while it is in task_state rebuilding" % server)
        equal(len(jobs(cloud, server)), 1, "jobs")
    young = create(cloud, user, ref)
    fault(rebuild(user, young, imageRef=ref), 409, "Cannot 'rebuild' instance "
          "%s while it is in vm_state building" % young)
    cloud.sql("update compute.servers set vm_state = 'error', task_state = "
              "null where id = '%s'" % young)
    fault(rebuild(user, young, imageRef=ref), 409,
          "Cannot 'rebuild' an instance which has never been active")


def test_whose(cloud):
    ref, server = ready(cloud)
    fault(rebuild(cloud.demo, NOBODY, imageRef=ref), 404,
          "Instance %s could not be found." % NOBODY)
    fault(rebuild(cloud.other, server, imageRef=ref), 404,
          "Instance %s could not be found." % server)
    status(rebuild(cloud.reader, server, imageRef=ref), 403, "reader")
    status(post(cloud.demo, "/servers/%s/action" % server, {"lock": None}),
           202, "lock")
    fault(rebuild(cloud.demo, server, imageRef=ref), 409,
          "Instance %s is locked" % server)
    status(rebuild(cloud.admin, server, imageRef=ref), 202, "admin")


def refuse(cloud, server, code, why, minor=1, **fields):
    before = cloud.sql("select * from compute.servers where id = '%s'"
                       % server)
    fault(rebuild(cloud.demo, server, minor, **fields), code, why,
          repr(fields)[:70])
    equal(cloud.sql("select * from compute.servers where id = '%s'" % server),
          before, "nothing changed")
    equal(jobs(cloud, server), [], "no job")


def test_bad_body(cloud):
    ref, server = ready(cloud)
    value = "Invalid input for field/attribute %s. Value: %s. %s"
    for minor, why, fields in (
            (1, value % ("rebuild", "{}",
                         "'imageRef' is a required property"), {}),
            (1, value % ("imageRef", "x", "'x' is not a 'uuid'"),
             {"imageRef": "x"}),
            (1, value % ("name", "1", "1 is not of type 'string'"),
             {"name": 1}),
            (1, value % ("preserve_ephemeral", "x", "'x' is not one of "
                         "[True, 'True', 'TRUE', 'true', '1', 'ON', 'On', "
                         "'on', 'YES', 'Yes', 'yes', False, 'False', 'FALSE', "
                         "'false', '0', 'OFF', 'Off', 'off', 'NO', 'No', "
                         "'no']"), {"preserve_ephemeral": "x"}),
            (1, value % ("OS-DCF:diskConfig", "X",
                         "'X' is not one of ['AUTO', 'MANUAL']"),
             {"OS-DCF:diskConfig": "X"}),
            (1, value % ("a", "1", "1 is not of type 'string'"),
             {"metadata": {"a": 1}}),
            (1, value % ("accessIPv4", "300.1.1.1",
                         "'300.1.1.1' is not a 'ipv4'"),
             {"accessIPv4": "300.1.1.1"}),
            (57, value % ("user_data", "A", "'A' is not a 'base64'"),
             {"user_data": "A"}),
            (63, "Signatures of images cannot be validated here: "
             "trusted_image_certificates may only be null.",
             {"trusted_image_certificates": ["x"]}),
            (1, "lite:files[0].path must be absolute",
             {"lite:files": [{"path": "a", "contents": ""}]}),
            (1, "personality[0].path must be absolute",
             {"personality": [{"path": "a", "contents": ""}]})):
        if fields:
            fields.setdefault("imageRef", ref)
        refuse(cloud, server, 400, why, minor, **fields)
    for minor, key in ((57, "personality"), (18, "description"),
                       (53, "key_name"), (56, "user_data"),
                       (62, "trusted_image_certificates"), (89, "hostname"),
                       (1, "flavorRef")):
        reply = rebuild(cloud.demo, server, minor, imageRef=ref, **{key: None})
        status(reply, 400, key)
        check("('%s' was unexpected)" % key in reply.text,
              "%s at 2.%d: %r" % (key, minor, reply))
    equal(jobs(cloud, server), [], "no job")


def test_refused(cloud):
    user = cloud.demo
    ref, server = ready(cloud)
    queued = user.post("image", "/v2/images", {
        "name": "q", "disk_format": "raw", "container_format": "bare"}).json
    big = image(cloud, user, min_disk=2)
    fat = image(cloud, user, min_ram=4096)
    private = image(cloud, cloud.admin)
    missing = "Cannot find image for rebuild"
    refuse(cloud, server, 400, missing, imageRef=NOBODY)
    refuse(cloud, server, 400, missing, imageRef=private)
    refuse(cloud, server, 400, "Image %s is not active." % queued["id"],
           imageRef=queued["id"])
    refuse(cloud, server, 400, "Flavor's disk is smaller than the minimum "
           "size specified in image metadata. Flavor disk is 1073741824 "
           "bytes, minimum size is 2147483648 bytes.", imageRef=big)
    refuse(cloud, server, 400, "Flavor's memory is too small for requested "
           "image.", imageRef=fat)
    refuse(cloud, server, 400, "Invalid key_name provided.", 54, imageRef=ref,
           key_name="nokey")
    path = "/os-quota-sets/" + user.project_id
    put(cloud.admin, path, {"quota_set": {"metadata_items": 1}})
    refuse(cloud, server, 403, "Maximum number of metadata items exceeds 1",
           imageRef=ref, metadata={"a": "1", "b": "2"})
    put(cloud.admin, path, {"quota_set": {"metadata_items": 128}})
    refuse(cloud, server, 403, "Personality file limit exceeded",
           imageRef=ref, personality=[
               {"path": "/%d" % i, "contents": ""} for i in range(6)])
    refuse(cloud, server, 400, "lite:files[0].sha256 is not that of this path "
           "in an image that the project has made from the same image",
           imageRef=ref,
           **{"lite:files": [{"path": "/a", "sha256": "0" * 64}]})


def test_files(cloud):
    ref, server = ready(cloud)
    status(rebuild(cloud.demo, server, imageRef=ref,
                   personality=[{"path": "/a", "contents": "QQ=="}],
                   **{"lite:files": [{"path": "/b", "contents": "Qg==",
                                      "mode": "600", "gid": 4}]}),
           202, "rebuild")
    files = json.loads(jobs(cloud, server)[0][2])["files"]
    equal(files, [
        {"path": "/a", "size": 1, "mode": "0644",
         "uid": 0, "gid": 0, "sha256": hashlib.sha256(b"A").hexdigest()},
        {"path": "/b", "size": 1, "mode": "0600",
         "uid": 0, "gid": 4, "sha256": hashlib.sha256(b"B").hexdigest()}],
          "files")
    equal(cloud.sql("select encode(data, 'escape') from compute.contents c "
                    "join lite.jobs j using (request_id) where j.subject = "
                    "'%s' order by 1" % server), [["A"], ["B"]], "contents")
