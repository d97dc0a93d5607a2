# SPDX-License-Identifier: Apache-2.0
"""Managed boot: what parameters come to, and which are refused. No agent: what
becomes of a server is in compute_boot_launch_test."""
import compute_kit as kit
from compute_kit import NOBODY, body, fault, get, post, put
from harness import check, equal, need, status

# A cloud of its own: kernels and flavors would be in the way of others.
CLOUD = {"options": {"nova-lite": {}}}

BASE = "virtio_pci,virtio_blk"


def bad(reply, key, value, why):
    fault(reply, 400, "Invalid input for field/attribute boot:%s. Value: %s. "
          "%s" % (key, value, why), key)


def offer(cloud, client, kind, name, **properties):
    return kit.image(cloud, client, name=name, disk_format=kind,
                     container_format=kind if kind != "raw" else "bare",
                     **properties)


def module_set(cloud, client, kernel, name, modules):
    return offer(cloud, client, "raw", name, visibility="public", **{
        "boot:set_kernel": kernel, "boot:set_modules": modules,
        "boot:set_base": BASE})


def parts(cloud):
    """What is offered to all; made once."""
    if "parts" not in cloud.kept:
        kit.host(cloud)
        put(cloud.admin, "/os-quota-sets/" + cloud.demo.project_id,
            {"quota_set": {"instances": 200, "cores": 200, "ram": -1}})
        p = {}
        for name in "k1", "k2", "bare-kernel":
            p[name] = offer(cloud, cloud.admin, "aki", name,
                            visibility="public",
                            **{"boot:release": "6.1.0-" + name})
        p["s1"] = module_set(cloud, cloud.admin, p["k1"], "s1",
                             "loop,xfs,nls-utf8")
        p["s1b"] = module_set(cloud, cloud.admin, p["k1"], "s1b", "dummy,xfs")
        p["s2"] = module_set(cloud, cloud.admin, p["k2"], "s2", "loop,tun")
        p["r1"] = offer(cloud, cloud.admin, "ari", "r1", visibility="public")
        p["image"] = kit.image(cloud, cloud.demo)
        cloud.kept["parts"] = p
    return cloud.kept["parts"]


def properties(boot):
    return {"boot:" + k: v for k, v in boot.items()}


def asked(cloud, client=None, image=None, flavor="1", **boot):
    """The reply to a create with these parameters."""
    return post(client or cloud.demo, "/servers", body(
        cloud, image or parts(cloud)["image"], flavorRef=flavor,
        metadata=properties(boot)))


def shown(cloud, server):
    reply = get(cloud.demo, "/servers/%s/os-managed-boot" % server)
    need(reply.status == 200, "managed boot: %r" % reply)
    return reply.json["managed_boot"]


def made(cloud, **more):
    """What a new server boots with."""
    reply = asked(cloud, **more)
    need(reply.status == 202, "create: %r" % reply)
    return shown(cloud, reply.json["server"]["id"])


def part(p, name):
    return {"id": p[name], "name": name}


# -- what it comes to ---------------------------------------------------------

def test_all(cloud):
    p = parts(cloud)
    equal(made(cloud, kernel="k1", modules="xfs, nls_utf8", ramdisk="r1",
               ramdisk_size="16", cmdline="quiet x=1", module_policy="none"),
          {"kernel": part(p, "k1"), "module_set": part(p, "s1"),
           "base_modules": BASE.split(","), "modules": ["xfs", "nls_utf8"],
           "ramdisk": part(p, "r1"), "ramdisk_size": 16,
           "cmdline": "quiet x=1", "module_policy": "none",
           "firmware": "bios", "digest": None, "built_at": None}, "all")
    equal(made(cloud, kernel="bare-kernel"),
          {"kernel": part(p, "bare-kernel"), "module_set": None,
           "base_modules": [], "modules": [], "ramdisk": None,
           "ramdisk_size": None, "cmdline": None, "module_policy": "any",
           "firmware": "bios", "digest": None, "built_at": None}, "little")


def test_names(cloud):
    """Ids, names and indices."""
    p = parts(cloud)
    listed = get(cloud.demo, "/os-managed-boot/parameters")
    status(listed, 200)
    offered = listed.json["parameters"]
    index = {k["name"]: k["index"] for k in offered["kernels"]}
    for value in p["k2"], "k2", str(index["k2"]):
        equal(made(cloud, kernel=value)["kernel"], part(p, "k2"), value)
    for value, want in (("0", ["loop"]), ("tun,0", ["tun", "loop"]),
                        ("1", ["tun"]), ("<all-in> tun,loop", ["tun", "loop"]),
                        ("<or> loop <or> tun", ["loop", "tun"]),
                        (" loop ,, tun,", ["loop", "tun"])):
        equal(made(cloud, kernel="k2", modules=value)["modules"], want, value)
    equal(made(cloud, kernel="k1", modules="nls-utf8")["modules"],
          ["nls_utf8"], "dashes")
    for value in p["r1"], "r1", "0":
        equal(made(cloud, kernel="k1", ramdisk=value)["ramdisk"],
              part(p, "r1"), value)
    for value, want in ("0", "any"), ("1", "provided"), ("2", "none"):
        equal(made(cloud, kernel="k1", module_policy=value)["module_policy"],
              want, value)


def test_sets(cloud):
    """The first set that has all modules."""
    p = parts(cloud)
    for modules, want in (("xfs", "s1"), ("dummy", "s1b"),
                          ("xfs,dummy", "s1b"), ("", "s1")):
        equal(made(cloud, kernel="k1", modules=modules)["module_set"],
              part(p, want), modules)
    bad(asked(cloud, kernel="k1", modules="loop,dummy"), "modules",
        "loop,dummy", "No set of modules of the kernel has all of these.")


def test_parameters(cloud):
    p = parts(cloud)
    offered = get(cloud.demo, "/os-managed-boot/parameters").json["parameters"]
    equal(set(offered), {"kernels", "ramdisks", "module_policies"}, "keys")
    k1 = [k for k in offered["kernels"] if k["id"] == p["k1"]][0]
    equal((k1["name"], k1["release"]), ("k1", "6.1.0-k1"), "kernel")
    equal(k1["module_sets"][0],
          {"id": p["s1"], "name": "s1", "base_modules": BASE.split(","),
           "modules": ["loop", "xfs", "nls_utf8"]}, "set")
    equal([s["name"] for s in k1["module_sets"]], ["s1", "s1b"], "sets")
    r1 = [r for r in offered["ramdisks"] if r["id"] == p["r1"]][0]
    equal((r1["name"], r1["size"]), ("r1", 512), "ramdisk")
    equal(offered["module_policies"],
          [{"index": 0, "name": "any"}, {"index": 1, "name": "provided"},
           {"index": 2, "name": "none"}], "policies")
    equal([k["index"] for k in offered["kernels"]],
          list(range(len(offered["kernels"]))), "indices")


def test_precedence(cloud):
    """The server's metadata, its image's properties, its flavor's specs."""
    p = parts(cloud)
    made_flavor = post(cloud.admin, "/flavors", {"flavor": {
        "name": cloud.name("boot"), "ram": 256, "vcpus": 1, "disk": 1}})
    flavor = made_flavor.json["flavor"]["id"]
    low = {"kernel": "k1", "modules": "xfs", "ramdisk": "r1",
           "ramdisk_size": "1", "cmdline": "flavor", "module_policy": "none"}
    status(post(cloud.admin, "/flavors/%s/os-extra_specs" % flavor,
                {"extra_specs": properties(low)}), 200)
    middle = {"kernel": "k2", "modules": "tun", "ramdisk_size": "2",
              "cmdline": "image", "module_policy": "provided"}
    image = kit.image(cloud, cloud.demo, **properties(middle))
    got = made(cloud, flavor=flavor)
    equal((got["kernel"]["name"], got["modules"], got["ramdisk"]["name"],
           got["ramdisk_size"], got["cmdline"], got["module_policy"]),
          ("k1", ["xfs"], "r1", 1, "flavor", "none"), "flavor")
    got = made(cloud, flavor=flavor, image=image)
    equal((got["kernel"]["name"], got["modules"], got["ramdisk"]["name"],
           got["ramdisk_size"], got["cmdline"], got["module_policy"]),
          ("k2", ["tun"], "r1", 2, "image", "provided"), "image")
    got = made(cloud, flavor=flavor, image=image, kernel="k1", modules="loop",
               ramdisk_size="3", cmdline="server", module_policy="any")
    equal((got["kernel"]["name"], got["modules"], got["ramdisk"]["name"],
           got["ramdisk_size"], got["cmdline"], got["module_policy"]),
          ("k1", ["loop"], "r1", 3, "server", "any"), "server")
    plain = kit.image(cloud, cloud.demo, kernel_id=p["k2"], ramdisk_id=p["r1"],
                      os_command_line="by image", hw_firmware_type="uefi")
    got = made(cloud, image=plain, module_policy="none")
    equal((got["kernel"], got["ramdisk"], got["cmdline"], got["firmware"]),
          (part(p, "k2"), part(p, "r1"), "by image", "uefi"), "defaults")


# -- what is refused ----------------------------------------------------------

def test_refused(cloud):
    p = parts(cloud)
    before = cloud.sql("select count(*) from compute.servers")
    none = "There is no image of a %s with this id, name or index."
    memory = "The RAM disk would not fit into the server's 512 MiB of memory."
    number = "It is not a number of MiB."
    ram = get(cloud.demo, "/flavors/1").json["flavor"]["ram"]
    equal(ram, 512, "the flavor's memory")
    for boot, key, value, why in (
            ({"kernel": "nosuch"}, "kernel", "nosuch", none % "kernel"),
            ({"kernel": NOBODY}, "kernel", NOBODY, none % "kernel"),
            ({"kernel": "99999"}, "kernel", "99999", none % "kernel"),
            ({"kernel": "r1"}, "kernel", "r1", "The image is not a kernel: "
             "its disk_format is ari, not aki."),
            ({"kernel": p["image"]}, "kernel", p["image"], "The image is not "
             "a kernel: its disk_format is raw, not aki."),
            ({"kernel": "k1", "modules": "tun"}, "modules", "tun",
             "The kernel k1 has no such module."),
            ({"kernel": "k1", "modules": "xfs,../x"}, "modules", "../x",
             "The kernel k1 has no such module."),
            ({"kernel": "k1", "modules": "999"}, "modules", "999",
             "The kernel k1 has no such module."),
            ({"kernel": "bare-kernel", "modules": "xfs"}, "modules", "xfs",
             "The kernel bare-kernel has no such module."),
            ({"kernel": "k1", "ramdisk": "k1"}, "ramdisk", "k1", "The image "
             "is not a RAM disk: its disk_format is aki, not ari."),
            ({"kernel": "k1", "ramdisk": "x"}, "ramdisk", "x",
             none % "RAM disk"),
            ({"kernel": "k1", "ramdisk_size": "512"}, "ramdisk_size", "512",
             memory),
            ({"kernel": "k1", "ramdisk_size": "99999999999"}, "ramdisk_size",
             "99999999999", number),
            ({"kernel": "k1", "ramdisk_size": "-1"}, "ramdisk_size", "-1",
             number),
            ({"kernel": "k1", "ramdisk_size": "0"}, "ramdisk_size", "0",
             number),
            ({"kernel": "k1", "ramdisk_size": "16M"}, "ramdisk_size", "16M",
             number),
            ({"kernel": "k1", "module_policy": "some"}, "module_policy",
             "some", "It is not one of any, provided, none."),
            ({"modules": "xfs"}, "kernel", "none", "The other parameters need "
             "a kernel, and neither the server nor its image names one.")):
        bad(asked(cloud, **boot), key, value, why)
    for line in ("rdinit=/bin/sh", 'quiet "rdinit=/x y"',
                 "quiet\u00a0rdinit=/x", "initrd=/other"):
        bad(asked(cloud, kernel="k1", cmdline=line), "cmdline", line,
            "rdinit= and initrd= are the service's own.")
    reply = asked(cloud, kernel="k1", cmdline="a\nb")
    check(reply.status == 400 and "boot:cmdline" in reply.text and
          "one line" in reply.text, "newline: %r" % reply)
    equal(cloud.sql("select count(*) from compute.servers"), before,
          "no server is left")


def test_long_cmdline(cloud):
    """Longer than a metadata value: by the image."""
    image = kit.image(cloud, cloud.demo, **{"boot:kernel": "k1",
                                            "boot:cmdline": "x" * 1900})
    equal(len(made(cloud, image=image)["cmdline"]), 1900, "the longest")
    image = kit.image(cloud, cloud.demo, **{"boot:kernel": "k1",
                                            "boot:cmdline": "x" * 1901})
    bad(asked(cloud, image=image), "cmdline", "x" * 40 + "...",
        "It is longer than 1900 bytes.")


def test_inactive(cloud):
    parts(cloud)
    queued = cloud.admin.post("image", "/v2/images", {
        "name": "queued", "disk_format": "aki", "container_format": "aki",
        "visibility": "public"})
    status(queued, 201)
    bad(asked(cloud, kernel="queued"), "kernel", "queued",
        "The image is not active but queued.")


def test_ambiguous(cloud):
    parts(cloud)
    twins = [offer(cloud, cloud.admin, "aki", "twin", visibility="public")
             for _ in range(2)]
    bad(asked(cloud, kernel="twin"), "kernel", "twin",
        "More than one image has this name: use an id.")
    equal(made(cloud, kernel=twins[1])["kernel"]["id"], twins[1], "by id")


def test_others(cloud):
    """A project's own kernel is its own."""
    parts(cloud)
    mine = offer(cloud, cloud.demo, "aki", "mine", visibility="private")
    equal(made(cloud, kernel="mine")["kernel"]["id"], mine, "own")
    listed = get(cloud.other, "/os-managed-boot/parameters")
    check(mine not in listed.text, "offered to another project")
    public = kit.image(cloud, cloud.other)
    bad(asked(cloud, client=cloud.other, image=public, kernel=mine),
        "kernel", mine,
        "There is no image of a kernel with this id, name or index.")


# -- changes ------------------------------------------------------------------

def server_of(cloud, **more):
    reply = asked(cloud, **more)
    need(reply.status == 202, "create: %r" % reply)
    server = reply.json["server"]["id"]
    kit.finish(cloud, server)
    return server


def test_metadata(cloud):
    """Changed parameters count at the next start from scratch."""
    server = server_of(cloud, kernel="k1", modules="xfs")
    path = "/servers/%s/metadata" % server
    bad(post(cloud.demo, path, {"metadata": {"boot:kernel": "k2"}}),
        "modules", "xfs", "The kernel k2 has no such module.")
    bad(put(cloud.demo, path + "/boot:kernel",
            {"meta": {"boot:kernel": "nosuch"}}), "kernel", "nosuch",
        "There is no image of a kernel with this id, name or index.")
    bad(put(cloud.demo, path, {"metadata": {"boot:modules": "xfs"}}),
        "kernel", "none", "The other parameters need a kernel, and neither "
        "the server nor its image names one.")
    equal(get(cloud.demo, path).json["metadata"]["boot:kernel"], "k1",
          "nothing changed")
    status(post(cloud.demo, path, {"metadata": {"boot:kernel": "k2",
                                                "boot:modules": "tun"}}), 200)
    equal(shown(cloud, server)["kernel"]["name"], "k1", "not yet")
    act = "/servers/%s/action" % server
    status(post(cloud.demo, act, {"reboot": {"type": "SOFT"}}), 202)
    equal(shown(cloud, server)["kernel"]["name"], "k1", "a soft reboot")
    kit.finish(cloud, server)
    cloud.sql("update compute.servers set boot_digest = 'd', boot_built_at = "
              "now() where id = '%s'" % server)
    status(post(cloud.demo, act, {"reboot": {"type": "HARD"}}), 202)
    got = shown(cloud, server)
    equal((got["kernel"]["name"], got["modules"], got["digest"],
           got["built_at"]), ("k2", ["tun"], None, None), "a hard reboot")
    kit.finish(cloud, server)
    for key in "boot:kernel", "boot:modules":
        status(kit.delete(cloud.demo, path + "/" + key), 204)
    status(post(cloud.demo, act, {"reboot": {"type": "HARD"}}), 202)
    fault(get(cloud.demo, "/servers/%s/os-managed-boot" % server), 404,
          "Instance %s has no managed boot." % server)


def test_again(cloud):
    """A hard reboot that is asked for again counts, and a change during a
    rebuild does not."""
    p = parts(cloud)
    server = server_of(cloud, kernel="k1")
    act = "/servers/%s/action" % server
    change = {"metadata": {"boot:kernel": "k2"}}
    status(post(cloud.demo, act, {"reboot": {"type": "HARD"}}), 202)
    status(post(cloud.demo, "/servers/%s/metadata" % server, change), 200)
    equal(shown(cloud, server)["kernel"]["name"], "k1", "not yet")
    status(post(cloud.demo, act, {"reboot": {"type": "HARD"}}), 202)
    equal(shown(cloud, server)["kernel"]["name"], "k2", "told again")
    server = server_of(cloud, kernel="k1")
    cloud.sql("update compute.servers set launched_at = now() where id = '%s'"
              % server)
    act = "/servers/%s/action" % server
    status(post(cloud.demo, act, {"rebuild": {"imageRef": p["image"]}}), 202)
    status(post(cloud.demo, "/servers/%s/metadata" % server, change), 200)
    equal(shown(cloud, server)["kernel"]["name"], "k1", "while it is rebuilt")


def test_start(cloud):
    server = server_of(cloud, kernel="k1")
    cloud.sql("update compute.servers set vm_state = 'stopped' where id = "
              "'%s'" % server)
    status(post(cloud.demo, "/servers/%s/metadata" % server,
                {"metadata": {"boot:kernel": "k2"}}), 200)
    status(post(cloud.demo, "/servers/%s/action" % server,
                {"os-start": None}), 202)
    equal(shown(cloud, server)["kernel"]["name"], "k2", "started")


def test_strangers(cloud):
    """What another project shows to all, or shares unasked, is not on offer:
    neither its modules, nor its kernels, nor their names."""
    p = parts(cloud)
    theirs = {}
    for visibility in "community", "shared":
        for kind, name, more in (
                ("raw", "their-set-" + visibility, {
                    "boot:set_kernel": p["bare-kernel"],
                    "boot:set_modules": "evil", "boot:set_base": "evil"}),
                ("aki", "k1", {})):
            image = offer(cloud, cloud.other, kind, name,
                          visibility=visibility, **more)
            theirs[kind, visibility] = image
            if visibility == "shared":
                status(cloud.other.post(
                    "image", "/v2/images/%s/members" % image,
                    {"member": cloud.demo.project_id}), 200)
    got = made(cloud, kernel="bare-kernel")
    equal((got["module_set"], got["base_modules"]), (None, []), "no modules")
    bad(asked(cloud, kernel="bare-kernel", modules="evil"), "modules", "evil",
        "The kernel bare-kernel has no such module.")
    equal(made(cloud, kernel="k1")["kernel"]["id"], p["k1"], "the name")
    listed = get(cloud.demo, "/os-managed-boot/parameters").text
    check(not [i for i in theirs.values() if i in listed], "listed")
    equal(made(cloud, kernel=theirs["aki", "community"].upper())["kernel"][
        "id"], theirs["aki", "community"], "by its id")
    status(cloud.demo.put("image", "/v2/images/%s/members/%s" % (
        theirs["raw", "shared"], cloud.demo.project_id),
        {"status": "accepted"}), 200)
    equal(made(cloud, kernel="bare-kernel", modules="evil")["modules"],
          ["evil"], "once accepted")
    for image in theirs.values():
        status(cloud.other.delete("image", "/v2/images/" + image), 204)


def test_readers(cloud):
    server = server_of(cloud, kernel="k1")
    status(get(cloud.reader, "/os-managed-boot/parameters"), 200)
    status(get(cloud.reader, "/servers/%s/os-managed-boot" % server), 200)


def test_gone_kernel(cloud):
    """An image that is gone is a 400 at the reboot, which changes nothing."""
    parts(cloud)
    kernel = offer(cloud, cloud.admin, "aki", "passing", visibility="public")
    server = server_of(cloud, kernel="passing")
    status(cloud.admin.delete("image", "/v2/images/" + kernel), 204)
    bad(post(cloud.demo, "/servers/%s/action" % server,
             {"reboot": {"type": "HARD"}}), "kernel", "passing",
        "There is no image of a kernel with this id, name or index.")
    shown_server = get(cloud.demo, "/servers/" + server).json["server"]
    equal((shown_server["status"], shown_server["OS-EXT-STS:task_state"]),
          ("ACTIVE", None), "server")


def test_rebuild(cloud):
    p = parts(cloud)
    server = server_of(cloud)
    fault(get(cloud.demo, "/servers/%s/os-managed-boot" % server), 404,
          "Instance %s has no managed boot." % server)
    cloud.sql("update compute.servers set launched_at = now() where id = '%s'"
              % server)
    act = "/servers/%s/action" % server
    bad(post(cloud.demo, act, {"rebuild": {
        "imageRef": p["image"], "metadata": {"boot:kernel": "nosuch"}}}),
        "kernel", "nosuch",
        "There is no image of a kernel with this id, name or index.")
    status(post(cloud.demo, act, {"rebuild": {
        "imageRef": p["image"], "metadata": {"boot:kernel": "k2"}}}), 202)
    equal(shown(cloud, server)["kernel"], part(p, "k2"), "rebuilt")


def test_root_device(cloud):
    """The boot image is the first drive."""
    name = "OS-EXT-SRV-ATTR:root_device_name"
    for boot, device in ({}, "/dev/vda"), ({"kernel": "k1"}, "/dev/vdb"):
        server = server_of(cloud, **boot)
        got = get(cloud.admin, "/servers/" + server, 3).json["server"]
        equal(got[name], device, "show")


def test_plain_kernel(cloud):
    """Nova's own convention, and images that are not there."""
    p = parts(cloud)
    image = kit.image(cloud, cloud.demo, kernel_id=p["k1"],
                      ramdisk_id=p["r1"])
    server = server_of(cloud, image=image)
    got = get(cloud.admin, "/servers/" + server, 3).json["server"]
    equal((got["OS-EXT-SRV-ATTR:kernel_id"],
           got["OS-EXT-SRV-ATTR:ramdisk_id"]), (p["k1"], p["r1"]), "ids")
    for key in "kernel_id", "ramdisk_id":
        image = kit.image(cloud, cloud.demo, **{"kernel_id": p["k1"],
                                                key: NOBODY})
        fault(asked(cloud, image=image), 400,
              "Image %s could not be found." % NOBODY)


def test_not_there(cloud):
    fault(get(cloud.demo, "/servers/%s/os-managed-boot" % NOBODY), 404,
          "Instance %s could not be found." % NOBODY)
    server = server_of(cloud, kernel="k1")
    fault(get(cloud.other, "/servers/%s/os-managed-boot" % server), 404,
          "Instance %s could not be found." % server)
    status(get(cloud.anon, "/os-managed-boot/parameters"), 401)
