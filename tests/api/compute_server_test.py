# SPDX-License-Identifier: Apache-2.0
"""Servers: what a create decides, lists, changes, actions."""
import base64
import re
import threading

import compute_kit as kit
from compute_kit import NOBODY, body, create, delete, fault, get, post, put
from harness import Client, check, equal, need, status

INVALID = "Invalid input for field/attribute "


def ready(cloud):
    """A host that is up and an image of demo's; made once."""
    if "image" not in cloud.kept:
        kit.host(cloud)
        cloud.kept["image"] = kit.image(cloud, cloud.demo)
        put(cloud.admin, "/os-quota-sets/" + cloud.demo.project_id,
            {"quota_set": {"instances": 200, "cores": 200, "ram": -1}})
    return cloud.kept["image"]


def show(client, server, minor=1):
    reply = get(client, "/servers/" + server, minor)
    need(reply.status == 200, "show: %r" % reply)
    return reply.json["server"]


def active(cloud, **fields):
    server = create(cloud, cloud.demo, ready(cloud), **fields)
    kit.finish(cloud, server)
    return server


def action(client, server, what, minor=1):
    return post(client, "/servers/%s/action" % server, what, minor)


# -- create ------------------------------------------------------------------

def test_create(cloud):
    image = ready(cloud)
    get(cloud.demo, "/flavors/1")       # the token is known from here on
    reply = post(cloud.demo, "/servers", body(
        cloud, image, name="Web_1.x", metadata={"a": "b"}))
    status(reply, 202)
    made = reply.json["server"]
    equal(set(made), {"id", "links", "OS-DCF:diskConfig", "security_groups",
                      "adminPass"}, "keys")
    equal(reply.headers["Location"], made["links"][0]["href"], "Location")
    equal(made["security_groups"], [{"name": "default"}], "groups")
    server = show(cloud.demo, made["id"])
    equal((server["status"], server["OS-EXT-STS:task_state"],
           server["image"]["id"], server["flavor"]["id"], server["metadata"],
           server["key_name"], server["config_drive"]),
          ("BUILD", "scheduling", image, "1", {"a": "b"}, None, ""), "server")
    check(re.match(r"\d{4}-..-..T..:..:..Z$", server["created"]), "created")
    address, = server["addresses"]["private"]
    check(address["addr"].startswith("192.168.233."), "address")
    check(address["OS-EXT-IPS-MAC:mac_addr"].startswith("fa:16:3e:"), "MAC")
    equal(show(cloud.admin, made["id"], 3)["OS-EXT-SRV-ATTR:hostname"],
          "web-1-x", "host name")
    (kind, host, args), = kit.jobs(cloud, made["id"])
    equal((kind, host), ("server_create", "h1"), "job")
    check("sealed_admin_pass" in args and made["adminPass"] not in args,
          "the agent gets the password, sealed")
    line = cloud.log_of(reply)
    equal(line["sql"], "1", "statements of a create")


def test_create_everything(cloud):
    image = ready(cloud)
    post(cloud.demo, "/os-keypairs", {"keypair": {
        "name": "every", "public_key": kit.KEY}})
    data = base64.b64encode(b"#!/bin/sh\n").decode()
    reply = post(cloud.demo, "/servers", {
        "server": {"name": "all", "imageRef": image, "flavorRef": 1,
                   "key_name": "every", "user_data": data,
                   "config_drive": "true", "description": "why",
                   "tags": ["b", "a"], "hostname": "host-a",
                   "accessIPv4": "1.2.3.4", "OS-DCF:diskConfig": "AUTO",
                   "adminPass": "secret", "availability_zone": "nova",
                   "security_groups": [{"name": "default"}],
                   "networks": [{"fixed_ip": "192.168.233.200", "uuid":
                                 network(cloud)}]},
        "os:scheduler_hints": {"query": "[]"}}, 90)
    status(reply, 202)
    equal(reply.json["server"]["adminPass"], "secret", "password")
    server = show(cloud.demo, reply.json["server"]["id"], 90)
    equal((server["key_name"], server["config_drive"], server["description"],
           server["tags"], server["OS-EXT-SRV-ATTR:hostname"],
           server["accessIPv4"], server["OS-DCF:diskConfig"],
           server["addresses"]["private"][0]["addr"],
           server["security_groups"]),
          ("every", "True", "why", ["b", "a"], "host-a", "1.2.3.4", "AUTO",
           "192.168.233.200", [{"name": "default"}]), "server")
    reply = post(cloud.demo, "/servers", body(
        cloud, image, networks=[{"uuid": network(cloud),
                                 "fixed_ip": "192.168.233.200"}]), 42)
    fault(reply, 400, "Fixed IP address 192.168.233.200 is already in use on "
          "instance %s." % server["id"])
    check("secret" not in open(cloud.path("log/nova-lite.log")).read(),
          "no password in the log")


def network(cloud):
    reply = cloud.demo.get("network", "/v2.0/networks?name=private")
    return reply.json["networks"][0]["id"]


def test_create_several(cloud):
    image, name = ready(cloud), cloud.name("multi")
    reply = post(cloud.demo, "/servers", body(
        cloud, image, name=name, min_count=2, max_count="3",
        return_reservation_id=True))
    status(reply, 202)
    reply = get(cloud.admin, "/servers/detail?all_tenants=1&reservation_id=" +
                reply.json["reservation_id"], 3)
    found = reply.json["servers"]
    equal(sorted(s["name"] for s in found),
          [name + "-1", name + "-2", name + "-3"], "names")
    equal(sorted(s["OS-EXT-SRV-ATTR:launch_index"] for s in found),
          [0, 1, 2], "launch index")
    addresses = {s["addresses"]["private"][0]["addr"] for s in found}
    equal(len(addresses), 3, "an address each")


def test_create_without_network(cloud):
    image = ready(cloud)
    server = create(cloud, cloud.demo, image, 37, networks="none")
    equal(show(cloud.demo, server)["addresses"], {}, "none")
    check("security_groups" not in show(cloud.demo, server), "no groups")
    server = create(cloud, cloud.demo, image, 37, networks="auto")
    equal(list(show(cloud.demo, server)["addresses"]), ["private"], "auto")


def test_create_bad_input(cloud):
    image = ready(cloud)
    base = {"name": "x", "imageRef": image, "flavorRef": "1",
            "networks": "none"}
    shown = "{'name': 'x', 'imageRef': '%s', 'flavorRef': '1', " \
        "'networks': 'none'" % image
    for change, minor, text in (
            ({"name": ""}, 90, INVALID + "name. Value: . '' is too short"),
            ({"name": " x "}, 90, "An invalid 'name' value was provided. The "
             "name must be: printable characters. Can not start or end with "
             "whitespace."),
            ({"foo": 1}, 90, INVALID + "server. Value: %s, 'foo': 1}. "
             "Additional properties are not allowed ('foo' was unexpected)"
             % shown),
            ({}, 36, INVALID + "networks. Value: none. 'none' is not of type "
             "'array'"),
            ({"networks": "foo"}, 90, INVALID + "networks. Value: foo. 'foo' "
             "is not valid under any of the given schemas"),
            ({"networks": [{"uuid": NOBODY}]}, 90,
             "Network %s could not be found." % NOBODY),
            ({"networks": [{"port": NOBODY}]}, 90,
             "Port id %s could not be found." % NOBODY),
            ({"flavorRef": "nosuch"}, 90, "Flavor nosuch could not be found."),
            ({"imageRef": NOBODY}, 90, "Can not find requested image"),
            ({"imageRef": "foo"}, 90, INVALID + "imageRef. Value: foo. 'foo' "
             "is not valid under any of the given schemas"),
            ({"imageRef": ""}, 90, "Missing imageRef attribute"),
            ({"key_name": "nosuch"}, 90, "Invalid key_name provided."),
            ({"availability_zone": "nozone"}, 90,
             "The requested availability zone is not available"),
            ({"min_count": 3, "max_count": 2}, 90,
             "min_count must be <= max_count"),
            ({"min_count": 0}, 90, INVALID + "min_count. Value: 0. 0 is less "
             "than the minimum of 1"),
            ({"metadata": {"a": 1}}, 90,
             INVALID + "a. Value: 1. 1 is not of type 'string'"),
            ({"tags": ["a/b"]}, 90, INVALID + "0. Value: a/b. 'a/b' does not "
             "match '^[^,/]*$'"),
            ({"hostname": "a b"}, 90, INVALID + "hostname. Value: a b. 'a b' "
             "does not match '^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$'"),
            ({"accessIPv4": "1.2.3"}, 90, INVALID + "accessIPv4. Value: "
             "1.2.3. '1.2.3' is not a 'ipv4'"),
            ({"user_data": "QQ"}, 90,
             INVALID + "user_data. Value: QQ. 'QQ' is not a 'base64'"),
            ({"security_groups": [{"name": "nosg"}]}, 90,
             "Unable to find security_group with name or id 'nosg'"),
            ({"block_device_mapping_v2": [{"boot_index": 0}]}, 90,
             "Block Device Mapping is Invalid: Missing device UUID."),
            ({"block_device_mapping_v2": [{
                "boot_index": 0, "uuid": NOBODY, "source_type": "volume",
                "destination_type": "volume"}]}, 90, "Block Device Mapping "
             "is Invalid: failed to get volume %s." % NOBODY),
            ({"block_device_mapping_v2": [{
                "source_type": "blank", "destination_type": "local",
                "guest_format": "swap", "volume_size": "1"}]}, 90,
             "Swap drive requested is larger than instance type allows.")):
        reply = post(cloud.demo, "/servers", {"server": {**base, **change}},
                     minor)
        fault(reply, 400, text, repr(change))
    for client, sent, code, text in (
            (cloud.admin, {"host": "nohost"}, 400,
             "Compute host nohost could not be found."),
            (cloud.demo, {"host": "h1"}, 403, "Policy doesn't allow "
             "compute:servers:create:requested_destination to be "
             "performed."),
            (cloud.demo, {"availability_zone": "nova:h1"}, 403,
             "Policy doesn't allow os_compute_api:servers:create:forced_host "
             "to be performed."),
            (cloud.demo, {"metadata": {str(i): "x" for i in range(129)}}, 403,
             "Maximum number of metadata items exceeds 128")):
        fault(post(client, "/servers", {"server": {**base, **sent}}, 90),
              code, text, repr(sent)[:60])
    reply = post(cloud.demo, "/servers", {"server": base, "os:scheduler_hints":
                                          {"group": NOBODY}}, 90)
    fault(reply, 400, "Instance group %s could not be found." % NOBODY)


def test_create_bad_bodies(cloud):
    for data, kind, code, text in (
            (b"{bad", "application/json", 400, "Malformed request body"),
            (b"{}", "application/json", 400, "'server' is a required "
             "property"),
            (b"", "application/json", 400, "None is not of type 'object'"),
            (b"<a/>", "application/xml", 415, "Unsupported Content-Type")):
        reply = cloud.demo.post("compute", "/v2.1/servers", data,
                                headers={"Content-Type": kind})
        fault(reply, code, text, repr(data))
    reply = post(cloud.demo, "/servers", {"server": {"flavorRef": "1"}})
    fault(reply, 400, INVALID + "server. Value: {'flavorRef': '1'}. 'name' is "
          "a required property")


def test_create_quota(cloud):
    user, image = cloud.user(["member"]), ready(cloud)
    cloud.sql("update image.images set visibility = 'public' where id = "
              "'%s'" % image)
    put(cloud.admin, "/os-quota-sets/" + user.project_id,
        {"quota_set": {"instances": 2, "cores": 3}})
    create(cloud, user, image)
    rows = cloud.sql("select count(*) from compute.ports")
    fault(post(user, "/servers", body(cloud, image, min_count=30)), 403,
          "Quota exceeded for cores, instances: Requested 30, 30, but "
          "already used 1, 1 of 3, 2 cores, instances")
    equal(cloud.sql("select count(*) from compute.ports"), rows, "no trace")
    reply = post(user, "/servers", body(cloud, image, min_count=1,
                                        max_count=5))
    status(reply, 202, "as many as fit")
    fault(post(user, "/servers", body(cloud, image)), 403, "Quota exceeded "
          "for instances: Requested 1, but already used 2 of 2 instances")
    limits = get(user, "/limits").json["limits"]["absolute"]
    equal((limits["totalInstancesUsed"], limits["maxTotalInstances"],
           limits["totalCoresUsed"], limits["totalRAMUsed"]),
          (2, 2, 2, 1024), "limits")
    fault(put(cloud.admin, "/os-quota-sets/" + user.project_id,
              {"quota_set": {"instances": 1}}), 400, "Quota limit 1 for "
          "instances must be greater than or equal to already used and "
          "reserved 2.")


def test_create_race(cloud):
    """Many at once: the quota holds, and no two get one address."""
    user, image = cloud.user(["member"]), ready(cloud)
    cloud.sql("update image.images set visibility = 'public' where id = "
              "'%s'" % image)
    codes, lock = [], threading.Lock()

    def run():
        client = Client(cloud.urls, user.token)
        for _ in range(4):
            reply = post(client, "/servers", body(cloud, image))
            with lock:
                codes.append(reply.status)
        client.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(sorted(codes), [202] * 10 + [403] * 22, "ten of them")
    rows = cloud.sql("select count(*), count(distinct ip), count(distinct "
                     "mac) from compute.ports where project_id = '%s'"
                     % user.project_id)
    equal(rows, [["10", "10", "10"]], "addresses")


def test_create_image_too_large(cloud):
    big = kit.image(cloud, cloud.demo, min_disk=5)
    fault(post(cloud.demo, "/servers", body(cloud, big)), 400,
          "Flavor's disk is smaller than the minimum size specified in image "
          "metadata. Flavor disk is 1073741824 bytes, minimum size is "
          "5368709120 bytes.")
    hungry = kit.image(cloud, cloud.demo, min_ram=600)
    fault(post(cloud.demo, "/servers", body(cloud, hungry)), 400,
          "Flavor's memory is too small for requested image.")
    fault(post(cloud.other, "/servers", body(cloud, hungry)), 400,
          "Can not find requested image")


def test_no_valid_host(cloud):
    image = ready(cloud)
    server = create(cloud, cloud.admin, image, 37,
                    availability_zone="nova:nohost")
    got = show(cloud.admin, server, 16)
    equal((got["status"], got["OS-EXT-STS:vm_state"], got["addresses"],
           got["fault"]["code"], got["fault"]["message"],
           got["OS-EXT-SRV-ATTR:host"], got["host_status"]),
          ("ERROR", "error", {}, 500, "No valid host was found. ", None, ""),
          "recorded")
    check("progress" not in got, "no progress in ERROR")
    status(delete(cloud.admin, "/servers/" + server), 204)
    fault(get(cloud.admin, "/servers/" + server), 404,
          "Instance %s could not be found." % server, "gone at once")


def test_scheduler(cloud):
    ready(cloud)
    kit.host(cloud, "z1", "zone-z", vcpus=1, ram=3000)
    kit.host(cloud, "z2", "zone-z", vcpus=1, ram=4000)
    cloud.sql("update compute.hosts set cpu_ratio = 2 where zone = 'zone-z'")
    image, hosts = cloud.kept["image"], []
    for _ in range(5):
        server = create(cloud, cloud.demo, image, availability_zone="zone-z")
        hosts.append(show(cloud.admin, server)["OS-EXT-SRV-ATTR:host"])
    equal(hosts, ["z2", "z2", "z1", "z1", None], "emptiest first, then full")
    cloud.sql("update compute.hosts set disabled = true where name = 'z1'")
    cloud.sql("update compute.hosts set heartbeat = now() - interval '61 s' "
              "where name = 'z2'")
    server = create(cloud, cloud.demo, image, availability_zone="zone-z")
    equal(show(cloud.demo, server)["status"], "ERROR", "none is up")
    server = create(cloud, cloud.admin, image, 74, host="h1")
    equal(show(cloud.admin, server)["OS-EXT-SRV-ATTR:host"], "h1", "host")


# -- lists -------------------------------------------------------------------

def names(reply):
    need(reply.status == 200, "list: %r" % reply)
    return [s["name"] for s in reply.json["servers"]]


def test_list(cloud):
    image, user = ready(cloud), cloud.user(["member"])
    cloud.sql("update image.images set visibility = 'public' where id = "
              "'%s'" % image)
    made = [create(cloud, user, image, name=n) for n in ("la", "lc", "lb")]
    equal(names(get(user, "/servers")), ["lb", "lc", "la"], "newest first")
    short = get(user, "/servers").json["servers"][0]
    equal(set(short), {"id", "name", "links"}, "short form")
    equal(names(get(user, "/servers?sort_key=display_name&sort_dir=asc")),
          ["la", "lb", "lc"], "by name")
    page = get(user, "/servers/detail?limit=2")
    equal(names(page), ["lb", "lc"], "first page")
    equal(page.json["servers_links"][0]["href"], cloud.url("compute") +
          "/v2.1/servers/detail?limit=2&marker=" + made[1], "next")
    equal(names(get(user, "/servers?marker=" + made[1])), ["la"], "behind")
    kit.finish(cloud, made[0])
    for query, want in (
            ("name=l%5Bab%5D", ["lb", "la"]), ("status=active", ["la"]),
            ("status=BUILD", ["lb", "lc"]), ("status=nonsense", []),
            ("flavor=1", ["lb", "lc", "la"]), ("flavor=2", []),
            ("image=" + NOBODY, []),
            ("uuid=" + made[1], ["lb", "lc", "la"]),
            ("host=h1", ["lb", "lc", "la"]),
            ("changes-since=2099-01-01T00:00:00Z", []),
            ("foo=bar", ["lb", "lc", "la"]), ("limit=0", [])):
        equal(names(get(user, "/servers?" + query)), want, query)
    status(delete(user, "/servers/" + made[2]), 204)
    kit.gone(cloud, made[2])
    equal(names(get(user, "/servers")), ["lc", "la"], "without the deleted")
    reply = get(user, "/servers/detail?changes-since=2020-01-01T00:00:00Z")
    check(("lb", "DELETED") in [(s["name"], s["status"])
                                for s in reply.json["servers"]], "changes")


def test_list_filters(cloud):
    image, user = ready(cloud), cloud.user(["member"])
    cloud.sql("update image.images set visibility = 'public' where id = "
              "'%s'" % image)
    a, b = (create(cloud, user, image, 52, name=n, tags=t) for n, t in (
        ("fa", ["x", "y"]), ("fb", ["x"])))
    kit.finish(cloud, a)
    address = show(user, b)["addresses"]["private"][0]["addr"]
    for query, minor, want in (
            ("tags=x,y", 26, ["fa"]), ("tags-any=x,y", 26, ["fb", "fa"]),
            ("not-tags=x,y", 26, ["fb"]), ("not-tags-any=y", 26, ["fb"]),
            ("not-tags-any=x", 26, []), ("not-tags=x", 25, ["fb", "fa"]),
            ("ip=" + address.replace(".", "%5C.") + "$", 1, ["fb"]),
            ("ip6=%3A", 5, []), ("ip6=%3A", 4, ["fb", "fa"]),
            ("power_state=1", 83, ["fa"]), ("power_state=1", 82,
                                            ["fb", "fa"]),
            ("task_state=scheduling&config_drive=no", 83, ["fb"]),
            ("config_drive=True", 83, []), ("progress=0", 83, ["fb", "fa"]),
            ("key_name=k", 83, []), ("key_name=k", 1, ["fb", "fa"]),
            ("vm_state=active", 83, ["fa"]), ("uuid=" + a, 83, ["fb", "fa"])):
        for path in ("/servers?", "/servers/detail?"):
            equal(names(get(user, path + query, minor)), want,
                  "%s%s at 2.%d" % (path, query, minor))
    scope = "/servers?project_id=%s&" % user.project_id
    for query, want in (("uuid=" + a, ["fa"]), ("launch_index=1", []),
                        ("hostname=fb", ["fb"]), ("access_ip_v4=1.2.3.4", []),
                        ("description=fa", []), ("node=h1", ["fb", "fa"]),
                        ("node=h9", []), ("auto_disk_config=1", []),
                        ("auto_disk_config=no", ["fb", "fa"]),
                        ("root_device_name=/dev/vda", ["fb", "fa"]),
                        ("root_device_name=/dev/sda", [])):
        equal(names(get(cloud.admin, scope + query)), want, query)


def test_list_by_time(cloud):
    """The second is what counts, in any zone; what is no time fits none."""
    image, user = ready(cloud), cloud.user(["member"])
    cloud.sql("update image.images set visibility = 'public' where id = "
              "'%s'" % image)
    made = [create(cloud, user, image, name=n) for n in ("ta", "tb")]
    for server, day in zip(made, (1, 2)):
        cloud.sql("update compute.servers set created_at = t, launched_at = "
                  "t + interval '1 min' from (select '2020-01-%02d 10:00:00.5"
                  "+00'::timestamptz as t) t where id = '%s'" % (day, server))
    for query, want in (
            ("created_at=2020-01-01T10:00:00Z", ["ta"]),
            ("created_at=2020-01-02T12:00:00%2B02:00", ["tb"]),
            ("created_at=2020-01-01T10:00:01", []), ("created_at=soon", []),
            ("launched_at=2020-01-01T10:01:00", ["ta"]),
            ("terminated_at=2020-01-01T10:00:00", [])):
        equal(names(get(user, "/servers?" + query, 83)), want, query)
        equal(names(get(user, "/servers?" + query, 82)), ["tb", "ta"],
              query + " before 2.83")
    kit.gone(cloud, made[0])
    cloud.sql("update compute.servers set terminated_at = '2020-02-01+00' "
              "where id = '%s'" % made[0])
    scope = "/servers?deleted=1&project_id=%s&terminated_at=" % user.project_id
    equal(names(get(cloud.admin, scope + "2020-02-01T00:00:00Z")), ["ta"],
          "terminated")
    equal(names(get(cloud.admin, scope + "2020-02-02T00:00:00Z")), [],
          "terminated another day")


def test_list_scope(cloud):
    server = active(cloud)
    check(server not in get(cloud.other, "/servers").text, "not others'")
    check(server not in get(cloud.admin, "/servers").text, "not by default")
    check(server in get(cloud.admin, "/servers?all_tenants=1").text, "all")
    fault(get(cloud.demo, "/servers/detail?all_tenants=1"), 403, "Policy "
          "doesn't allow os_compute_api:servers:detail:get_all_tenants to be "
          "performed.")
    fault(get(cloud.other, "/servers/" + server), 404,
          "Instance %s could not be found." % server)
    status(get(cloud.reader, "/servers/" + server), 200)
    status(delete(cloud.reader, "/servers/" + server), 403)


def test_list_bad_queries(cloud):
    query = "Invalid input for query parameters "
    for path, minor, text in (
            ("?limit=abc", 1, query + "limit. Value: abc. 'abc' does not "
             "match '^[0-9]*$'"),
            ("/detail?limit=-1", 1, query + "limit. Value: -1. '-1' does not "
             "match '^[0-9]*$'"),
            ("?marker=nosuch", 1, "marker [nosuch] not found"),
            ("?sort_dir=foo", 1, "Invalid input received: Unknown sort "
             "direction, must be 'desc' or 'asc'"),
            ("?changes-since=xx", 1, query + "changes-since. Value: xx. 'xx' "
             "is not a 'date-time'"),
            ("?name=%5B", 1, query + "name. Value: [. '[' is not a 'regex'"),
            ("?foo=bar", 75, "'foo' does not match any of the regexes: "
             "'^_'")):
        create_once(cloud)
        fault(get(cloud.demo, "/servers" + path, minor), 400, text, path)
    check("is not one of [" in get(cloud.demo, "/servers?sort_key=foo").text,
          "sort_key")
    fault(get(cloud.user(["member"]), "/servers?marker=x"), 400,
          "marker [x] not found", "with no server at all")


def create_once(cloud):
    if "one" not in cloud.kept:
        cloud.kept["one"] = active(cloud)
    return cloud.kept["one"]


# -- changes -----------------------------------------------------------------

def test_update(cloud):
    server = active(cloud)
    path = "/servers/" + server
    reply = put(cloud.demo, path, {"server": {"name": "renamed"}})
    status(reply, 200)
    equal(reply.json["server"]["name"], "renamed", "name")
    check("key_name" not in reply.json["server"], "short form before 2.75")
    reply = put(cloud.demo, path, {"server": {"description": "d"}}, 75)
    equal(reply.json["server"]["description"], "d", "description")
    check("key_name" in reply.json["server"], "full form at 2.75")
    reply = put(cloud.demo, path, {"server": {"description": None}}, 19)
    equal(reply.json["server"]["description"], None, "description away")
    equal(reply.json["server"]["name"], "renamed", "the rest stays")
    fault(put(cloud.demo, path, {"server": {"foo": 1}}), 400, INVALID +
          "server. Value: {'foo': 1}. Additional properties are not allowed "
          "('foo' was unexpected)")
    status(put(cloud.other, path, {"server": {"name": "mine"}}), 404)


def test_delete(cloud):
    server = active(cloud)
    status(delete(cloud.demo, "/servers/" + server), 204)
    got = show(cloud.demo, server)
    equal((got["status"], got["OS-EXT-STS:task_state"]),
          ("ACTIVE", "deleting"), "until the agent is done")
    status(delete(cloud.demo, "/servers/" + server), 204, "again")
    equal([j[:2] for j in kit.jobs(cloud, server)],
          [["server_delete", "h1"]], "one job")
    kit.gone(cloud, server)
    status(get(cloud.demo, "/servers/" + server), 404)
    status(delete(cloud.demo, "/servers/" + server), 404)
    equal(cloud.sql("select count(*) from compute.ports where server_id = "
                    "'%s'" % server), [["0"]], "ports")


def test_power(cloud):
    server = active(cloud)
    fault(action(cloud.demo, server, {"os-start": None}), 409, "Cannot "
          "'start' instance %s while it is in vm_state active" % server)
    status(action(cloud.demo, server, {"os-stop": None}), 202)
    equal(show(cloud.demo, server)["OS-EXT-STS:task_state"], "powering-off",
          "task")
    fault(action(cloud.demo, server, {"os-stop": None}), 409, "Cannot 'stop' "
          "instance %s while it is in task_state powering-off" % server)
    kit.finish(cloud, server, "stopped")
    equal(show(cloud.demo, server)["status"], "SHUTOFF", "stopped")
    for kind, text in (("SOFT", "reboot"), ("x", None)):
        reply = action(cloud.demo, server, {"reboot": {"type": kind}})
        if text:
            fault(reply, 409, "Cannot 'reboot' instance %s while it is in "
                  "vm_state stopped" % server)
        else:
            fault(reply, 400, INVALID + "type. Value: x. 'x' is not one of "
                  "['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']")
    status(action(cloud.demo, server, {"os-start": None}), 202)
    kit.finish(cloud, server)
    status(action(cloud.demo, server, {"reboot": {"type": "Hard"}}), 202)
    equal(show(cloud.demo, server)["status"], "HARD_REBOOT", "status")
    equal([(k, a) for k, _, a in kit.jobs(cloud, server)],
          [("server_reboot", '{"type": "HARD"}')], "job")


def test_bad_actions(cloud):
    server = create_once(cloud)
    fault(action(cloud.demo, server, {"foo": None}), 400,
          "There is no such action: foo")
    for sent in ({}, {"os-start": None, "os-stop": None}):
        fault(action(cloud.demo, server, sent), 400, "Malformed request body")
    fault(action(cloud.demo, NOBODY, {"os-start": None}), 404,
          "Instance %s could not be found." % NOBODY)


def test_lock(cloud):
    server = active(cloud)
    status(action(cloud.demo, server, {"lock": {"locked_reason": "r"}}, 73),
           202)
    got = show(cloud.demo, server, 73)
    equal((got["locked"], got["locked_reason"]), (True, "r"), "locked")
    for reply in (action(cloud.demo, server, {"os-stop": None}),
                  delete(cloud.demo, "/servers/" + server)):
        fault(reply, 409, "Instance %s is locked" % server)
    fault(action(cloud.demo, server, {"lock": {"foo": "r"}}, 73), 400,
          INVALID + "lock. Value: {'foo': 'r'}. Additional properties are "
          "not allowed ('foo' was unexpected)")
    status(action(cloud.admin, server, {"os-stop": None}), 202)
    status(action(cloud.demo, server, {"unlock": None}), 202)
    equal(show(cloud.demo, server, 9)["locked"], False, "unlocked")


def test_actions_log(cloud):
    server = active(cloud)
    reply = action(cloud.demo, server, {"os-stop": None})
    path = "/servers/%s/os-instance-actions" % server
    log = get(cloud.demo, path).json["instanceActions"]
    equal([a["action"] for a in log], ["stop", "create"], "newest first")
    equal(log[0]["request_id"], reply.id, "by request")
    cloud.sql("insert into compute.action_events (action_id, event, host, "
              "finished_at, result) select id, 'compute_stop_instance', 'h1', "
              "now(), 'Success' from compute.actions where request_id = '%s'"
              % reply.id)
    one = get(cloud.admin, path + "/" + reply.id, 84).json["instanceAction"]
    event, = one["events"]
    equal((event["event"], event["result"], event["host"], event["details"]),
          ("compute_stop_instance", "Success", "h1", None), "event")
    check("updated_at" in one, "updated_at")
    one = get(cloud.demo, path + "/" + reply.id).json["instanceAction"]
    check("updated_at" not in one, "at 2.1")
    fault(get(cloud.demo, path + "/nosuch"), 404, "Action nosuch not found")
    page = get(cloud.demo, path + "?limit=1", 58).json
    equal([a["action"] for a in page["instanceActions"]], ["stop"], "page")
    kit.gone(cloud, server)
    status(get(cloud.demo, path), 404, "deleted, 2.1")
    status(get(cloud.demo, path, 21), 200, "deleted, 2.21")
