# SPDX-License-Identifier: Apache-2.0
"""Servers that ask for OS images: which version they get, what they are told,
what is refused; hosts that bring versions; fleets that are switched."""
from compute_kit import (body, create, delete, fault, finish, get, host,
                         image, jobs, post, put)
from harness import check, equal, need, status
from os_image_kit import bundle, os_image


def metadata(client, server):
    return get(client, "/servers/%s" % server).json["server"]["metadata"]


def facts(client, server):
    """(asked, requested, running, state, fallback)"""
    found = metadata(client, server)
    return tuple(found.get(k) for k in (
        "os_image", "os_image:requested", "os_image:running",
        "os_image:state", "os_image:fallback"))


def ask(client, server, label):
    return put(client, "/servers/%s/metadata/os_image" % server, {
        "meta": {"os_image": label}})


def hard(client, server):
    return post(client, "/servers/%s/action" % server, {
        "reboot": {"type": "HARD"}})


def begin(cloud, server, token="token"):
    cloud.sql("select compute.os_image_begin(id, '%s', (os_image ->> "
              "'image')::uuid, os_image ->> 'label') from compute.servers "
              "where id = '%s'" % (token, server))


def came_up(cloud, server):
    """What agent and guest record of a start that goes well."""
    finish(cloud, server)
    begin(cloud, server)
    cloud.sql("select compute.os_image_started('%s', 60)" % server)
    equal(cloud.sql("select compute.os_image_ready('%s', 'token')" % server),
          [["t"]], "ready")


def did_not(cloud, server):
    """A start whose time is over, and what is said of it."""
    at = cloud.sql("select host from compute.servers where id = '%s'"
                   % server)[0][0]
    finish(cloud, server)
    begin(cloud, server)
    cloud.sql("select compute.os_image_started('%s', 60)" % server)
    cloud.sql("update compute.os_starts set due = now() - interval '1 s' "
              "where server_id = '%s'" % server)
    return [said for found, said in cloud.sql(
        "select * from compute.os_image_overdue('%s')" % at)
        if found == server]


def running(cloud, server):
    return cloud.sql("select image_id from compute.servers where id = '%s'"
                     % server)[0][0]


def versions(cloud, name, *more):
    """{version: image}; the first is the default one."""
    out = {}
    for n, version in enumerate(("v1", "v2") + more):
        out[version] = os_image(cloud.demo, name, version, **{
            "os_image:default": "true" if n == 0 else "false"})
    return out


def test_choice(cloud):
    host(cloud)
    cloud.sql("insert into compute.quotas select '%s', r, 1000000 from "
              "unnest('{instances,cores,ram}'::text[]) r on conflict "
              "(project_id, resource) do update set hard_limit = 1000000" %
              cloud.demo.project_id)
    ids = versions(cloud, "choice")
    for wish, image_id, got in (
            (None, "v2", "choice:v2"), ("choice:v2", "v1", "choice:v2"),
            ("choice", "v2", "choice:v1")):
        server = create(cloud, cloud.demo, ids[image_id], metadata={
            "os_image": wish, "mine": "x"} if wish else {})
        equal(facts(cloud.demo, server)[:4],
              (wish or got, got, None, "starting"), "asked for %s" % wish)
        came_up(cloud, server)
        equal(facts(cloud.demo, server)[2:], (got, "ready", None), "it runs")
        doc = get(cloud.demo, "/servers/" + server).json["server"]
        equal(doc["image"]["id"], ids[got[-2:]], "image")
        equal(doc["config_drive"], "True", "config drive")
    equal(metadata(cloud.demo, server)["mine"], "x", "the user's own")


def test_truth(cloud):
    """What a user writes under the names of facts changes nothing."""
    host(cloud)
    ids = versions(cloud, "truth")
    lies = {"os_image:running": "truth:v9", "os_image:state": "ready",
            "os_image:fallback": "x"}
    server = create(cloud, cloud.demo, ids["v2"], metadata=lies)
    equal(facts(cloud.demo, server)[2:], (None, "starting", None), "create")
    came_up(cloud, server)
    path = "/servers/%s/metadata" % server
    for call in post, put:
        status(call(cloud.demo, path, {"metadata": lies}), 200, "written")
        equal(facts(cloud.demo, server)[1:], ("truth:v2", "truth:v2", "ready",
                                              None), call.__name__)
    status(delete(cloud.demo, path + "/os_image:running"), 204, "taken away")
    equal(facts(cloud.demo, server)[2], "truth:v2", "it is there")
    plain = create(cloud, cloud.demo, image(cloud, cloud.demo), metadata=lies)
    equal(metadata(cloud.demo, plain), {}, "nor on a server of its own")


def test_bad_wishes(cloud):
    host(cloud)
    ids = versions(cloud, "wishes")
    before = cloud.sql("select count(*) from compute.servers")
    for wishes, text in (
            ({"os_image": "wishes:v 1"}, "os_image: 'wishes:v 1' is not NAME "
             "or NAME:VERSION"),
            ({"os_image": "other:v1"}, "os_image=other:v1: imageRef is not a "
             "version of it."),
            ({"os_image:overlays": "/etc"}, "os_image:overlays: '/etc' is not "
             "PATH:MB,... with absolute paths and 5 to 200 MB each"),
            ({"os_image:timezone": "/etc"}, "os_image:timezone: '/etc' is not "
             "a name like Europe/Zurich"),
            ({"os_image:env.A-B": "1"}, "os_image:env.A-B: '1' is not one "
             "line, under a name of letters, digits and \"_\"")):
        made = post(cloud.demo, "/servers", body(
            cloud, ids["v1"], metadata=wishes))
        fault(made, 400, text)
    fault(post(cloud.demo, "/servers", body(
        cloud, image(cloud, cloud.demo), metadata={"os_image": "wishes"})),
        400, "os_image=wishes: imageRef is not a version of it.")
    made = post(cloud.demo, "/servers", body(
        cloud, ids["v1"], personality=[{"path": "/a", "contents": "YQ=="}]))
    fault(made, 400, "Files cannot be put into a server that shares an OS "
          "image: give them in user_data, or put them on its data drive.")
    made = post(cloud.demo, "/servers", body(
        cloud, ids["v1"], metadata={"os_image:sw": "tools:9"}))
    fault(made, 409, "os_image:sw=tools:9: there is no such version")
    equal(cloud.sql("select count(*) from compute.servers"), before,
          "nothing was made")
    server = create(cloud, cloud.demo, ids["v1"])
    came_up(cloud, server)
    fault(ask(cloud.demo, server, "a b"), 400, "os_image: 'a b' is not NAME "
          "or NAME:VERSION")
    equal(facts(cloud.demo, server)[0], "wishes:v1", "nothing has changed")


def test_fallback(cloud):
    """Versions that cannot be run give way to the default one, aloud."""
    host(cloud)
    ids = versions(cloud, "falls", "v3", "v4")
    cloud.sql("update image.images set status = 'deactivated' where id = '%s'"
              % ids["v3"])
    os_image(cloud.demo, "falls", "v5", bundle(("a", {}), script=False))
    no_script = "its start-up script /sbin/os-image-start is not in its place"
    for version, why in (("v9", "there is no such version"),
                         ("v3", "it is not active but deactivated"),
                         ("v5", no_script)):
        label = "falls:" + version
        server = create(cloud, cloud.demo, ids["v2"],
                        metadata={"os_image": label})
        equal(facts(cloud.demo, server),
              (label, label, None, "starting", "%s is not run: %s" % (
                  label, why)), version)
        equal(running(cloud, server), ids["v1"], "the default runs")
    server = create(cloud, cloud.demo, ids["v2"])
    came_up(cloud, server)
    status(ask(cloud.demo, server, "falls:v9"), 200, "asked")
    equal(facts(cloud.demo, server)[2], "falls:v2", "not before a start")
    status(hard(cloud.demo, server), 202, "reboot")
    came_up(cloud, server)
    equal(facts(cloud.demo, server)[1:4], ("falls:v9", "falls:v1", "ready"),
          "the default runs")
    rebuilt = post(cloud.demo, "/servers/%s/action" % server, {
        "rebuild": {"imageRef": ids["v3"]}})
    status(rebuilt, 202, "rebuild")
    equal(facts(cloud.demo, server)[:2], ("falls:v3", "falls:v3"), "rebuild")
    equal(running(cloud, server), ids["v1"], "and so by a rebuild")


def test_no_default(cloud):
    host(cloud)
    one = os_image(cloud.demo, "lonely", "v1")
    words = "os_image=lonely:v9: there is no such version, and lonely has " \
        "no default version."
    fault(post(cloud.demo, "/servers", body(
        cloud, one, metadata={"os_image": "lonely:v9"})), 409, words)
    server = create(cloud, cloud.demo, one, metadata={"os_image": "lonely"})
    came_up(cloud, server)
    equal(facts(cloud.demo, server)[2], "lonely:v1", "imageRef's")
    status(ask(cloud.demo, server, "lonely:v9"), 200, "asked")
    fault(hard(cloud.demo, server), 409, words)
    equal((facts(cloud.demo, server)[2:4], jobs(cloud, server)),
          (("lonely:v1", "ready"), []), "it runs on")


def test_way_back(cloud):
    """No ready signal: back to the last good version, and not again to the
    bad one unless it is asked for anew."""
    host(cloud)
    ids = versions(cloud, "back", "v3")
    server = create(cloud, cloud.demo, ids["v2"])
    came_up(cloud, server)
    status(ask(cloud.demo, server, "back:v3"), 200, "asked")
    status(hard(cloud.demo, server), 202, "reboot")
    equal(running(cloud, server), ids["v3"], "it is tried")
    equal(did_not(cloud, server), [
        "back:v3 gave no ready signal in time; back to back:v2"], "said")
    equal([j[0] for j in jobs(cloud, server)], ["server_reboot"], "job")
    equal(facts(cloud.demo, server),
          ("back:v3", "back:v3", "back:v3", "starting",
           "back:v3 is not run: it gave no ready signal in time"), "facts")
    came_up(cloud, server)
    equal(facts(cloud.demo, server)[2:4], ("back:v2", "ready"), "good again")
    log = get(cloud.demo, "/servers/%s/os-instance-actions" % server).json
    equal([a["action"] for a in log["instanceActions"]],
          ["os_image_fallback", "reboot", "create"], "the action log")
    status(hard(cloud.demo, server), 202, "reboot")
    equal(running(cloud, server), ids["v2"], "it is not tried again")
    came_up(cloud, server)
    status(post(cloud.demo, "/servers/%s/action" % server, {
        "rebuild": {"imageRef": ids["v3"]}}), 202, "rebuild")
    equal(running(cloud, server), ids["v3"], "unless it is asked for")
    came_up(cloud, server)
    equal(facts(cloud.demo, server)[2:], ("back:v3", "ready", None), "well")


def test_no_way_back(cloud):
    host(cloud)
    server = create(cloud, cloud.demo, os_image(cloud.demo, "alone", "v1"))
    equal(did_not(cloud, server), ["alone:v1 gave no ready signal in time; "
                                   "there is no version to return to"], "said")
    equal((facts(cloud.demo, server)[3], jobs(cloud, server)),
          ("overdue", []), "it is left alone")
    cloud.sql("select compute.os_image_ready('%s', 'token')" % server)
    equal(facts(cloud.demo, server)[3], "ready", "and may come up later")
    equal(did_not(cloud, server)[0][:8], "alone:v1", "at each start")
    equal(did_not(cloud, server)[0][:8], "alone:v1", "at each start")


def test_others_ramdisk(cloud):
    """Another version brings its kernel and RAM disk, which the project has
    to be allowed to see."""
    host(cloud)
    ids = versions(cloud, "thief")
    secret = image(cloud, cloud.other, visibility="private",
                   disk_format="ari", container_format="ari")
    kernel = image(cloud, cloud.demo, disk_format="aki",
                   container_format="aki")
    os_image(cloud.demo, "thief", "v3", kernel_id=kernel, ramdisk_id=secret)
    server = create(cloud, cloud.demo, ids["v1"])
    came_up(cloud, server)
    status(ask(cloud.demo, server, "thief:v3"), 200, "asked")
    fault(hard(cloud.demo, server), 400, "Image %s could not be found." %
          secret)
    equal(running(cloud, server), ids["v1"], "nothing has changed")
    cloud.demo.delete("image", "/v2/images/" + kernel)
    cloud.other.delete("image", "/v2/images/" + secret)


def test_nonsense_while_it_starts(cloud):
    """What a user makes of a server keeps no other from its way back."""
    host(cloud)
    ids = versions(cloud, "nonsense", "v3")
    servers = [create(cloud, cloud.demo, ids["v2"]) for _ in range(3)]
    for server in servers:
        came_up(cloud, server)
        status(ask(cloud.demo, server, "nonsense:v3"), 200, "asked")
        status(hard(cloud.demo, server), 202, "reboot")
    status(ask(cloud.demo, servers[0], "nosuch"), 200, "nonsense")
    cloud.sql("update compute.servers set metadata = metadata || "
              "'{\"boot:kernel\": \"junk\"}' where id = '%s'" % servers[1])
    words = "nonsense:v3 gave no ready signal in time; "
    for server, text in zip(servers, (
            "back to nonsense:v2", "there is no version to return to",
            "back to nonsense:v2")):
        equal(did_not(cloud, server), [words + text], "said")
    equal([running(cloud, s) for s in servers],
          [ids["v2"], ids["v3"], ids["v2"]], "what they run")
    equal(metadata(cloud.demo, servers[0])["os_image"], "nosuch",
          "the user's wish stands")


def test_no_back_and_forth(cloud):
    """A version that came up before is not left for another."""
    host(cloud)
    ids = versions(cloud, "forth")
    server = create(cloud, cloud.demo, ids["v2"])
    came_up(cloud, server)
    status(hard(cloud.demo, server), 202, "reboot")
    equal(did_not(cloud, server), ["forth:v2 gave no ready signal in time; "
                                   "there is no version to return to"], "v2")
    fresh = create(cloud, cloud.demo, ids["v2"])
    equal(did_not(cloud, fresh), ["forth:v2 gave no ready signal in time; "
                                  "back to forth:v1"], "never good: default")
    equal(did_not(cloud, fresh), ["forth:v1 gave no ready signal in time; "
                                  "there is no version to return to"], "once")
    equal(facts(cloud.demo, fresh)[3], "overdue", "it is left alone")


def test_failed_start(cloud):
    """A start that fails before the machine is on goes back at once."""
    host(cloud)
    ids = versions(cloud, "fails", "v3")
    server = create(cloud, cloud.demo, ids["v2"])
    came_up(cloud, server)
    status(ask(cloud.demo, server, "fails:v3"), 200, "asked")
    status(hard(cloud.demo, server), 202, "reboot")
    finish(cloud, server)
    begin(cloud, server)
    cloud.sql("select compute.os_image_failed('%s', false)" % server)
    said = cloud.sql("select said from compute.os_image_overdue((select host "
                     "from compute.servers where id = '%s'))" % server)
    equal(said, [["fails:v3 gave no ready signal in time; back to fails:v2"]],
          "said")
    gone = create(cloud, cloud.demo, ids["v2"])
    begin(cloud, gone)
    cloud.sql("select compute.os_image_failed('%s', true)" % gone)
    equal(cloud.sql("select count(*) from compute.os_starts where server_id "
                    "= '%s'" % gone), [["0"]], "without a machine nothing")


def test_image_that_was_named(cloud):
    """imageRef means that image, also where the project has its own of the
    name, or would not find it by name."""
    host(cloud)
    versions(cloud, "named")
    public = os_image(cloud.admin, "named", "v2", visibility="public")
    shown = os_image(cloud.other, "named", "v9", visibility="community")
    for ident, label in (public, "named:v2"), (shown, "named:v9"):
        server = create(cloud, cloud.demo, ident)
        came_up(cloud, server)
        status(hard(cloud.demo, server), 202, "reboot")
        equal((running(cloud, server), facts(cloud.demo, server)[1:]),
              (ident, (label, label, "starting", None)), "that very image")


def test_told_meanwhile(cloud):
    """The signal of what was started says nothing of what was told since."""
    host(cloud)
    ids = versions(cloud, "meanwhile", "v3")
    server = create(cloud, cloud.demo, ids["v2"])
    finish(cloud, server)
    begin(cloud, server)
    status(ask(cloud.demo, server, "meanwhile:v3"), 200, "asked")
    status(hard(cloud.demo, server), 202, "reboot")
    cloud.sql("select compute.os_image_started('%s', 60)" % server)
    cloud.sql("select compute.os_image_ready('%s', 'token')" % server)
    equal(facts(cloud.demo, server)[1:4],
          ("meanwhile:v3", "meanwhile:v2", "starting"), "v2 is ready")
    equal(cloud.sql("select os_image ->> 'good' from compute.servers where "
                    "id = '%s'" % server), [[ids["v2"]]], "and good")


def test_without_signal(cloud):
    """A version with the deadline 0 is ready when it is on."""
    host(cloud)
    server = create(cloud, cloud.demo, os_image(cloud.demo, "mute", "v1", **{
        "os_image:deadline": "0"}))
    finish(cloud, server)
    begin(cloud, server)
    cloud.sql("select compute.os_image_started('%s', 60)" % server)
    equal(facts(cloud.demo, server)[2:4], ("mute:v1", "ready"), "at once")


def test_late_signal(cloud):
    """Neither another start's token nor one after a stop counts."""
    host(cloud)
    server = create(cloud, cloud.demo, os_image(cloud.demo, "late", "v1"))
    finish(cloud, server)
    for token in "first", "second":
        begin(cloud, server, token)
    said = [cloud.sql("select compute.os_image_ready('%s', '%s')" % (
        server, t)) for t in ("first", "second", "second")]
    equal(said, [[["f"]], [["t"]], [["f"]]], "each token once")


def test_in_use(cloud):
    host(cloud)
    ids = versions(cloud, "used")
    server = create(cloud, cloud.demo, ids["v2"])
    came_up(cloud, server)
    got = cloud.demo.delete("image", "/v2/images/" + ids["v2"])
    equal(got.status, 409, "in use")
    check("1 server uses the OS image used:v2" in got.body.decode(),
          "by whom: %r" % got.body)
    status(ask(cloud.demo, server, "used:v1"), 200, "asked")
    status(hard(cloud.demo, server), 202, "reboot")
    equal(cloud.demo.delete("image", "/v2/images/" + ids["v2"]).status, 409,
          "it would return to it")
    came_up(cloud, server)
    equal(cloud.demo.delete("image", "/v2/images/" + ids["v2"]).status, 204,
          "not any more")


def test_rebuild_to_own_disk(cloud):
    host(cloud)
    ids = versions(cloud, "leave")
    server = create(cloud, cloud.demo, ids["v1"])
    came_up(cloud, server)
    status(post(cloud.demo, "/servers/%s/action" % server, {
        "rebuild": {"imageRef": image(cloud, cloud.demo)}}), 202, "rebuild")
    equal(metadata(cloud.demo, server), {}, "nothing shared any more")
    finish(cloud, server)
    status(post(cloud.demo, "/servers/%s/action" % server, {
        "rebuild": {"imageRef": ids["v2"]}}), 202, "and back")
    equal(facts(cloud.demo, server)[0], "leave:v2", "asked")


def test_list(cloud):
    host(cloud)
    ids = versions(cloud, "listed")
    server = create(cloud, cloud.demo, ids["v2"])
    came_up(cloud, server)
    doc = get(cloud.demo, "/os-system-images/listed").json["os_system_image"]
    equal([(v["version"], v["image_id"], v["default"], v["servers"],
            v.get("unfit"), "hosts" in v) for v in doc["versions"]],
          [("v1", ids["v1"], True, 0, None, False),
           ("v2", ids["v2"], False, 1, None, False)], "versions")
    names = [i["name"] for i in get(cloud.demo, "/os-system-images")
             .json["os_system_images"]]
    check("listed" in names and names == sorted(names), "names: %r" % names)
    status(get(cloud.other, "/os-system-images/listed"), 404, "not others'")
    doc = get(cloud.admin, "/os-system-images/listed").json["os_system_image"]
    equal(doc["versions"][0]["hosts"], [], "no host has it")


def test_cache(cloud):
    """Nova's call for an aggregate's hosts."""
    ids = versions(cloud, "cached")
    names = [host(cloud, cloud.name("cache")) for _ in range(2)]
    made = post(cloud.admin, "/os-aggregates", {"aggregate": {
        "name": cloud.name("agg")}}).json["aggregate"]
    path = "/os-aggregates/%d/" % made["id"]
    for name in names:
        status(post(cloud.admin, path + "action", {
            "add_host": {"host": name}}), 200, "host")
    want = {"cache": [{"id": ids["v1"]}, {"id": ids["v2"]}]}
    status(post(cloud.admin, path + "images", want, 80), 404, "since 2.81")
    got = post(cloud.admin, path + "images", want, 81)
    equal((got.status, got.body), (202, b""), "cache")
    equal(cloud.sql("select host, args ->> 'image' from lite.jobs where kind "
                    "= 'image_cache' order by id"),
          [[h, i] for h in names for i in (ids["v1"], ids["v2"])], "jobs")
    doc = get(cloud.admin, "/os-system-images/cached").json["os_system_image"]
    equal(doc["versions"][1]["hosts"], [
        {"host": h, "state": "queued"} for h in sorted(names)], "progress")
    fault(post(cloud.admin, path + "images", {"cache": [
        {"id": ids["v1"]}, {"id": ids["v1"]}]}, 81), 400,
        "Duplicate images in request")
    for bad in ({"cache": []}, {"cache": [{}]}, {"cache": [{"id": "x"}]}, {},
                {"cache": "x"}):
        status(post(cloud.admin, path + "images", bad, 81), 400, repr(bad))
    status(post(cloud.demo, path + "images", want, 81), 403, "for admins")
    fault(post(cloud.admin, "/os-aggregates/999999/images", want, 81), 404,
          "Aggregate 999999 could not be found.")


def turn(cloud):
    cloud.sql("select compute.os_switch_turn()")


def test_switch(cloud):
    """In batches, stopped by failures, resumed, to the end."""
    host(cloud)
    ids = versions(cloud, "fleet")
    servers = [create(cloud, cloud.demo, ids["v1"]) for _ in range(8)]
    for server in servers:
        came_up(cloud, server)
    cloud.sql("update compute.servers set vm_state = 'stopped' where id = "
              "'%s'" % servers[7])
    path = "/os-system-images/fleet/switch"
    for bad in ({}, {"to": 1}, {"to": "v2", "batch": 0},
                {"to": "v2", "max_failures": -1}, {"to": "v2", "x": 1}):
        status(post(cloud.demo, path, {"switch": bad}), 400, repr(bad))
    fault(post(cloud.demo, path, {"switch": {"to": "v9"}}), 409,
          "OS image fleet:v9: there is no such version.")
    made = post(cloud.demo, path, {"switch": {
        "from": "v1", "to": "v2", "batch": 3, "max_failures": 1}})
    status(made, 202, "switch")
    one = path + "/" + made.json["switch"]["id"]
    equal(made.json["switch"]["progress"], {
        "waiting": 8, "switching": 0, "done": 0, "rolled_back": 0,
        "failed": 0}, "all wait")
    fault(post(cloud.demo, path, {"switch": {"to": "v2"}}), 409,
          "The OS image is being switched.")

    def show():
        doc = get(cloud.demo, one).json["switch"]
        return doc["state"], {s["id"]: s["state"] for s in doc["servers"]}

    turn(cloud)
    equal([show()[1][s] for s in servers], ["switching"] * 3 +
          ["waiting"] * 5, "a batch")
    came_up(cloud, servers[0])
    did_not(cloud, servers[1])
    turn(cloud)
    equal([show()[1][s] for s in servers], [
        "done", "rolled_back", "switching"] + ["waiting"] * 5,
        "the batch is not over")
    did_not(cloud, servers[2])
    turn(cloud)
    turn(cloud)
    state, of = show()
    equal((state, [of[s] for s in servers[3:]]), ("stopped", ["waiting"] * 5),
          "too many failed")
    doc = get(cloud.demo, one).json["switch"]
    equal(doc["reason"], "2 of the servers did not come up, and 1 may fail",
          "why")
    check("no ready signal" in doc["servers"][1]["message"], "and of whom")
    for server in servers[1:3]:
        came_up(cloud, server)
    fault(post(cloud.demo, one + "/action", {"stop": None}), 409,
          "The switch is not running but stopped.")
    status(post(cloud.demo, one + "/action", {"resume": None}), 202, "resume")
    for _ in range(8):
        turn(cloud)
        for server, state in show()[1].items():
            if state == "switching":
                came_up(cloud, server)
    state, of = show()
    equal((state, set(of.values())), ("done", {"done"}), "to the end")
    equal({running(cloud, s) for s in servers[:7]}, {ids["v2"]}, "all switched")
    check("off" in get(cloud.demo, one).json["switch"]["servers"][7]["message"],
          "one that is off is told")
    equal([(w["state"], w["progress"]["done"]) for w in
           get(cloud.demo, path).json["switches"]], [("done", 8)], "list")
    status(get(cloud.other, one), 404, "another project's")
    status(get(cloud.demo, path + "/x"), 404, "no id")
    status(post(cloud.reader, path, {"switch": {"to": "v1"}}), 403, "readers")


def test_switch_of_one_name(cloud):
    """An administrator's switch takes in no servers on images of others that
    are called the same."""
    host(cloud)
    mine = versions(cloud, "homonym")
    server = create(cloud, cloud.demo, mine["v1"])
    came_up(cloud, server)
    for version in "v1", "v2":
        os_image(cloud.admin, "homonym", version, visibility="public")
    made = post(cloud.admin, "/os-system-images/homonym/switch", {
        "switch": {"to": "v2"}})
    equal(made.json["switch"]["servers"], [], "none of them")


def test_switch_stop(cloud):
    host(cloud)
    ids = versions(cloud, "halt")
    servers = [create(cloud, cloud.demo, ids["v1"]) for _ in range(2)]
    for server in servers:
        came_up(cloud, server)
    path = "/os-system-images/halt/switch"
    made = post(cloud.demo, path, {"switch": {"to": "v2"}}).json["switch"]
    turn(cloud)
    one = path + "/" + made["id"]
    status(post(cloud.demo, one + "/action", {"stop": None}), 202, "stop")
    came_up(cloud, servers[0])
    turn(cloud)
    doc = get(cloud.demo, one).json["switch"]
    equal((doc["state"], doc["reason"], doc["progress"]["done"],
           doc["progress"]["waiting"]),
          ("stopped", "it was told to stop", 1, 1), "what was begun is ended")
    delete(cloud.demo, "/servers/" + servers[1])
    cloud.sql("select compute.server_gone('%s')" % servers[1])
    status(post(cloud.demo, one + "/action", {"resume": None}), 202, "resume")
    turn(cloud)
    turn(cloud)
    doc = get(cloud.demo, one).json["switch"]
    check(doc["state"] in ("done", "stopped") and
          doc["progress"]["waiting"] == 0, "a deleted server: %r" % doc)


def test_collect(cloud):
    """Nothing that is used leaves a host."""
    at = host(cloud, cloud.name("collect"))
    ids = versions(cloud, "collect", "v3")
    server = create(cloud, cloud.demo, ids["v2"])
    cloud.sql("update compute.servers set host = '%s' where id = '%s'" % (
        at, server))
    cloud.sql("insert into compute.image_hosts (image_id, host, state, "
              "used_at) select id::uuid, '%s', 'ready', now() - interval "
              "'1 hour' from unnest('{%s}'::text[]) id" % (
                  at, ",".join(ids.values())))
    cloud.sql("update compute.image_hosts set used_at = now() where image_id "
              "= '%s'" % ids["v3"])
    need(cloud.sql("select compute.image_host_collect('%s', 60)" % at) ==
         [[ids["v1"]]], "v2 is used, v3 was used a moment ago")
    equal(cloud.sql("select compute.image_host_collect('%s', 60)" % at), [],
          "once")
