# SPDX-License-Identifier: Apache-2.0
"""Metadata definitions: those of managed boot and OS images, whose values are
what is offered at the moment."""
import compute_kit as kit
from harness import check, equal, status
from os_image_kit import bundle, os_image

NS, OS = "OS::Lite::ManagedBoot", "OS::Lite::OSImage"
PATH = "/v2/metadefs/namespaces"


def get(client, path):
    return client.get("image", path)


def shown(client, query=""):
    reply = get(client, "%s/%s%s" % (PATH, NS, query))
    status(reply, 200)
    return reply.json


def names(client, query=""):
    reply = get(client, PATH + query)
    status(reply, 200)
    return [n["namespace"] for n in reply.json["namespaces"]]


def offer(cloud, client, kind, name, **properties):
    return kit.image(cloud, client, name=name, disk_format=kind,
                     container_format=kind if kind != "raw" else "bare",
                     **properties)


def test_list(cloud):
    reply = get(cloud.demo, PATH)
    status(reply, 200)
    equal(set(reply.json), {"namespaces", "first", "schema"}, "keys")
    ours, = [n for n in reply.json["namespaces"] if n["namespace"] == NS]
    equal(set(ours), {"namespace", "display_name", "description",
                      "visibility", "protected", "owner", "created_at",
                      "updated_at", "resource_type_associations", "self",
                      "schema"}, "a namespace")
    equal(ours["self"], PATH + "/" + NS, "self")
    equal({a["name"]: a.get("properties_target")
           for a in ours["resource_type_associations"]},
          {"OS::Nova::Server": "metadata", "OS::Glance::Image": None,
           "OS::Nova::Flavor": None}, "associations")


def test_filters(cloud):
    for query, there in (
            ("?resource_types=OS::Nova::Server&properties_target=metadata"
             "&limit=1000&sort_key=namespace&sort_dir=asc", True),
            ("?resource_types=OS::Cinder::Volume", False),
            ("?resource_types=OS::Cinder::Volume,OS::Nova::Flavor", True),
            ("?visibility=public", True), ("?visibility=private", False),
            ("?limit=0", False), ("?marker=" + NS, False)):
        equal(NS in names(cloud.demo, query), there, query)
    for query in ("?limit=x", "?limit=-1", "?sort_key=colour",
                  "?sort_dir=sideways", "?visibility=shared"):
        status(get(cloud.demo, PATH + query), 400)


def namespace(cloud, name, owner, visibility="public"):
    """One that this service cannot be asked to make yet."""
    cloud.sql("insert into image.metadef_namespaces (namespace, display_name, "
              "description, owner, visibility, associations, created_at) "
              "values ('%s', 'A', 'A', '%s', '%s', "
              """'[{"name": "OS::Nova::Server", "prefix": "p:"}]', """
              "now() + interval '1 hour')" % (name, owner, visibility))


def test_pages(cloud):
    """Each links to the next one of the same query, as glance's do."""
    namespace(cloud, "A::One & all", "somebody")
    namespace(cloud, "Z::Theirs", cloud.other.project_id, "private")
    query = "resource_types=OS%3A%3ANova%3A%3AServer&limit=1" \
        "&sort_key=namespace&sort_dir=asc"
    found, path = [], PATH + "?" + query
    while path:
        page = get(cloud.demo, path).json
        equal(page["first"], PATH + "?" + query, "first")
        found += [n["namespace"] for n in page["namespaces"]]
        path = page.get("next")
        check(len(found) < 9, "an end")
    equal(found, ["A::One & all", NS, OS], "all, once")
    equal(names(cloud.demo), ["A::One & all", OS, NS], "newest first")
    equal(names(cloud.demo, "?sort_dir=asc"), [NS, OS, "A::One & all"],
          "oldest")
    equal(names(cloud.other, "?visibility=private"), ["Z::Theirs"], "theirs")
    check("next" not in get(cloud.demo, PATH).json, "all of them")
    for marker in "nosuch", "Z::Theirs":
        reply = get(cloud.demo, PATH + "?marker=" + marker)
        status(reply, 404)
        check("Metadata definition namespace=%s was not found." % marker in
              reply.text, "an unknown marker")
    status(get(cloud.demo, PATH + "/Z::Theirs"), 404)
    cloud.sql("delete from image.metadef_namespaces where namespace not in "
              "('%s', '%s')" % (NS, OS))


def test_prefix(cloud):
    """A resource type's, on the names that a namespace is shown with."""
    namespace(cloud, "B", "somebody")
    cloud.sql("insert into image.metadef_properties values ('B', 'x', "
              """'{"title": "X", "type": "string"}')""")
    for query, name in (("", "x"), ("?resource_type=OS::Nova::Server", "p:x"),
                        ("?resource_type=OS::Nova::Flavor", "x"),
                        ("?resource_type=None", "x")):
        equal(list(get(cloud.demo, PATH + "/B" + query).json["properties"]),
              [name], query)
    cloud.sql("delete from image.metadef_properties where namespace = 'B'")
    cloud.sql("delete from image.metadef_namespaces where namespace = 'B'")


def test_properties(cloud):
    """Of the kinds that Horizon has a widget for."""
    p = shown(cloud.demo)["properties"]
    equal({n: v["type"] for n, v in p.items()},
          {"boot:kernel": "string", "boot:modules": "array",
           "boot:ramdisk": "string", "boot:ramdisk_size": "integer",
           "boot:cmdline": "string", "boot:module_policy": "string"}, "types")
    equal(p["boot:module_policy"]["enum"], ["any", "provided", "none"], "enum")
    equal(p["boot:modules"]["operators"], ["<all-in>"], "operators")
    check(all(v["title"] and v["description"] and v["name"] == n
              for n, v in p.items()), "titles")
    equal(shown(cloud.demo, "?resource_type=OS::Nova::Server")["properties"],
          p, "for servers")
    listed = get(cloud.demo, "%s/%s/properties" % (PATH, NS))
    equal(listed.json, {"properties": p}, "list")
    one = get(cloud.demo, "%s/%s/properties/boot:kernel" % (PATH, NS))
    equal(one.json, p["boot:kernel"], "show")


def values(client):
    p = shown(client)["properties"]
    return (p["boot:kernel"].get("enum"), p["boot:modules"]["items"]["enum"],
            p["boot:ramdisk"].get("enum"))


def test_offered(cloud):
    """What is offered to who asks, when they ask."""
    equal(values(cloud.demo), (None, [], None), "nothing")
    kernel = offer(cloud, cloud.admin, "aki", "k-one", visibility="public")
    modules = offer(cloud, cloud.admin, "raw", "set", visibility="public", **{
        "boot:set_kernel": kernel, "boot:set_modules": "xfs,loop"})
    mine = offer(cloud, cloud.demo, "aki", "k-mine", visibility="private")
    ramdisk = offer(cloud, cloud.admin, "ari", "r-one", visibility="public")
    equal(values(cloud.demo),
          (["k-one", "k-mine"], ["loop", "xfs"], ["r-one"]), "all")
    equal(values(cloud.other), (["k-one"], ["loop", "xfs"], ["r-one"]),
          "another project")
    for image in kernel, modules, ramdisk:
        status(cloud.admin.delete("image", "/v2/images/" + image), 204)
    equal(values(cloud.demo), (["k-mine"], [], None), "less")
    status(cloud.demo.delete("image", "/v2/images/" + mine), 204)


def test_choices(cloud):
    """Each is one image to who creates a server with it: a name that two
    have, or none, does not say which."""
    made = [offer(cloud, cloud.admin, "aki", "twice", visibility="public"),
            offer(cloud, cloud.demo, "aki", "twice", visibility="private"),
            offer(cloud, cloud.demo, "aki", None, visibility="private"),
            offer(cloud, cloud.demo, "aki", "0", visibility="private")]
    made.append(offer(cloud, cloud.demo, "aki", made[0],
                      visibility="private"))
    want = [*made[:3], "0", made[4]]
    equal(values(cloud.demo)[0], want, "ids where there must be")
    equal(values(cloud.other)[0], ["twice"], "one of the name")
    made.append(offer(cloud, cloud.other, "aki", "0", visibility="community"))
    equal(values(cloud.demo)[0], want, "nothing of strangers")
    for value, image in zip(want, made):
        equal(cloud.sql("select (compute.boot_image('%s', 'aki', 'kernel', "
                        "'%s')).id" % (cloud.demo.project_id, value))[0][0],
              image, "what is chosen by " + value)
    for image in made:
        status(cloud.admin.delete("image", "/v2/images/" + image), 204)


def test_rest(cloud):
    base = "%s/%s" % (PATH, NS)
    equal(get(cloud.demo, base + "/objects").json,
          {"objects": [], "schema": "v2/schemas/metadefs/objects"}, "objects")
    equal(get(cloud.demo, base + "/tags").json, {"tags": []}, "tags")
    equal([a["name"] for a in get(cloud.demo, base + "/resource_types").json[
        "resource_type_associations"]],
        ["OS::Nova::Server", "OS::Glance::Image", "OS::Nova::Flavor"], "types")
    types = get(cloud.demo, "/v2/metadefs/resource_types").json
    check({"OS::Nova::Server", "OS::Nova::Flavor"} <=
          {t["name"] for t in types["resource_types"]}, "all types")


def test_schemas(cloud):
    for name, first in (("namespace", "namespace"), ("property", "name"),
                        ("object", "name"), ("tag", "name"),
                        ("resource_type", "name")):
        reply = get(cloud.demo, "/v2/schemas/metadefs/" + name)
        status(reply, 200)
        check(first in reply.json["properties"] and
              first in reply.json["required"], name)
    known = get(cloud.demo, "/v2/schemas/metadefs/namespace").json[
        "properties"]
    check(set(shown(cloud.demo)) <= set(known), "no unknown member")


def test_list_schemas(cloud):
    """An element is as the schema of one has it; what both refer to stands at
    the top, where references are resolved."""
    for one, many, member in (
            ("namespace", "namespaces", "namespaces"),
            ("property", "properties", "properties"),
            ("object", "objects", "objects"), ("tag", "tags", "tags"),
            ("resource_type", "resource_types",
             "resource_type_associations")):
        whole = get(cloud.demo, "/v2/schemas/metadefs/" + one).json
        reply = get(cloud.demo, "/v2/schemas/metadefs/" + many)
        status(reply, 200)
        got = reply.json
        element = got["properties"][member]
        element = element.get("items") or element["additionalProperties"]
        equal(got.get("definitions"), whole.pop("definitions", None), many)
        equal((got["name"], element), (member, whole), many)
        equal(set(got["properties"]), {member, "first", "next", "schema"},
              many)
        equal([link["rel"] for link in got["links"]],
              ["first", "next", "describedby"], many)
    path = get(cloud.demo, PATH).json["schema"]
    status(get(cloud.demo, path), 200)


def test_not_there(cloud):
    text = "Metadata definition namespace=no was not found."
    for rest in ("", "/properties", "/properties/x", "/objects", "/tags",
                 "/resource_types"):
        reply = get(cloud.demo, PATH + "/no" + rest)
        status(reply, 404)
        check(text in reply.text, rest)
    reply = get(cloud.demo, "%s/%s/properties/nope" % (PATH, NS))
    status(reply, 404)
    check("Metadata definition property=nope was not found in namespace=" + NS
          in reply.text, "property")
    status(get(cloud.anon, PATH), 401)


def test_os_images(cloud):
    """The versions that a project may run, and names with a default one."""
    os_image(cloud.demo, "offer", "v1", **{"os_image:default": "true"})
    os_image(cloud.demo, "offer", "v2")
    os_image(cloud.demo, "offer-tools", "1", bundle(("a", {}), script=False))
    path = "%s/%s/properties/os_image" % (PATH, OS)

    def offered(client):
        reply = get(client, path)
        status(reply, 200)
        return [v for v in reply.json.get("enum", []) if "offer" in v]
    equal(offered(cloud.demo), ["offer", "offer:v1", "offer:v2"], "own")
    equal(offered(cloud.other), [], "not others'")
