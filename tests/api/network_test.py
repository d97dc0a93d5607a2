# SPDX-License-Identifier: Apache-2.0
"""The Network API, which is for reading."""
import compute_kit as kit
from harness import check, equal, status
from compute_server_test import active, ready


def get(client, path):
    return client.get("network", "/v2.0" + path)


def test_version_list(cloud):
    reply = cloud.anon.get("network", "/")
    status(reply, 200)
    one, = reply.json["versions"]
    equal((one["id"], one["status"]), ("v2.0", "CURRENT"), "version")
    names = [r["collection"] for r in get(cloud.demo, "/").json["resources"]]
    check("networks" in names, "resources")


def test_extension_list(cloud):
    reply = get(cloud.demo, "/extensions")
    aliases = [x["alias"] for x in reply.json["extensions"]]
    check("security-group" in aliases and "router" not in aliases, "aliases")
    one = get(cloud.demo, "/extensions/net-mtu").json["extension"]
    equal(one["alias"], "net-mtu", "one")
    status(get(cloud.demo, "/extensions/router"), 404)


def test_networks(cloud):
    reply = get(cloud.demo, "/networks")
    status(reply, 200)
    net, = reply.json["networks"]
    equal((net["name"], net["status"], net["shared"], net["admin_state_up"],
           net["router:external"]), ("private", "ACTIVE", True, True, False),
          "network")
    equal(len(net["subnets"]), 1, "subnets")
    check(not [k for k in net if k.startswith("provider:")], "no host's")
    shown = get(cloud.admin, "/networks/" + net["id"]).json["network"]
    equal([shown["provider:" + k] for k in (
        "network_type", "physical_network", "segmentation_id")],
          ["local", None, None], "how it is realised")
    shown = get(cloud.demo, "/networks/" + net["id"])
    equal(shown.json["network"], net, "show")
    for query, n in (
            ("id=" + net["id"], 1), ("id=%s&id=%s" % (kit.NOBODY, net["id"]),
                                     1), ("id=" + kit.NOBODY, 0),
            ("name=private&status=ACTIVE", 1), ("name=priv", 0),
            ("status=DOWN", 0), ("shared=True", 1),
            ("shared=False&tenant_id=" + cloud.demo.project_id, 0),
            ("admin_state_up=True", 1), ("router:external=True", 0),
            ("limit=1&marker=" + net["id"], 0)):
        equal(len(get(cloud.demo, "/networks?" + query).json["networks"]), n,
              query)
    equal(get(cloud.demo, "/networks?fields=id&fields=name").json,
          {"networks": [{"id": net["id"], "name": "private"}]}, "fields")
    page = get(cloud.demo, "/networks?limit=1").json
    equal(page["networks_links"][0]["rel"], "next", "page")
    reply = get(cloud.demo, "/networks/nosuch")
    status(reply, 404)
    equal(reply.json, {"NeutronError": {
        "type": "NetworkNotFound", "message": "Network nosuch could not be "
        "found.", "detail": ""}}, "error")


def test_subnets(cloud):
    subnet, = get(cloud.demo, "/subnets").json["subnets"]
    equal((subnet["cidr"], subnet["gateway_ip"], subnet["ip_version"],
           subnet["allocation_pools"]),
          ("192.168.233.0/24", "192.168.233.1", 4,
           [{"start": "192.168.233.10", "end": "192.168.233.254"}]), "subnet")
    equal(get(cloud.demo, "/subnets/" + subnet["id"]).json["subnet"], subnet,
          "show")
    for query, n in (("network_id=" + subnet["network_id"], 1),
                     ("cidr=192.168.233.0/24", 1), ("cidr=192.168.0.0/16", 0),
                     ("ip_version=6", 0), ("name=" + subnet["name"], 1)):
        equal(len(get(cloud.demo, "/subnets?" + query).json["subnets"]), n,
              query)
    equal(get(cloud.demo, "/subnets/x").json["NeutronError"]["type"],
          "SubnetNotFound", "error")


def test_ports(cloud):
    ready(cloud)
    server, second = active(cloud), active(cloud)
    reply = get(cloud.demo, "/ports?device_id=" + server)
    port, = reply.json["ports"]
    address = kit.get(cloud.demo, "/servers/" + server).json["server"][
        "addresses"]["private"][0]
    equal((port["device_id"], port["device_owner"], port["status"],
           port["mac_address"], port["fixed_ips"][0]["ip_address"],
           port["tenant_id"]),
          (server, "compute:nova", "ACTIVE",
           address["OS-EXT-IPS-MAC:mac_addr"], address["addr"],
           cloud.demo.project_id), "port")
    groups = get(cloud.demo, "/security-groups").json["security_groups"]
    equal(port["security_groups"], [g["id"] for g in groups], "groups")
    equal(get(cloud.demo, "/ports/" + port["id"]).json["port"], port, "show")
    for query, n in (
            ("device_id=%s&device_id=%s" % (server, second), 2),
            ("network_id=%s&device_id=%s" % (port["network_id"], server), 1),
            ("mac_address=" + port["mac_address"], 1),
            ("fixed_ips=ip_address=" + address["addr"], 1),
            ("status=DOWN&device_id=" + server, 0)):
        equal(len(get(cloud.demo, "/ports?" + query).json["ports"]), n, query)
    equal(get(cloud.other, "/ports").json["ports"], [], "not others'")
    status(get(cloud.other, "/ports/" + port["id"]), 404)
    host = get(cloud.admin, "/ports/" + port["id"]).json["port"]
    equal(host["binding:host_id"], "h1", "administrators see the host")


def test_security_groups(cloud):
    user = cloud.user(["member"])
    group, = get(user, "/security-groups").json["security_groups"]
    equal((group["name"], group["tenant_id"]),
          ("default", user.project_id), "comes to be")
    again, = get(user, "/security-groups").json["security_groups"]
    equal(again["id"], group["id"], "once")
    equal(get(user, "/security-groups/" + group["id"]).json[
        "security_group"], group, "show")
    equal(get(user, "/security-groups?shared=True").json,
          {"security_groups": []}, "none is shared")
    equal(get(user, "/security-groups?name=x").json["security_groups"], [],
          "by name")
    error = get(cloud.other, "/security-groups/" + group["id"])
    equal(error.json["NeutronError"]["message"],
          "Security group %s does not exist" % group["id"], "others'")


def test_what_there_is_none_of(cloud):
    for name in ("routers", "floatingips", "security-group-rules"):
        key = name.replace("-", "_")
        equal(get(cloud.demo, "/" + name).json, {key: []}, name)
        status(get(cloud.demo, "/%s/x" % name), 404)
    reply = get(cloud.demo, "/trunks")
    status(reply, 404)
    equal(reply.json["NeutronError"]["type"], "HTTPNotFound", "error")
    reply = cloud.demo.post("network", "/v2.0/networks", {"network": {}})
    status(reply, 405)
    equal(reply.headers["Allow"], "GET", "Allow")
    status(cloud.anon.get("network", "/v2.0/networks"), 401)


def test_quotas(cloud):
    path = "/quotas/" + cloud.demo.project_id
    for reply in (get(cloud.demo, path), get(cloud.demo, path + "/default")):
        status(reply, 200)
        equal(reply.json["quota"], dict.fromkeys((
            "network", "subnet", "subnetpool", "port", "rbac_policy",
            "security_group", "security_group_rule"), -1), "no limits")
    get(cloud.demo, "/security-groups")
    details = get(cloud.demo, path + "/details").json["quota"]
    equal(details["security_group"], {"limit": -1, "used": 1, "reserved": 0},
          "used")
    reply = get(cloud.demo, "/quotas/" + cloud.admin.project_id)
    status(reply, 403)
    equal(reply.json["NeutronError"]["type"], "PolicyNotAuthorized", "others'")
    status(get(cloud.admin, path + "/details"), 200)
