# SPDX-License-Identifier: Apache-2.0
"""The metadata service, as a guest and as a proxy see it."""
import hashlib
import hmac
import http.client
import os
import socket
import tempfile
import time
import uuid

from harness import check, equal, need

SECRET = "metadata-secret"
KEPT = tempfile.NamedTemporaryFile("w", prefix="lite-md-")
KEPT.write(SECRET + "\n")
KEPT.flush()

CLOUD = {"compute": True, "options": {"nova-lite-metadata": {
    ("metadata", "shared_secret_file"): KEPT.name}}}

TEXT, JSON = "text/plain; charset=UTF-8", "application/json"
HTML = "text/html; charset=UTF-8"
ADD = """
insert into compute.servers (id, project_id, user_id, name, hostname, image_id,
    flavor_id, flavor, vcpus, ram, disk, reservation_id, request_id, zone,
    vm_state, key_name, public_key, key_type, metadata, user_data)
values ('%(id)s', 'p1', 'u1', '%(name)s', '%(name)s',
    'abcdef12-0000-4000-8000-000000000000', '1', '{"name": "m1.tiny"}', 1, 64,
    1, 'r-abc', 'req-1', 'nova', 'active', 'kp', 'ssh-ed25519 AAAA x', 'ssh',
    '{"k1": "v1"}', 'IyEvYmluL3NoCg==')"""


class Door(http.client.HTTPConnection):
    """A guest's way in: the socket of its server."""

    def __init__(self, path):
        super().__init__("169.254.169.254", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def ask(conn, path, method="GET", body=None, headers=None):
    """(status, content type, body)"""
    conn.request(method, path, body, dict({"Accept": "*/*"},
                                          **(headers or {})))
    reply = conn.getresponse()
    data = reply.read().decode()
    conn.close()
    return reply.status, reply.getheader("Content-Type"), data


def wait_for(found, seconds=5):
    end = time.monotonic() + seconds
    while not found() and time.monotonic() < end:
        time.sleep(0.01)
    return found()


def listens(door):
    try:
        door.connect()
        door.close()
    except OSError:
        return False
    return True


def guest(cloud):
    """A server in the catalog, and its door: (id, name, connection)."""
    server, name = str(uuid.uuid4()), cloud.name("md")
    cloud.sql(ADD % {"id": server, "name": name})
    marker = cloud.path("nova", "metadata", server)
    open(marker, "w").close()
    door = Door(marker + ".sock")
    need(wait_for(lambda: listens(door)), "a socket")
    return server, name, door


def proxy(cloud):
    return http.client.HTTPConnection(*cloud.urls["metadata"], timeout=10)


def signed(server, project="p1", secret=SECRET):
    mac = hmac.new(secret.encode(), server.encode(), hashlib.sha256)
    return {"X-Instance-ID": server, "X-Tenant-ID": project,
            "X-Instance-ID-Signature": mac.hexdigest()}


def webob(status, title, text):
    return ("<html>\n <head>\n  <title>%d %s</title>\n </head>\n <body>\n"
            "  <h1>%d %s</h1>\n  %s<br /><br />\n\n\n\n </body>\n</html>" %
            (status, title, status, title, text))


NOT_FOUND = (404, HTML, webob(404, "Not Found",
                              "The resource could not be found."))


def test_tree(cloud):
    _, name, door = guest(cloud)
    for path, want in (
            ("/latest/meta-data/hostname", (200, TEXT, name + ".novalocal")),
            ("/latest/meta-data/ami-id", (200, TEXT, "ami-abcdef12")),
            ("/latest/meta-data/public-keys/", (200, TEXT, "0=kp")),
            ("/latest/meta-data/placement/availability-zone",
             (200, TEXT, "nova")),
            ("/latest/user-data", (200, TEXT, "#!/bin/sh\n")),
            ("/openstack/2012-08-10", (200, TEXT,
                                       "meta_data.json\nuser_data")),
            ("/openstack/latest/user_data", (200, TEXT, "#!/bin/sh\n")),
            ("/openstack/latest/vendor_data.json", (200, JSON, "{}")),
            ("/openstack/latest/password", (200, HTML, "")),
            ("/openstack/latest/nosuch", NOT_FOUND),
            ("/openstack/1999-01-01/meta_data.json", NOT_FOUND),
            ("/latest/meta-data/nosuch", NOT_FOUND)):
        equal(ask(door, path), want, path)


def test_errors_by_accept(cloud):
    _, _, door = guest(cloud)
    equal(ask(door, "/nosuch", headers={"Accept": "application/json"}),
          (404, JSON, '{"message":"The resource could not be found.<br />'
           '<br />\\n\\n\\n","code":"404 Not Found","title":"Not Found"}'),
          "for a client of JSON")
    equal(ask(door, "/nosuch", headers={"Accept": "text/plain"}),
          (404, "text/plain; charset=UTF-8", "404 Not Found\n\nThe resource "
           "could not be found.\n\n   "), "for a client of text")


def test_each_its_own(cloud):
    first, _, door = guest(cloud)
    second, _, other = guest(cloud)
    for who, way in ((first, door), (second, other)):
        # What a guest says of itself counts for nothing at its own door.
        status, kind, body = ask(way, "/openstack/latest/meta_data.json",
                                 headers=signed(second, secret="x"))
        equal((status, kind), (200, JSON), "served")
        check('"uuid":"%s"' % who in body.replace(" ", ""), "its own")


def test_door_shuts(cloud):
    server, _, door = guest(cloud)
    equal(ask(door, "/latest")[0], 200, "open")
    os.unlink(cloud.path("nova", "metadata", server))
    check(wait_for(lambda: not os.path.exists(door.path)), "shut")


def test_deleted(cloud):
    server, _, door = guest(cloud)
    cloud.sql("select compute.server_gone('%s')" % server)
    equal(ask(door, "/latest/"), NOT_FOUND, "a deleted server")


def test_proxy(cloud):
    server, name, _ = guest(cloud)
    path = "/openstack/latest/meta_data.json"
    equal(ask(proxy(cloud), "/latest/meta-data/hostname",
              headers=signed(server)), (200, TEXT, name + ".novalocal"),
          "signed")
    equal(ask(proxy(cloud), path, headers=signed(server, secret="guess")),
          (403, HTML, webob(403, "Forbidden",
                            "Invalid proxy request signature.")), "forged")
    equal(ask(proxy(cloud), path, headers=signed(server, "p2")), NOT_FOUND,
          "another project's")
    equal(ask(proxy(cloud), path, headers=signed(str(uuid.uuid4()))),
          NOT_FOUND, "nobody")
    equal(ask(proxy(cloud), path, headers={"Accept": "application/json"}),
          (400, JSON, '{"message":"X-Instance-ID header is missing from '
           'request.<br /><br />\\n\\n\\n","code":"400 Bad Request",'
           '"title":"Bad Request"}'), "not signed")


def test_password(cloud):
    server, _, door = guest(cloud)
    path = "/openstack/latest/password"
    equal(ask(door, path, "POST", "x" * 1021)[0], 400, "too long")
    equal(ask(door, "/openstack/2012-08-10/password", "POST", "a")[0], 404,
          "before there were passwords")
    equal(ask(door, path, "POST", "encrypted"), (200, HTML, ""), "deposited")
    equal(cloud.sql("select password from compute.servers where id = '%s'"
                    % server), [["encrypted"]], "kept")
    equal(ask(door, path), (200, HTML, "encrypted"), "shown")
    equal(ask(door, path, "POST", "another")[0], 409, "once")
