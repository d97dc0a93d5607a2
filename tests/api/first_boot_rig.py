# SPDX-License-Identifier: Apache-2.0
"""A cloud with first boots, and servers that ask for theirs."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import tempfile
import uuid

from harness import ROOT, need

SECRET = "metadata-secret"
KEPT = tempfile.NamedTemporaryFile("w", prefix="lite-fb-")
KEPT.write(SECRET + "\n")
KEPT.flush()
KEYS = tempfile.NamedTemporaryFile("w", prefix="lite-fb-keys-")
KEYS.write("11" * 32 + "\n")
KEYS.flush()
# RSA keys of OpenSSH's size take their time: crypto_machine_test makes some.
KINDS = ["ssh_ecdsa_p256", "ssh_ed25519", "machine_guid", "tls", "ltpa"]
LOW, HIGH = 2, 4

CLOUD = {"compute": True, "options": {"nova-lite-metadata": {
    ("metadata", "shared_secret_file"): KEPT.name,
    ("first_boot", "seal_key_file"): KEYS.name,
    ("first_boot", "kinds"): ",".join(KINDS),
    ("first_boot", "pool_low"): LOW, ("first_boot", "pool_high"): HIGH}}}
PATH = "/openstack/latest/first_boot"
DEBIAN = os.path.join(ROOT, "build/guest/debian.qcow2")


def server(cloud, name="vm", metadata="{}"):
    """A server with one address, as the catalog knows it."""
    ident = str(uuid.uuid4())
    cloud.sql("""
insert into compute.servers (id, project_id, user_id, name, hostname, image_id,
    flavor_id, flavor, vcpus, ram, disk, reservation_id, request_id, zone,
    vm_state, metadata)
values ('%s', 'p1', 'u1', '%s', '%s', 'abcdef12-0000-4000-8000-000000000000',
    '1', '{"name": "m1.tiny"}', 1, 64, 1, 'r-abc', 'req-1', 'nova', 'active',
    '%s')""" % (ident, name, name, metadata))
    cloud.sql("select compute.port_create('%s', 'p1', 0, id, null) from "
              "compute.networks limit 1" % ident)
    return ident


def address_of(cloud, ident):
    return cloud.sql("select host(ip) from compute.ports where server_id = "
                     "'%s'" % ident)[0][0]


def ask(cloud, ident, method="POST", path=PATH, body=None, signed=True,
        at=None, project="p1"):
    """(status, body), by way of a proxy that vouches for the server."""
    conn = http.client.HTTPConnection(*(at or cloud.urls["metadata"]),
                                      timeout=60)
    mac = hmac.new(SECRET.encode(), ident.encode(), hashlib.sha256)
    headers = {"X-Instance-ID": ident, "X-Tenant-ID": project,
               "X-Instance-ID-Signature": mac.hexdigest() if signed else "0",
               "Content-Type": "application/json"}
    text = json.dumps(body) if isinstance(body, (dict, list)) else body
    conn.request(method, path, text, headers)
    reply = conn.getresponse()
    data = reply.read()
    conn.close()
    return reply.status, data


def upload(cloud):
    made = cloud.admin.post("image", "/v2/images", {
        "name": "debian", "visibility": "public", "disk_format": "qcow2",
        "container_format": "bare", "min_ram": 512}).json
    with open(DEBIAN, "rb") as f:
        put = cloud.admin.put("image", made["file"], f.read(), headers={
            "Content-Type": "application/octet-stream"})
    need(put.status == 204, "the image: %d" % put.status)
    return made["id"]


def console(cloud, ident):
    try:
        with open(cloud.path("nova", "instances", ident, "console.log"),
                  errors="replace") as f:
            return f.read().replace("\r", "")
    except OSError:
        return ""


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def run(*words, data=None):
    return subprocess.run(words, input=data, capture_output=True, text=True)
