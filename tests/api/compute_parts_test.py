# SPDX-License-Identifier: Apache-2.0
"""What hangs on a server, and what administrators see of the hosts."""
import http.server
import threading

import compute_kit as kit
from compute_kit import NOBODY, delete, fault, get, post, put
from compute_server_test import active, ready, show
from harness import check, equal, status


def test_metadata(cloud):
    path = "/servers/%s/metadata" % active(cloud)
    demo = cloud.demo
    equal(get(demo, path).json, {"metadata": {}}, "none")
    equal(put(demo, path, {"metadata": {"a": "b"}}).json,
          {"metadata": {"a": "b"}}, "replaced")
    equal(post(demo, path, {"metadata": {"c": "d"}}).json,
          {"metadata": {"a": "b", "c": "d"}}, "merged")
    equal(put(demo, path + "/e", {"meta": {"e": "f"}}).json,
          {"meta": {"e": "f"}}, "one")
    equal(get(demo, path + "/e").json, {"meta": {"e": "f"}}, "one read")
    fault(put(demo, path + "/e", {"meta": {"x": "f"}}), 400,
          "Request body and URI mismatch")
    status(delete(demo, path + "/e"), 204)
    for reply in (delete(demo, path + "/e"), get(demo, path + "/e")):
        fault(reply, 404, "Metadata item was not found")
    fault(post(demo, path, {"metadata": {"c": 1}}), 400, "Invalid input for "
          "field/attribute c. Value: 1. 1 is not of type 'string'")
    fault(post(demo, path, {"metadata": {str(i): "" for i in range(127)}}),
          403, "Maximum number of metadata items exceeds 128")
    equal(put(demo, path, {"metadata": {}}).json, {"metadata": {}}, "emptied")
    fault(get(demo, "/servers/%s/metadata" % NOBODY), 404,
          "Instance %s could not be found." % NOBODY)


def test_tags(cloud):
    server, demo = active(cloud), cloud.demo
    path = "/servers/%s/tags" % server
    equal(get(demo, path, 26).json, {"tags": []}, "none")
    reply = put(demo, path + "/x", minor=26)
    status(reply, 201)
    equal(reply.headers["Location"], cloud.url("compute") + "/v2.1" + path +
          "/x", "Location")
    status(put(demo, path + "/x", minor=26), 204)
    status(get(demo, path + "/x", 26), 204)
    equal(put(demo, path, {"tags": ["q", "p", "p"]}, 26).json,
          {"tags": ["p", "q"]}, "replaced")
    fault(get(demo, path + "/x", 26), 404,
          "Server %s has no tag 'x'" % server)
    status(delete(demo, path + "/p", 26), 204)
    status(delete(demo, path + "/p", 26), 404)
    equal(show(demo, server, 26)["tags"], ["q"], "in the server")
    many = ["t%d" % i for i in range(51)]
    status(put(demo, path, {"tags": many}, 26), 400)
    status(put(demo, path, {"tags": many[:50]}, 26), 200)
    fault(put(demo, path + "/more", minor=26), 400,
          "The number of tags exceeded the per-server limit 50")
    status(delete(demo, path, 26), 204)
    equal(get(demo, path, 26).json, {"tags": []}, "cleared")


def test_connections(cloud):
    server, demo = active(cloud), cloud.demo
    path = "/servers/" + server
    addresses = show(demo, server)["addresses"]
    equal(get(demo, path + "/ips").json, {"addresses": addresses}, "ips")
    equal(get(demo, path + "/ips/private").json, addresses, "one network")
    fault(get(demo, path + "/ips/none"), 404,
          "Instance is not a member of specified network")
    port, = get(demo, path + "/os-interface").json["interfaceAttachments"]
    equal(port["fixed_ips"][0]["ip_address"],
          addresses["private"][0]["addr"], "port's address")
    equal(port["port_state"], "ACTIVE", "port's state")
    check("tag" not in port, "no tag before 2.70")
    one = get(demo, path + "/os-interface/" + port["port_id"], 70).json
    equal(one["interfaceAttachment"]["tag"], None, "tag")
    fault(get(demo, path + "/os-interface/nosuch"), 404,
          "Port id nosuch could not be found.")
    group, = get(demo, path + "/os-security-groups").json["security_groups"]
    equal((group["name"], group["tenant_id"]), ("default", demo.project_id),
          "security group")
    equal(get(demo, path + "/os-volume_attachments").json,
          {"volumeAttachments": []}, "volumes")
    status(get(demo, "/servers/%s/os-volume_attachments" % NOBODY), 404)


class Agent(http.server.BaseHTTPRequestHandler):
    """The one question that the API asks of an agent, answered."""

    def do_GET(self):
        ok = self.headers["X-Agent-Secret"] == "s3"
        text = b"\x1b[1mline\x00 \xff\xc3\xa9 " + self.path.encode() + b"\n"
        self.send_response(200 if ok else 403)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


def console(cloud, server, what):
    return post(cloud.demo, "/servers/%s/action" % server,
                {"os-getConsoleOutput": what})


def test_console_output(cloud):
    server = active(cloud)
    agent = http.server.HTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=agent.serve_forever, daemon=True).start()
    cloud.sql("update compute.hosts set agent_secret = 's3', agent_url = "
              "'http://127.0.0.1:%d' where name = 'h1'" % agent.server_port)
    for what, length in (({}, -1), ({"length": 5}, 5), ({"length": "7"}, 7),
                         ({"length": None}, -1)):
        equal(console(cloud, server, what).json, {
            "output": "[1mline \u00e9 /console/%s?length=%d\n" % (
                server, length)}, repr(what))
    fault(console(cloud, server, {"length": "x"}), 400, "Invalid input for "
          "field/attribute length. Value: x. 'x' does not match "
          "'^-?[0-9]+$'")
    agent.shutdown()
    agent.server_close()
    status(console(cloud, server, {}), 503, "agent away")
    status(console(cloud, NOBODY, {}), 404)


def test_remote_consoles(cloud):
    server = active(cloud)
    path = "/servers/%s/action" % server
    for action, word in (("VNC", "novnc"), ("SPICE", "spice-html5"),
                         ("RDP", "rdp-html5"), ("Serial", "serial")):
        body = {"os-get%sConsole" % action: {"type": word}}
        fault(post(cloud.demo, path, body), 400,
              "Unavailable console type %s." % word)
        fault(post(cloud.demo, path, body, 6), 400,
              "There is no such action: " + next(iter(body)))
    fault(post(cloud.demo, path, {"os-getVNCConsole": {"type": "x"}}), 400,
          "Invalid input for field/attribute type. Value: x. 'x' is not one "
          "of ['novnc', 'xvpvnc']")
    path = "/servers/%s/remote-consoles"
    body = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    fault(post(cloud.demo, path % server, body, 6), 400,
          "Unavailable console type novnc.")
    status(post(cloud.demo, path % NOBODY, body, 6), 404)
    body["remote_console"]["protocol"] = "x"
    fault(post(cloud.demo, path % server, body, 6), 400, "Invalid input for "
          "field/attribute protocol. Value: x. 'x' is not one of ['vnc', "
          "'spice', 'rdp', 'serial']")


def test_security_groups(cloud):
    server, demo = active(cloud), cloud.demo
    path, listed = "/servers/" + server, get(demo, "/os-security-groups")
    default, = [g for g in listed.json["security_groups"]
                if g["name"] == "default"]
    equal(default["tenant_id"], demo.project_id, "its project's")
    equal(get(demo, "/os-security-groups/" + default["id"]).json,
          {"security_group": default}, "show")
    status(get(demo, "/os-security-groups/" + NOBODY), 404)
    fault(get(demo, "/os-security-groups/x"), 400,
          "Security group id should be uuid")
    status(get(demo, "/os-security-groups", 36), 404)

    def act(verb, name):
        return post(demo, path + "/action",
                    {verb + "SecurityGroup": {"name": name}})
    fault(act("add", default["id"]), 400, "Invalid input for security_groups. "
          "Reason: Duplicate items in the list: '%s'." % default["id"])
    status(act("remove", "default"), 202)
    equal(get(demo, path + "/os-security-groups").json,
          {"security_groups": []}, "none")
    fault(act("remove", "default"), 404, "Security group default not "
          "associated with the instance " + server)
    status(act("add", default["id"]), 202)
    equal(show(demo, server)["security_groups"], [{"name": "default"}], "one")
    fault(act("add", "nosuch"), 404, "Security group nosuch is not found for "
          "project " + demo.project_id)
    fault(act("add", " "), 400, "Security group name cannot be empty")
    fault(post(demo, path + "/action", {"addSecurityGroup": {}}), 400,
          "Security group not specified")


def test_host_services(cloud):
    ready(cloud)
    admin, path = cloud.admin, "/os-services/"
    service = get(admin, "/os-services?host=h1", 53).json["services"][0]
    uuid = service["id"]
    done = put(admin, path + uuid, {"status": "disabled",
                                    "disabled_reason": "why"}, 53)
    equal(done.json["service"], {**service, "status": "disabled",
                                 "disabled_reason": "why"}, "disabled")
    done = put(admin, path + uuid, {"forced_down": True}, 53).json["service"]
    equal((done["state"], done["forced_down"], done["disabled_reason"]),
          ("down", True, "why"), "down")
    one = {"host": "h1", "binary": "nova-compute"}
    for verb, more, minor in (
            ("force-down", {"forced_down": False}, 11),
            ("disable-log-reason", {"disabled_reason": "r"}, 1),
            ("disable", {}, 1), ("enable", {}, 1)):
        done = put(admin, path + verb, {**one, **more}, minor)
        status(done, 200, verb)
        equal(done.json["service"], {
            **one, **more, **({"status": verb.split("-")[0] + "d"}
                              if minor == 1 else {})}, verb)
    equal(get(admin, "/os-services?host=h1", 53).json["services"], [service],
          "as before")
    fault(put(admin, path + "enable", {"host": "x", "binary": "y"}), 404,
          "Could not find binary y on host x.")
    fault(put(admin, path + NOBODY, {"status": "enabled"}, 53), 404,
          "Service %s could not be found." % NOBODY)
    fault(put(admin, path + "x", {"status": "enabled"}, 53), 400,
          "Invalid uuid x")
    fault(put(admin, path + uuid, {"status": "x"}, 53), 400, "Invalid input "
          "for field/attribute status. Value: x. 'x' is not one of "
          "['enabled', 'disabled']")
    fault(put(admin, path + uuid, {}, 53), 400, "No updates were requested. "
          "Fields 'status' or 'forced_down' should be specified.")
    fault(put(admin, path + uuid, {"status": "enabled",
                                   "disabled_reason": "x"}, 53), 400,
          "Specifying 'disabled_reason' when status is 'enabled' is invalid.")


def test_migrations(cloud):
    equal(get(cloud.admin, "/os-migrations").json, {"migrations": []}, "none")
    status(get(cloud.demo, "/os-migrations"), 403)


def test_hosts(cloud):
    ready(cloud)
    admin = cloud.admin
    for path in ("/os-hypervisors", "/os-services"):
        status(get(cloud.demo, path), 403)
    brief = get(admin, "/os-hypervisors").json["hypervisors"][0]
    equal((brief["hypervisor_hostname"], brief["state"], brief["status"]),
          ("h1", "up", "enabled"), "list")
    number = get(admin, "/os-hypervisors/%d" % brief["id"]).json["hypervisor"]
    equal(number["cpu_info"], '{"arch": "x86_64"}', "text at 2.1")
    check(number["running_vms"] >= number["vcpus_used"] > 0, "used")
    detail = get(admin, "/os-hypervisors/detail", 53).json["hypervisors"][0]
    equal(detail["cpu_info"], {"arch": "x86_64"}, "object from 2.28")
    one = get(admin, "/os-hypervisors/%s?with_servers=1" % detail["id"], 88)
    hypervisor = one.json["hypervisor"]
    equal(hypervisor["uptime"], None, "2.88")
    check("vcpus" not in hypervisor, "no figures at 2.88")
    check(hypervisor["servers"][0]["name"].startswith("instance-"), "servers")
    found = get(admin, "/os-hypervisors/h/search").json["hypervisors"]
    equal(found[0], brief, "search")
    fault(get(admin, "/os-hypervisors/nosuch/search"), 404,
          "No hypervisor matching 'nosuch' could be found.")
    found = get(admin, "/os-hypervisors/h1/servers").json["hypervisors"]
    check(found[0]["servers"][0]["uuid"], "servers until 2.52")
    fault(get(admin, "/os-hypervisors/%d/uptime" % brief["id"]), 501,
          "The requested functionality is not supported.")
    status(get(admin, "/os-hypervisors/999/uptime"), 404)
    sums = get(admin, "/os-hypervisors/statistics").json
    check(sums["hypervisor_statistics"]["vcpus"] >= 64, "statistics")
    status(get(admin, "/os-hypervisors/statistics", 88), 404)
    fault(get(admin, "/os-hypervisors/999"), 404,
          "Hypervisor with ID '999' could not be found.")
    fault(get(admin, "/os-hypervisors/x", 53), 400, "Invalid uuid x")
    service = get(admin, "/os-services?host=h1", 11).json["services"][0]
    equal((service["binary"], service["state"], service["forced_down"]),
          ("nova-compute", "up", False), "service")
    equal(get(admin, "/os-services?binary=nova-x").json, {"services": []},
          "no such binary")
    zones = get(cloud.demo, "/os-availability-zone").json
    check({"zoneName": "nova", "zoneState": {"available": True},
           "hosts": None} in zones["availabilityZoneInfo"], "zones")
    zone = [z for z in get(admin, "/os-availability-zone/detail").json[
        "availabilityZoneInfo"] if z["zoneName"] == "nova"][0]
    equal(zone["hosts"]["h1"]["nova-compute"]["available"], True, "detail")


def test_quota_class(cloud):
    admin, path = cloud.admin, "/os-quota-class-sets/default"
    first = get(admin, path).json["quota_class_set"]
    names = set(first)
    check({"id", "instances", "fixed_ips"} <= names, "2.1 has networks")
    equal(names ^ set(get(admin, path, 50).json["quota_class_set"]),
          {"fixed_ips", "floating_ips", "security_groups", "server_groups",
           "security_group_rules", "server_group_members"}, "2.50")
    equal(set(get(admin, path, 57).json["quota_class_set"]),
          {"id", "cores", "instances", "key_pairs", "metadata_items", "ram",
           "server_group_members", "server_groups"}, "2.57")
    done = put(admin, path, {"quota_class_set": {"key_pairs": 101}})
    equal((done.json["quota_class_set"]["key_pairs"],
           "id" in done.json["quota_class_set"]), (101, False), "set")
    equal(get(cloud.reader, "/os-quota-sets/%s/defaults" %
              cloud.reader.project_id).json["quota_set"]["key_pairs"], 101,
          "the default")
    put(admin, path, {"quota_class_set": {"key_pairs": first["key_pairs"]}})
    fault(put(admin, path, {"quota_class_set": {"force": True}}), 400,
          "Invalid input for field/attribute quota_class_set. Value: "
          "{'force': True}. Additional properties are not allowed ('force' "
          "was unexpected)")
    status(put(admin, path[:-7] + "x", {"quota_class_set": {}}), 404)
    status(get(cloud.demo, path), 403)


def test_quotas(cloud):
    user = cloud.user(["member"])
    path = "/os-quota-sets/" + user.project_id
    defaults = get(user, path + "/defaults").json["quota_set"]
    equal((defaults["id"], defaults["instances"], defaults["fixed_ips"]),
          (user.project_id, 10, -1), "defaults")
    check("fixed_ips" not in get(user, path, 36).json["quota_set"], "2.36")
    check("injected_files" not in get(user, path, 57).json["quota_set"],
          "2.57")
    reply = put(cloud.admin, path, {"quota_set": {"cores": "40"}})
    equal(reply.json["quota_set"]["cores"], 40, "set")
    check("id" not in reply.json["quota_set"], "no id in the reply")
    equal(get(user, path).json["quota_set"]["cores"], 40, "read")
    equal(get(user, path + "/detail").json["quota_set"]["cores"],
          {"limit": 40, "in_use": 0, "reserved": 0}, "detail")
    fault(put(cloud.admin, path, {"quota_set": {"foo": 1}}), 400, "Invalid "
          "input for field/attribute quota_set. Value: {'foo': 1}. "
          "Additional properties are not allowed ('foo' was unexpected)")
    fault(put(cloud.admin, path, {"quota_set": {"cores": -2}}), 400,
          "Invalid input for field/attribute cores. Value: -2. -2 is less "
          "than the minimum of -1")
    fault(put(user, path, {"quota_set": {"cores": 1}}), 403, "Policy doesn't "
          "allow os_compute_api:os-quota-sets:update to be performed.")
    status(get(user, "/os-quota-sets/" + cloud.admin.project_id), 403)
    fault(get(cloud.admin, "/os-quota-sets/nosuch"), 400,
          "Project ID nosuch is not a valid project.")
    status(delete(cloud.admin, path), 202)
    equal(get(user, path).json["quota_set"]["cores"], 20, "default again")
    status(get(user, "/limits?tenant_id=" + cloud.admin.project_id), 403)


def test_usage(cloud):
    server, demo = active(cloud), cloud.demo
    cloud.sql("update compute.servers set launched_at = now() - interval "
              "'2 h' where id = '%s'" % server)
    path = "/os-simple-tenant-usage/%s?start=2020-01-01T00:00:00&end=" \
        "2099-01-01T00:00:00" % demo.project_id
    usage = get(demo, path).json["tenant_usage"]
    one = [u for u in usage["server_usages"] if u["instance_id"] == server][0]
    check(1.99 < one["hours"] < 2.1, "hours")
    equal((one["memory_mb"], one["vcpus"], one["local_gb"], one["ended_at"],
           one["state"]), (512, 1, 1, None, "active"), "server")
    check(usage["total_memory_mb_usage"] >= 2 * 512 * 0.99, "total")
    last = max(u["instance_id"] for u in usage["server_usages"])
    equal(get(demo, path + "&marker=" + last, 40).json,
          {"tenant_usage": {}}, "behind the last")
    page = get(demo, path + "&limit=1", 40).json
    equal(len(page["tenant_usage"]["server_usages"]), 1, "page")
    check("tenant_usage_links" in page, "next")
    every = get(cloud.admin, "/os-simple-tenant-usage?detailed=1&start="
                "2020-01-01T00:00:00").json["tenant_usages"]
    check(demo.project_id in [u["tenant_id"] for u in every], "all projects")
    status(get(demo, "/os-simple-tenant-usage"), 403)
    status(get(demo, path + "&start=nonsense"), 200, "the first one counts")
    status(get(demo, path.replace("2020-01-01T00:00:00", "x")), 400)
