# SPDX-License-Identifier: Apache-2.0
"""What the compute scenarios share: hosts, images, servers, microversions."""
from harness import need, status

NOBODY = "00000000-0000-0000-0000-000000000000"
KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID6LbtrH8xiS1QNIc93BuPrF66Yfq78S"
       "0pCYqPKm0S47 somebody@somewhere\n")


def mv(minor):
    """Headers that ask for microversion 2.minor."""
    return {"OpenStack-API-Version": "compute 2.%d" % minor}


def get(client, path, minor=1):
    return client.get("compute", "/v2.1" + path, headers=mv(minor))


def post(client, path, body, minor=1):
    return client.post("compute", "/v2.1" + path, body, headers=mv(minor))


def put(client, path, body=None, minor=1):
    return client.put("compute", "/v2.1" + path, body, headers=mv(minor))


def delete(client, path, minor=1):
    return client.delete("compute", "/v2.1" + path, headers=mv(minor))


def fault(reply, code, text, what=""):
    """An error in Nova's form with this message."""
    status(reply, code, what)
    body = reply.json or {}
    got = next(iter(body.values()), {}) if len(body) == 1 else {}
    got = got if isinstance(got, dict) else {}
    need(got.get("code") == code and got.get("message") == text,
         "%s%r, want %d %r" % (what and what + ": ", reply, code, text))


def host(cloud, name="h1", zone="nova", vcpus=64, ram=64000):
    """A compute host that is up, as its agent would have announced it."""
    cloud.sql("insert into compute.hosts (name, hypervisor_hostname, zone, "
              "heartbeat, vcpus, memory_mb, local_gb, cpu_info, "
              "hypervisor_version) values ('%s', '%s', '%s', "
              "now() + interval '1 day', %d, %d, 1000, '{\"arch\": "
              "\"x86_64\"}', 7002000) on conflict (name) do nothing"
              % (name, name, zone, vcpus, ram))
    return name


def image(cloud, client, **fields):
    """The id of an active image."""
    body = {"name": cloud.name("img"), "disk_format": "raw",
            "container_format": "bare"}
    body.update(fields)
    made = client.post("image", "/v2/images", body)
    need(made.status == 201, "image: %r" % made)
    path = "/v2/images/%s/file" % made.json["id"]
    need(client.put("image", path, b"x" * 512, headers={
        "Content-Type": "application/octet-stream"}).status == 204, "upload")
    return made.json["id"]


def body(cloud, image_id, **fields):
    server = {"name": cloud.name("vm"), "imageRef": image_id,
              "flavorRef": "1"}
    server.update(fields)
    return {"server": {k: v for k, v in server.items() if v is not None}}


def create(cloud, client, image_id, minor=1, **fields):
    """A new server's id."""
    if minor >= 37:
        fields.setdefault("networks", "auto")
    made = post(client, "/servers", body(cloud, image_id, **fields), minor)
    need(made.status == 202, "create: %r" % made)
    return made.json["server"]["id"]


def finish(cloud, server, state="active", task="null"):
    """What the agent records when it has done its job."""
    cloud.sql("delete from lite.jobs where subject = '%s'" % server)
    cloud.sql("update compute.servers set vm_state = '%s', task_state = %s, "
              "power_state = %d, launched_at = coalesce(launched_at, now()) "
              "where id = '%s'" % (state, task, state == "active" or 4,
                                   server))


def gone(cloud, server):
    """What the agent records at the end of a deletion."""
    cloud.sql("delete from lite.jobs where subject = '%s'" % server)
    cloud.sql("select compute.server_gone('%s')" % server)


def jobs(cloud, server):
    """[(kind, host, args)] of the server's jobs."""
    return cloud.sql("select kind, host, args from lite.jobs where subject = "
                     "'%s' order by id" % server)
