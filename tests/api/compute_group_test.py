# SPDX-License-Identifier: Apache-2.0
"""Server groups, and where they place servers; host aggregates."""
from compute_kit import (NOBODY, delete, fault, get, gone, host, image,
                         post, put)
from harness import check, equal, need, status
from compute_server_test import show


def group(cloud, client=None, policy="affinity", minor=64, **more):
    made = post(client or cloud.demo, "/os-server-groups", {"server_group": {
        "name": cloud.name("g"), "policy": policy, **more}}, minor)
    need(made.status == 200, "group: %r" % made)
    return made.json["server_group"]


def test_server_group_show(cloud):
    demo, made = cloud.demo, group(cloud)
    path = "/os-server-groups/" + made["id"]
    equal({k: made[k] for k in made if k not in ("id", "name")},
          {"policy": "affinity", "rules": {}, "members": [],
           "project_id": demo.project_id, "user_id": demo.user_id}, "made")
    equal(get(demo, path, 64).json, {"server_group": made}, "show")
    old = get(demo, path, 1).json["server_group"]
    equal(old, {"id": made["id"], "name": made["name"], "members": [],
                "policies": ["affinity"], "metadata": {}}, "2.1")
    equal(set(get(demo, path, 13).json["server_group"]) - set(old),
          {"project_id", "user_id"}, "2.13")
    check(made in get(demo, "/os-server-groups", 64).json["server_groups"],
          "listed")
    check(made not in get(cloud.admin, "/os-server-groups", 64).json[
        "server_groups"], "not of the project")
    check(made in get(cloud.admin, "/os-server-groups?all_projects=1", 64)
          .json["server_groups"], "of all projects")
    status(delete(cloud.reader, path), 403)
    status(delete(demo, path), 204)
    for reply in (get(demo, path), delete(demo, path)):
        fault(reply, 404, "Instance group %s could not be found." % made["id"])
    fault(get(demo, "/os-server-groups/x"), 404,
          "Instance group x could not be found.")


def test_server_group_refusals(cloud):
    enum = "is not one of ['anti-affinity', 'affinity'"
    soft = enum + ", 'soft-anti-affinity', 'soft-affinity']"
    say = "Invalid input for field/attribute %s. Value: %s. %s %s"
    for minor, more, text in (
            (1, {"policies": ["foo"]}, say % ("0", "foo", "'foo'", enum + "]")),
            (15, {"policies": ["foo"]}, say % ("0", "foo", "'foo'", soft)),
            (1, {"policies": []}, say % ("policies", "[]", "[]",
                                         "is too short")),
            (64, {"policy": "foo"}, say % ("policy", "foo", "'foo'", soft)),
            (64, {"policy": "affinity", "rules": {"max_server_per_host": 2}},
             "Only anti-affinity policy supports rules.")):
        fault(post(cloud.demo, "/os-server-groups", {"server_group": {
            "name": "x", **more}}, minor), 400, text)
    made = group(cloud, policy="anti-affinity",
                 rules={"max_server_per_host": "2"})
    equal(made["rules"], {"max_server_per_host": 2}, "rules")
    cloud.sql("insert into compute.quotas values ('%s', 'server_groups', 0)"
              % cloud.demo.project_id)
    fault(post(cloud.demo, "/os-server-groups", {"server_group": {
        "name": "x", "policies": ["affinity"]}}), 403,
          "Quota exceeded, too many server groups.")
    cloud.sql("delete from compute.quotas where project_id = '%s' and "
              "resource = 'server_groups'" % cloud.demo.project_id)


def place(cloud, img, made, **more):
    """Where a server of the group comes to stand, and it."""
    reply = post(cloud.admin, "/servers", {
        "server": {"name": "grouped", "imageRef": img, "flavorRef": "1",
                   "networks": "none", "availability_zone": "groups", **more},
        "os:scheduler_hints": {"group": made["id"]}}, 71)
    need(reply.status == 202, "create: %r" % reply)
    server = reply.json["server"]["id"]
    got = show(cloud.admin, server, 71)
    equal(got["server_groups"], [made["id"]], "server's group")
    return server, got["OS-EXT-SRV-ATTR:host"]


def leave(cloud, servers, *hosts):
    """As if these had never been."""
    for server in servers:
        gone(cloud, server)
    names = "('%s')" % "', '".join(hosts)
    cloud.sql("update compute.servers set host = null where host in " + names)
    cloud.sql("delete from compute.hosts where name in " + names)


def test_server_group_policies(cloud):
    img = image(cloud, cloud.admin)
    for policy, want in (("affinity", 1), ("soft-affinity", 1),
                         ("anti-affinity", 2), ("soft-anti-affinity", 2)):
        for name in ("g1", "g2"):
            host(cloud, name, "groups")
        made = group(cloud, cloud.admin, policy)
        path = "/os-server-groups/" + made["id"]
        placed = [place(cloud, img, made) for _ in range(2)]
        equal(len({h for _, h in placed}), want, policy)
        check(None not in {h for _, h in placed}, policy + " has hosts")
        equal(get(cloud.admin, path, 64).json["server_group"]["members"],
              [s for s, _ in placed], "members")
        third, where = place(cloud, img, made)
        equal(where is None, policy == "anti-affinity", policy + " of three")
        status(delete(cloud.admin, path), 204)
        equal(show(cloud.admin, third, 71)["server_groups"], [], "no group")
        leave(cloud, [third] + [s for s, _ in placed], "g1", "g2")


def test_server_group_members(cloud):
    img, made = image(cloud, cloud.demo), group(cloud)
    body = {"server": {"name": "x", "imageRef": img, "flavorRef": "1",
                       "networks": "none", "max_count": 11},
            "os:scheduler_hints": {"group": made["id"]}}
    fault(post(cloud.demo, "/servers", body, 71), 403,
          "Quota exceeded, too many servers in group")
    theirs = group(cloud, cloud.admin)
    for unknown in (NOBODY, theirs["id"]):
        body["os:scheduler_hints"]["group"] = unknown
        fault(post(cloud.demo, "/servers", body, 71), 400,
              "Instance group %s could not be found." % unknown)


def aggregate(cloud, **fields):
    made = post(cloud.admin, "/os-aggregates", {"aggregate": {
        "name": cloud.name("agg"), **fields}}, 41)
    need(made.status == 200, "aggregate: %r" % made)
    return made.json["aggregate"]


def act(cloud, path, **action):
    return post(cloud.admin, path + "/action", action)


def zone_of(cloud, name):
    return cloud.sql("select zone from compute.hosts where name = '%s'"
                     % name)[0][0]


def test_aggregate(cloud):
    made, admin = aggregate(cloud, availability_zone="az-a"), cloud.admin
    path = "/os-aggregates/%d" % made["id"]
    equal((set(made), made["availability_zone"], made["updated_at"]),
          ({"id", "uuid", "name", "created_at", "updated_at", "deleted_at",
            "deleted", "availability_zone"}, "az-a", None), "made")
    shown = get(admin, path).json["aggregate"]
    equal((set(shown), shown["hosts"], shown["metadata"]),
          (set(made) - {"uuid"} | {"hosts", "metadata"}, [],
           {"availability_zone": "az-a"}), "shown at 2.1")
    check(shown in get(admin, "/os-aggregates").json["aggregates"], "list")
    status(get(cloud.demo, "/os-aggregates"), 403)
    done = act(cloud, path, set_metadata={"metadata": {"ssd": "1", "x": "y"}})
    equal(done.json["aggregate"]["metadata"]["ssd"], "1", "metadata")
    done = act(cloud, path, set_metadata={"metadata": {"x": None}})
    equal(done.json["aggregate"]["metadata"],
          {"availability_zone": "az-a", "ssd": "1"}, "one away")
    done = put(admin, path, {"aggregate": {"name": made["name"] + "2"}})
    equal(done.json["aggregate"]["name"], made["name"] + "2", "renamed")
    status(delete(admin, path), 200)
    fault(get(admin, path), 404,
          "Aggregate %d could not be found." % made["id"])


def test_aggregate_hosts(cloud):
    host(cloud, "a1", "mine")
    path = "/os-aggregates/%d" % aggregate(
        cloud, availability_zone="az-b")["id"]
    number = path.split("/")[-1]
    fault(act(cloud, path, add_host={"host": "nohost"}), 404,
          "Compute host nohost could not be found.")
    done = act(cloud, path, add_host={"host": "a1"})
    equal(done.json["aggregate"]["hosts"], ["a1"], "a host")
    equal(zone_of(cloud, "a1"), "az-b", "its zone")
    cloud.sql("update compute.hosts set zone = 'mine' where name = 'a1'")
    equal(zone_of(cloud, "a1"), "az-b", "whatever its agent says")
    fault(act(cloud, path, add_host={"host": "a1"}), 409,
          "Aggregate %s already has host a1." % number)
    other = "/os-aggregates/%d" % aggregate(
        cloud, availability_zone="az-c")["id"]
    fault(act(cloud, other, add_host={"host": "a1"}), 409,
          "Cannot add host to aggregate %s. Reason: One or more hosts already "
          "in availability zone(s) ['az-b']." % other.split("/")[-1])
    fault(delete(cloud.admin, path), 400, "Cannot remove host from aggregate "
          "%s. Reason: Host aggregate is not empty." % number)
    put(cloud.admin, path, {"aggregate": {"availability_zone": "az-d"}})
    equal(zone_of(cloud, "a1"), "az-d", "another zone")
    status(act(cloud, path, remove_host={"host": "a1"}), 200)
    equal(zone_of(cloud, "a1"), "mine", "its own zone")
    fault(act(cloud, path, remove_host={"host": "a1"}), 404,
          "Cannot remove host a1 in aggregate " + number)
    leave(cloud, (), "a1")


def test_aggregate_refusals(cloud):
    made, admin = aggregate(cloud), cloud.admin
    fault(post(admin, "/os-aggregates", {"aggregate": {
        "name": made["name"]}}), 409,
          "Aggregate %s already exists." % made["name"])
    other = "/os-aggregates/%d" % aggregate(cloud)["id"]
    fault(put(admin, other, {"aggregate": {"name": made["name"]}}), 409,
          "Aggregate %s already exists." % made["name"])
    fault(put(admin, other, {"aggregate": {}}), 400, "Invalid input for "
          "field/attribute aggregate. Value: {}. {} is not valid under any of "
          "the given schemas")
    fault(get(admin, "/os-aggregates/x"), 400,
          "Invalid input received: id must be an integer")
    for reply in (get(admin, "/os-aggregates/9999999999"),
                  delete(admin, "/os-aggregates/9999999999")):
        fault(reply, 404, "Aggregate 9999999999 could not be found.")
    fault(act(cloud, other, set_metadata={"metadata": {"x": 1}}), 400,
          "Invalid input for field/attribute x. Value: 1. 1 is not of type "
          "'string'")
