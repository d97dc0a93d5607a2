# SPDX-License-Identifier: Apache-2.0
"""Version documents and microversions."""
from compute_kit import fault, get, mv, post
from harness import check, equal, status

NEWEST = 93


def servers(cloud, **headers):
    return cloud.demo.get("compute", "/v2.1/servers", headers={
        k.replace("_", "-"): v for k, v in headers.items()})


def echoed(reply, version, what):
    equal(reply.headers["OpenStack-API-Version"], "compute " + version, what)
    equal(reply.headers["X-OpenStack-Nova-API-Version"], version, what)
    equal(sorted(reply.headers.get_all("Vary")),
          ["OpenStack-API-Version", "X-OpenStack-Nova-API-Version"], what)


def test_version_list(cloud):
    reply = cloud.anon.get("compute", "/", headers=mv(999))
    status(reply, 200)
    one = reply.json["versions"][0]
    equal((one["id"], one["status"], one["min_version"], one["version"]),
          ("v2.1", "CURRENT", "2.1", "2.%d" % NEWEST), "version")
    equal(one["links"][0]["href"], cloud.url("compute") + "/v2.1/", "link")
    check("OpenStack-API-Version" not in reply.headers, "no echo")


def test_version_show(cloud):
    for path in ("/v2.1", "/v2.1/"):
        reply = cloud.anon.get("compute", path)
        status(reply, 200)
        equal(reply.json["version"]["version"], "2.%d" % NEWEST, path)
        echoed(reply, "2.1", path)


def test_microversion_negotiation(cloud):
    both = {"OpenStack_API_Version": "compute 2.10",
            "X_OpenStack_Nova_API_Version": "2.3"}
    for headers, version in (
            ({}, "2.1"), ({"OpenStack_API_Version": "compute 2.53"}, "2.53"),
            ({"X_OpenStack_Nova_API_Version": "2.53"}, "2.53"),
            ({"OpenStack_API_Version": "compute latest"}, "2.%d" % NEWEST),
            ({"X_OpenStack_Nova_API_Version": "latest"}, "2.%d" % NEWEST),
            ({"OpenStack_API_Version": "identity 3"}, "2.1"),
            ({"OpenStack_API_Version": "image 2.3, compute 2.7"}, "2.7"),
            (both, "2.10")):
        reply = servers(cloud, **headers)
        status(reply, 200, repr(headers))
        echoed(reply, version, repr(headers))


def test_microversion_refusals(cloud):
    for asked in ("99.99", "3.0", "2.%d" % (NEWEST + 1), "2.0", "1.9"):
        reply = servers(cloud, OpenStack_API_Version="compute " + asked)
        fault(reply, 406, "Version %s is not supported by the API. Minimum "
              "is 2.1 and maximum is 2.%d." % (asked, NEWEST))
        equal(list(reply.json), ["computeFault"], "key")
        echoed(reply, asked, asked)
    for asked in ("abc", "2", "2.01", "02.1", "2.1.1", "-2.1"):
        reply = servers(cloud, X_OpenStack_Nova_API_Version=asked)
        fault(reply, 400, "API Version String %s is of invalid format. Must "
              "be of format MajorNum.MinorNum." % asked)


def test_project_in_url(cloud):
    demo = cloud.demo
    reply = demo.get("compute", "/v2.1/%s/flavors" % demo.project_id)
    status(reply, 200)
    base = cloud.url("compute")
    tiny = next(f for f in reply.json["flavors"] if f["id"] == "1")
    equal([link["href"] for link in tiny["links"]],
          ["%s/v2.1/%s/flavors/1" % (base, demo.project_id),
           "%s/%s/flavors/1" % (base, demo.project_id)], "links")
    other = cloud.admin.project_id
    fault(demo.get("compute", "/v2.1/%s/flavors" % other), 400,
          "Malformed request URL: URL's project_id '%s' doesn't match "
          "Context's project_id '%s'" % (other, demo.project_id))


def test_no_route(cloud):
    for reply in (get(cloud.demo, "/nosuch"),
                  cloud.demo.patch("compute", "/v2.1/servers/x", {}),
                  cloud.demo.delete("compute", "/v2.1/servers")):
        status(reply, 404)
        equal(reply.json["code"], "404 Not Found", "router's own form")
    fault(get(cloud.demo, "/servers/x/tags", 25), 404,
          "The resource could not be found.")


def test_gone(cloud):
    text = ("This resource is no longer available. No forwarding address is "
            "given.")
    for path in ("/os-agents", "/os-cells/detail", "/os-fixed-ips/10.0.0.1",
                 "/os-certificates/root", "/servers/x/consoles/1",
                 "/%s/os-fping" % cloud.demo.project_id,
                 "/servers/x/os-virtual-interfaces"):
        reply = get(cloud.demo, path, 26)
        fault(reply, 410, text, path)
        equal(list(reply.json), ["computeFault"], "key")
        echoed(reply, "2.26", path)
    fault(post(cloud.demo, "/servers/x/action", {"resetNetwork": None}), 410,
          text, "action")


def test_unauthenticated(cloud):
    for headers in ({}, {"X-Auth-Token": "forged"}):
        reply = cloud.anon.get("compute", "/v2.1/servers", headers=headers)
        status(reply, 401)
        equal(reply.json["error"]["title"], "Unauthorized", "body")
        check(reply.headers["WWW-Authenticate"].startswith("Keystone uri="),
              "says where tokens are")


def test_request_ids(cloud):
    for reply in (get(cloud.demo, "/servers"), get(cloud.demo, "/nosuch")):
        equal(reply.headers["X-OpenStack-Request-Id"],
              reply.headers["X-Compute-Request-Id"], "the same id twice")
        check(reply.id.startswith("req-"), "an id")


def test_extensions(cloud):
    reply = get(cloud.demo, "/extensions")
    status(reply, 200)
    aliases = [x["alias"] for x in reply.json["extensions"]]
    check("os-keypairs" in aliases, "key pairs")
    one = get(cloud.demo, "/extensions/os-keypairs")
    equal(one.json["extension"]["name"], "Keypairs", "one")
    status(get(cloud.demo, "/extensions/nosuch"), 404)
