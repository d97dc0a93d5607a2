# SPDX-License-Identifier: Apache-2.0
"""Flavors, extra specs, access; key pairs."""
from compute_kit import KEY, delete, fault, get, post, put
from harness import check, equal, need, status


def flavor(cloud, **fields):
    values = {"name": cloud.name("fl"), "ram": 64, "vcpus": 1, "disk": 1}
    values.update(fields)
    reply = post(cloud.admin, "/flavors", {"flavor": values}, 61)
    need(reply.status == 200, "flavor: %r" % reply)
    return reply.json["flavor"]


def ids(reply):
    return [f["id"] for f in reply.json["flavors"]]


def test_bootstrap_flavors(cloud):
    reply = get(cloud.demo, "/flavors/detail")
    equal([(f["id"], f["name"], f["ram"], f["disk"], f["vcpus"])
           for f in reply.json["flavors"][:3]],
          [("1", "m1.tiny", 512, 1, 1), ("2", "m1.small", 2048, 20, 1),
           ("3", "m1.nano", 128, 1, 1)], "first flavors")
    cloud.run("nova-lite", "bootstrap")
    equal(ids(get(cloud.demo, "/flavors/detail")), ids(reply), "once is all")


def test_flavor_versions(cloud):
    for minor, keys in ((1, set()), (55, {"description"}),
                        (61, {"description", "extra_specs"})):
        got = get(cloud.demo, "/flavors/1", minor).json["flavor"]
        equal(set(got) & {"description", "extra_specs"}, keys, minor)
        equal(got["swap"], "", "no swap at 2.%d" % minor)
    equal(get(cloud.demo, "/flavors/1", 75).json["flavor"]["swap"], 0,
          "no swap at 2.75")
    check("description" in get(cloud.demo, "/flavors", 55).json["flavors"][0],
          "in the short list too")


def test_flavor_create_and_delete(cloud):
    made = flavor(cloud, swap="64", rxtx_factor=2.5)
    equal((made["swap"], made["rxtx_factor"], made["extra_specs"]),
          (64, 2.5, {}), "as asked")
    path = "/flavors/" + made["id"]
    equal(get(cloud.demo, path, 61).json["flavor"], made, "show")
    fault(post(cloud.admin, "/flavors", {"flavor": {
        "name": made["name"], "ram": 1, "vcpus": 1, "disk": 1}}), 409,
        "Flavor with name %s already exists." % made["name"])
    fault(post(cloud.admin, "/flavors", {"flavor": {
        "name": cloud.name("f"), "id": "1", "ram": 1, "vcpus": 1,
        "disk": 1}}), 409, "Flavor with ID 1 already exists.")
    changed = put(cloud.admin, path, {"flavor": {"description": "d"}}, 55)
    equal(changed.json["flavor"]["description"], "d", "description")
    status(put(cloud.admin, path, {"flavor": {"description": "d"}}, 54), 404)
    status(delete(cloud.admin, path), 202)
    for reply in (get(cloud.demo, path), delete(cloud.admin, path)):
        fault(reply, 404, "Flavor %s could not be found." % made["id"])


def test_flavor_bad_input(cloud):
    good = {"name": "z", "ram": 1, "vcpus": 1, "disk": 1}
    prefix = "Invalid input for field/attribute "
    for change, text in (
            ({"ram": 0}, "ram. Value: 0. 0 is less than the minimum of 1"),
            ({"disk": -1}, "disk. Value: -1. -1 is less than the minimum of "
             "0"),
            ({"name": ""}, "name. Value: . '' is too short"),
            ({"rxtx_factor": 0}, "rxtx_factor. Value: 0. 0 does not match "
             "'^[0-9]+(\\.[0-9]+)?$'")):
        reply = post(cloud.admin, "/flavors", {"flavor": {**good, **change}})
        fault(reply, 400, prefix + text, repr(change))
    reply = post(cloud.admin, "/flavors", {"flavor": {"name": "z"}})
    check("'ram' is a required property" in reply.text, "required")
    fault(post(cloud.demo, "/flavors", {"flavor": good}), 403,
          "Policy doesn't allow os_compute_api:os-flavor-manage:create to be "
          "performed.")


def test_flavor_pages(cloud):
    first = get(cloud.demo, "/flavors?limit=2")
    equal(ids(first), ["1", "2"], "first page")
    link = first.json["flavors_links"][0]
    equal(link["href"], cloud.url("compute") +
          "/v2.1/flavors?limit=2&marker=2", "next")
    check(ids(get(cloud.demo, "/flavors?limit=2&marker=2"))[0] == "3",
          "second page")
    equal(ids(get(cloud.demo, "/flavors?minRam=2000")), ["2"], "minRam")
    equal(ids(get(cloud.demo, "/flavors?sort_key=memory_mb&sort_dir=desc&"
                  "limit=1")), ["2"], "sorted")
    fault(get(cloud.demo, "/flavors?marker=nosuch"), 400,
          "marker [nosuch] not found")
    fault(get(cloud.demo, "/flavors?limit=x"), 400, "Invalid input for query "
          "parameters limit. Value: x. 'x' does not match '^[0-9]*$'")


def test_extra_specs(cloud):
    path = "/flavors/%s/os-extra_specs" % flavor(cloud)["id"]
    want = {"hw:x": "1", "b": "two"}
    reply = post(cloud.admin, path, {"extra_specs": want})
    status(reply, 200)
    equal(reply.json, {"extra_specs": want}, "echo")
    equal(get(cloud.demo, path).json["extra_specs"], want, "list")
    equal(get(cloud.demo, path + "/hw:x").json, {"hw:x": "1"}, "one")
    status(put(cloud.admin, path + "/b", {"b": "three"}), 200)
    fault(put(cloud.admin, path + "/b", {"c": "three"}), 400,
          "Request body and URI mismatch")
    status(delete(cloud.admin, path + "/hw:x"), 200)
    equal(get(cloud.demo, path).json["extra_specs"], {"b": "three"}, "rest")
    fault(get(cloud.demo, path + "/hw:x"), 404, "Flavor %s has no extra specs "
          "with key hw:x." % path.split("/")[2])
    fault(post(cloud.admin, path, {"extra_specs": {"a b!": "c"}}), 400,
          "Invalid input for field/attribute extra_specs. Value: {'a b!': "
          "'c'}. 'a b!' does not match any of the regexes: "
          "'^[a-zA-Z0-9-_:. ]{1,255}$'")
    status(post(cloud.demo, path, {"extra_specs": want}), 403)


def test_extra_spec_values(cloud):
    path = "/flavors/%s/os-extra_specs" % flavor(cloud)["id"]
    bad = {"hw:cpu_policy": "foo"}
    text = ("Validation failed; 'foo' is not one of: dedicated, shared, "
            "mixed.")
    status(post(cloud.admin, path, {"extra_specs": bad}, 85), 200)
    fault(post(cloud.admin, path, {"extra_specs": {"a": "b", **bad}}, 86),
          400, text)
    fault(put(cloud.admin, path + "/hw:cpu_policy", bad, 86), 400, text)
    status(post(cloud.admin, path, {"extra_specs": {
        "hw:cpu_policy": "shared", "mine:x": "y"}}, 86), 200)


def test_flavor_access(cloud):
    made = flavor(cloud, **{"os-flavor-access:is_public": False})
    path, demo = "/flavors/" + made["id"], cloud.demo
    fault(get(demo, path), 404, "Flavor %s could not be found." % made["id"])
    check(made["id"] not in ids(get(cloud.admin, "/flavors")), "not public")
    check(made["id"] in ids(get(cloud.admin, "/flavors?is_public=None")),
          "among all")
    change = {"addTenantAccess": {"tenant": demo.project_id}}
    entry = {"flavor_id": made["id"], "tenant_id": demo.project_id}
    reply = post(cloud.admin, path + "/action", change)
    equal(reply.json, {"flavor_access": [entry]}, "given")
    status(post(cloud.admin, path + "/action", change), 409)
    status(get(demo, path), 200)
    check(made["id"] in ids(get(demo, "/flavors")), "in the project's list")
    equal(get(cloud.admin, path + "/os-flavor-access").json, reply.json,
          "list")
    change = {"removeTenantAccess": {"tenant": demo.project_id}}
    equal(post(cloud.admin, path + "/action", change).json,
          {"flavor_access": []}, "taken")
    status(post(cloud.admin, path + "/action", change), 404)
    fault(get(cloud.admin, "/flavors/1/os-flavor-access"), 404,
          "Access list not available for public flavors.")


# -- key pairs ---------------------------------------------------------------

def keypair(client, name, minor=1, **fields):
    return post(client, "/os-keypairs", {"keypair": {"name": name, **fields}},
                minor)


def test_keypair_generate(cloud):
    name = cloud.name("k")
    reply = keypair(cloud.demo, name)
    status(reply, 200)
    pair = reply.json["keypair"]
    check(pair["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----"),
          "PEM")
    check(pair["public_key"].startswith("ssh-rsa "), "public key")
    equal(pair["user_id"], cloud.demo.user_id, "owner")
    check("type" not in pair, "no type at 2.1")
    fault(keypair(cloud.demo, name), 409,
          "Key pair '%s' already exists." % name)
    check(pair["private_key"].splitlines()[1] not in
          open(cloud.path("log", "nova-lite.log")).read(), "never logged")
    status(delete(cloud.demo, "/os-keypairs/" + name), 202)
    fault(delete(cloud.demo, "/os-keypairs/" + name, 2), 404,
          "Keypair %s not found for user %s" % (name, cloud.demo.user_id))


def test_keypair_import(cloud):
    name = cloud.name("k")
    reply = keypair(cloud.demo, name, 2, public_key=KEY, type="ssh")
    status(reply, 201)
    equal(reply.json["keypair"]["fingerprint"],
          "c5:63:b5:11:26:c0:e3:74:f2:f2:c8:d3:ab:59:8c:7f", "MD5 in pairs")
    shown = get(cloud.demo, "/os-keypairs/" + name, 2).json["keypair"]
    equal(shown["public_key"], KEY, "byte for byte")
    equal((shown["type"], shown["deleted"], shown["updated_at"]),
          ("ssh", False, None), "details")
    check(not shown["created_at"].endswith("Z"), "created_at has no zone")
    mail = cloud.name("a.b@example")
    status(keypair(cloud.demo, mail, 92, public_key=KEY), 201, "2.92")
    status(keypair(cloud.demo, mail, 91, public_key=KEY), 400, "2.91")
    reply = keypair(cloud.demo, "x", 92)
    check("'public_key' is a required property" in reply.text, "2.92")
    fault(get(cloud.other, "/os-keypairs/" + name), 404,
          "Keypair %s not found for user %s" % (name, cloud.other.user_id))
    status(get(cloud.admin, "/os-keypairs/%s?user_id=%s" % (
        name, cloud.demo.user_id), 10), 200, "an administrator may")
    status(get(cloud.other, "/os-keypairs/%s?user_id=%s" % (
        name, cloud.demo.user_id), 10), 403, "others may not")
    status(delete(cloud.demo, "/os-keypairs/" + name, 2), 204)


def test_keypair_pages(cloud):
    user = cloud.user(["member"])
    for name in "abc":
        keypair(user, name, public_key=KEY)
    reply = get(user, "/os-keypairs?limit=2", 35)
    equal([k["keypair"]["name"] for k in reply.json["keypairs"]],
          ["a", "b"], "page")
    equal(reply.json["keypairs_links"][0]["href"], cloud.url("compute") +
          "/v2.1/os-keypairs?limit=2&marker=b", "next")
    reply = get(user, "/os-keypairs?limit=2&marker=b", 35)
    equal([k["keypair"]["name"] for k in reply.json["keypairs"]], ["c"],
          "last page")
    check("keypairs_links" not in reply.json, "no further page")


def test_keypair_bad_input(cloud):
    invalid = "Invalid input for field/attribute "
    for fields, minor, text in (
            ({"name": "x", "public_key": "bad"}, 1, "Keypair data is invalid: "
             "failed to generate fingerprint"),
            ({}, 1, invalid + "keypair. Value: {}. 'name' is a required "
             "property"),
            ({"name": "a/b"}, 1, "An invalid 'name' value was provided. The "
             "name must be: Only expected characters: [_- 0123456789"
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ]"),
            ({"name": "a", "type": "x"}, 2, invalid + "type. Value: x. 'x' is "
             "not one of ['ssh', 'x509']"),
            ({"name": "a", "type": "ssh"}, 1, invalid + "keypair. Value: "
             "{'name': 'a', 'type': 'ssh'}. Additional properties are not "
             "allowed ('type' was unexpected)")):
        fault(post(cloud.demo, "/os-keypairs", {"keypair": fields}, minor),
              400, text, repr(fields))


def test_keypair_quota(cloud):
    user = cloud.user(["member"])
    put(cloud.admin, "/os-quota-sets/" + user.project_id,
        {"quota_set": {"key_pairs": 1}})
    status(keypair(user, "one", public_key=KEY), 200)
    fault(keypair(user, "two", public_key=KEY), 403,
          "Quota exceeded, too many key pairs.")
