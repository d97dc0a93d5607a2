# SPDX-License-Identifier: Apache-2.0
"""Reads of one kind that come at the same moment share an execution, and
everybody gets what would have been the answer to him alone."""
import http.client
import uuid

import compute_kit
import image_kit
from harness import equal, need


def at_once(cloud, service, wants):
    """[(status, body)] of [(client, path)], all of them sent before the
    first is read."""
    conns = []
    for _ in wants:
        conn = http.client.HTTPConnection(*cloud.urls[service], timeout=30)
        conn.connect()
        conns.append(conn)
    for conn, (client, path) in zip(conns, wants):
        conn.request("GET", path, headers={"X-Auth-Token": client.token})
    replies = []
    for conn in conns:
        reply = conn.getresponse()
        replies.append((reply.status, reply.read()))
        conn.close()
    return replies


def alone(cloud, service, wants):
    return [at_once(cloud, service, [want])[0] for want in wants]


def compare(cloud, service, wants, codes):
    """The same as alone, and these statuses."""
    want = alone(cloud, service, wants)
    equal([code for code, _ in want], codes, "alone")
    for _ in range(5):
        got = at_once(cloud, service, wants)
        for (_, path), mine, other in zip(wants, got, want):
            need(mine == other, "%s: %r, not %r" % (path, mine, other))


def two(cloud):
    return cloud.user(["member"]), cloud.user(["member"])


def test_images(cloud):
    a, b = two(cloud)
    mine = [image_kit.create(a, name=cloud.name("a{\"\\'}")) for _ in range(9)]
    other = [image_kit.create(b, name=cloud.name("b")) for _ in range(9)]
    wants, codes = [], []
    for image in mine + other:
        for client in (a, b):
            wants.append((client, image_kit.path(image)))
            codes.append(200 if (client is a) == (image in mine) else 404)
    for path in (str(uuid.uuid4()), "no-uuid", "%7B%22%5C", "null"):
        wants.append((a, "/v2/images/" + path))
        codes.append(404)
    compare(cloud, "image", wants, codes)


def test_servers(cloud):
    compute_kit.host(cloud)
    a, b = two(cloud)
    servers = {client: [compute_kit.create(
        cloud, client, compute_kit.image(cloud, client)) for _ in range(4)]
        for client in (a, b)}
    wants, codes = [], []
    for owner in (a, b):
        for server in servers[owner] + [str(uuid.uuid4())]:
            for client in (a, b, cloud.admin):
                wants.append((client, "/v2.1/servers/" + server))
                codes.append(200 if server in servers[owner] and
                             client in (owner, cloud.admin) else 404)
    compare(cloud, "compute", wants, codes)


def test_flavors(cloud):
    a, b = two(cloud)
    made = cloud.admin.post("compute", "/v2.1/flavors", {"flavor": {
        "name": cloud.name("f"), "ram": 64, "vcpus": 1, "disk": 0,
        "os-flavor-access:is_public": False}}).json["flavor"]["id"]
    need(cloud.admin.post("compute", "/v2.1/flavors/%s/action" % made, {
        "addTenantAccess": {"tenant": b.project_id}}).status == 200, "access")
    wants, codes = [], []
    for flavor, code in (("1", [200, 200]), (made, [404, 200]),
                         ("nosuch", [404, 404]), ("2", [200, 200])):
        wants += [(a, "/v2.1/flavors/" + flavor), (b, "/v2.1/flavors/" +
                                                   flavor)]
        codes += code
    compare(cloud, "compute", wants * 3, codes * 3)


def test_users(cloud):
    listed = cloud.admin.get("identity", "/v3/users").json["users"]
    ids = [u["id"] for u in listed][:20] + ["nobody", uuid.uuid4().hex]
    compare(cloud, "identity",
            [(cloud.admin, "/v3/users/" + i) for i in ids],
            [200] * (len(ids) - 2) + [404, 404])
