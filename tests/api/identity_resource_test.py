# SPDX-License-Identifier: Apache-2.0
"""Projects, domains, users, roles, grants, regions, services, endpoints."""
import os
import subprocess
from urllib.parse import quote

from harness import check, equal, need, shape, status

PROJECT = {"id": "", "name": "", "domain_id": "", "description": "",
           "enabled": True, "parent_id": "", "is_domain": False, "tags": [],
           "options": {}, "links": {"self": ""}}
DOMAIN = {"id": "", "name": "", "description": "", "enabled": True,
          "tags": [], "options": {}, "links": {"self": ""}}
USER = {"id": "", "name": "", "domain_id": "", "enabled": True,
        "password_expires_at": None, "options": {}, "links": {"self": ""}}
GROUP = {"id": "", "name": "", "domain_id": "", "description": "",
         "links": {"self": ""}}
ROLE = {"id": "", "name": "", "domain_id": None, "description": "",
        "options": {}, "links": {"self": ""}}
REGION = {"id": "", "description": "", "parent_region_id": None,
          "links": {"self": ""}}
SERVICE = {"id": "", "name": "", "type": "", "enabled": True,
           "links": {"self": ""}}
ENDPOINT = {"id": "", "interface": "", "region_id": "", "region": "",
            "service_id": "", "url": "", "enabled": True,
            "links": {"self": ""}}


def get(client, path, want=200):
    reply = client.get("identity", "/v3/" + path)
    status(reply, want)
    return reply.json


def post(client, path, key, value, want=201):
    reply = client.post("identity", "/v3/" + path, {key: value})
    status(reply, want)
    return (reply.json or {}).get(key) if want == 201 else reply.json


def patch(client, path, key, want=200, **members):
    reply = client.patch("identity", "/v3/" + path, {key: members})
    status(reply, want)
    return reply.json[key] if want == 200 else reply.json


def delete(client, path, want=204):
    status(client.delete("identity", "/v3/" + path), want)


def message(reply_json):
    return reply_json["error"]["message"]


def forbidden(client, method, path, rule, body=None):
    reply = client.request(method, "identity", "/v3/" + path, body)
    status(reply, 403)
    equal(message(reply.json), "You are not authorized to perform the "
          "requested action: identity:%s." % rule, "message")


def looks_like(got, want, what):
    equal(shape(got, want), [], what)


def life(cloud, path, key, body, change, like):
    """Create, show, list, change, delete; and nobody else may."""
    one = post(cloud.admin, path, key, body)
    need(one, "created")
    looks_like(one, like, "created")
    for name, value in body.items():
        equal(one.get(name), value, name)
    equal(one["links"]["self"], "%s/v3/%s/%s" % (
        cloud.url("identity"), path, one["id"]), "self")
    place = "%s/%s" % (path, one["id"])
    equal(get(cloud.admin, place)[key], one, "shown")
    listed = get(cloud.admin, path + "?name=" + quote(body.get("name", "")))
    if "name" in body and key != "endpoint":
        equal(listed[path], [one], "found by name")
    check("next" in listed["links"], "links of the list")
    changed = patch(cloud.admin, place, key, **change)
    for name, value in change.items():
        equal(changed.get(name), value, "changed " + name)
    for method in "PATCH", "DELETE":
        reply = cloud.demo.request(method, "identity", "/v3/" + place,
                                   {key: {}})
        status(reply, 403, method)
    status(cloud.demo.post("identity", "/v3/" + path, {key: body}), 403)
    return place


def gone(cloud, place, key):
    delete(cloud.admin, place)
    name = place.split("/", 1)[1]
    for call in cloud.admin.get, cloud.admin.delete:
        reply = call("identity", "/v3/" + place)
        status(reply, 404)
        equal(reply.json["error"], {
            "code": 404, "title": "Not Found",
            "message": "Could not find %s: %s." % (key, name)}, "404")
    reply = cloud.admin.patch("identity", "/v3/" + place, {key: {}})
    status(reply, 404)


# -- projects -------------------------------------------------------------


def test_project_life(cloud):
    place = life(cloud, "projects", "project", {
        "name": cloud.name("project"), "domain_id": "default",
        "description": "one", "enabled": True, "tags": ["t1", "t2"],
        "options": {}, "color": "blue"}, {
        "description": "two", "tags": ["t2"], "color": "red"},
        dict(PROJECT, color=""))
    changed = get(cloud.admin, place)["project"]
    equal(changed["color"], "red", "extra")
    gone(cloud, place, "project")


def test_project_list(cloud):
    tag = cloud.name("tag")
    ids = [post(cloud.admin, "projects", "project", {
        "name": cloud.name("p"), "tags": tags, "enabled": on})["id"]
        for tags, on in (([tag, tag + "x"], True), ([tag], False))]

    def found(query):
        listed = get(cloud.admin, "projects?" + query)["projects"]
        return {p["id"] for p in listed} & set(ids)

    equal(found("tags=" + tag), set(ids), "tags")
    equal(found("tags=%s,%sx" % (tag, tag)), {ids[0]}, "all tags")
    equal(found("tags-any=%sx,nope" % tag), {ids[0]}, "any tag")
    equal(found("not-tags=%sx" % tag), {ids[1]}, "not tags")
    equal(found("enabled=true"), {ids[0]}, "enabled")
    equal(found("enabled=False"), {ids[1]}, "disabled")
    equal(found("domain_id=default"), set(ids), "domain")
    equal(found("parent_id=nope"), set(), "parent")
    equal(found("is_domain=true"), set(), "domains")
    path = "/v3/projects?name=nosuch"
    reply = cloud.admin.get("identity", path)
    equal(reply.json, {"projects": [], "links": {
        "next": None, "previous": None,
        "self": cloud.url("identity") + path}}, "none")


def test_project_tree(cloud):
    top = post(cloud.admin, "projects", "project", {"name": cloud.name("p")})
    equal(top["parent_id"], "default", "parent")
    below = post(cloud.admin, "projects", "project", {
        "name": cloud.name("p"), "parent_id": top["id"]})
    equal(below["domain_id"], "default", "domain of the parent")
    shown = get(cloud.admin, "projects/%s?parents_as_ids&subtree_as_ids" %
                below["id"])["project"]
    equal(shown["parents"], {top["id"]: {"default": None}}, "parents")
    equal(shown["subtree"], None, "no subtree")
    shown = get(cloud.admin, "projects/%s?subtree_as_ids" % top["id"])
    equal(shown["project"]["subtree"], {below["id"]: None}, "subtree")
    check("parents" not in shown["project"], "only what was asked")
    delete(cloud.admin, "projects/" + top["id"], 403)
    delete(cloud.admin, "projects/" + below["id"])
    delete(cloud.admin, "projects/" + top["id"])
    bad = post(cloud.admin, "projects", "project", {
        "name": "zz", "parent_id": "nope"}, 400)
    equal(message(bad), "Could not find project: nope.", "no such parent")
    bad = patch(cloud.admin, "projects/" + cloud.demo.project_id, "project",
                400, domain_id="x", description="changed")
    equal(message(bad), "Cannot change Domain ID", "domain")
    check(get(cloud.admin, "projects/" + cloud.demo.project_id)["project"]
          ["description"] != "changed", "nothing has changed")


def test_project_bad(cloud):
    bad = post(cloud.admin, "projects", "project", {"name": "admin"}, 409)
    check(message(bad).startswith(
        "Conflict occurred attempting to store project - it is not permitted "
        "to have two projects with either the same name or same id in the "
        "same domain: name is admin, project id "), "conflict")
    bad = post(cloud.admin, "projects", "project", {}, 400)
    check(message(bad).startswith("'name' is a required property"), "name")
    for name in 1, "", " ", "x" * 65, None:
        bad = post(cloud.admin, "projects", "project", {"name": name}, 400)
        check(message(bad).startswith("Invalid input for field 'name': "),
              "name %r" % name)
    one = post(cloud.admin, "projects", "project", {
        "name": " %s \u00fc " % cloud.name("spaces")})
    equal(get(cloud.admin, "projects/" + one["id"])["project"], one, "spaces")
    delete(cloud.admin, "projects/" + one["id"])
    reply = cloud.admin.post("identity", "/v3/projects", {"name": "x"})
    status(reply, 400, "without its key")
    reply = cloud.admin.post("identity", "/v3/projects", "{")
    check(message(reply.json).startswith("Expecting to find valid JSON"),
          "not JSON")


def test_project_may(cloud):
    demo = cloud.demo
    forbidden(demo, "GET", "projects", "list_projects")
    forbidden(demo, "GET", "projects/nosuch", "get_project")
    forbidden(demo, "GET", "projects/" + cloud.admin.project_id,
              "get_project")
    forbidden(demo, "POST", "projects", "create_project",
              {"project": {"name": "zz"}})
    own = get(demo, "projects/" + demo.project_id)["project"]
    equal(own["name"], "demo", "its own")
    as_project = get(cloud.admin, "projects/default")["project"]
    looks_like(as_project, PROJECT, "a domain as a project")
    equal(as_project["is_domain"], True, "is_domain")


# -- domains --------------------------------------------------------------


def test_domain_life(cloud):
    place = life(cloud, "domains", "domain", {
        "name": cloud.name("domain"), "description": "one", "enabled": True,
        "options": {}}, {"description": "two"}, DOMAIN)
    user = post(cloud.admin, "users", "user", {
        "name": "someone", "domain_id": place.split("/")[1],
        "password": "x"})
    project = post(cloud.admin, "projects", "project", {
        "name": "something", "domain_id": place.split("/")[1]})
    equal(project["parent_id"], project["domain_id"], "parent")
    reply = cloud.admin.delete("identity", "/v3/" + place)
    status(reply, 403)
    equal(message(reply.json), "Cannot delete a domain that is enabled, "
          "please disable it first.", "enabled")
    patch(cloud.admin, place, "domain", enabled=False)
    gone(cloud, place, "domain")
    get(cloud.admin, "users/" + user["id"], 404)
    get(cloud.admin, "projects/" + project["id"], 404)


def test_domain_may(cloud):
    forbidden(cloud.demo, "GET", "domains", "list_domains")
    forbidden(cloud.demo, "GET", "domains/nosuch", "get_domain")
    equal(get(cloud.demo, "domains/default")["domain"]["name"], "Default",
          "its own")
    get(cloud.admin, "domains/" + cloud.admin.project_id, 404)


# -- users ----------------------------------------------------------------


def test_user_life(cloud):
    name = cloud.name("user")
    user = post(cloud.admin, "users", "user", {
        "name": name, "domain_id": "default", "password": "x",
        "email": "a@example.org", "enabled": True, "options": {}})
    looks_like(user, dict(USER, email=""), "created")
    check("password" not in user, "no password in the reply")
    place = "users/" + user["id"]
    equal(get(cloud.admin, place)["user"], user, "shown")
    listed = get(cloud.admin, "users?domain_id=default&name=" + name)
    equal(listed["users"], [user], "listed")
    equal(get(cloud.admin, "users?enabled=false&name=" + name)["users"], [],
          "filtered")
    changed = patch(cloud.admin, place, "user", description="d",
                    email=None, default_project_id=cloud.demo.project_id)
    equal(changed["extra"], {"description": "d"}, "extra")
    shown = get(cloud.admin, place)["user"]
    looks_like(shown, dict(USER, description="", default_project_id=""),
               "changed")
    check("email" not in shown, "removed")
    cloud_sql = cloud.sql("select password_hash, extra from identity.users "
                          "where id = '%s'" % user["id"])
    check(cloud_sql[0][0].startswith("$2b$"), "bcrypt")
    gone(cloud, place, "user")


def test_user_bad(cloud):
    bad = post(cloud.admin, "users", "user", {
        "name": "admin", "domain_id": "default", "password": "x"}, 409)
    equal(message(bad), "Conflict occurred attempting to store user - "
          "Duplicate entry found with name admin at domain ID default.",
          "conflict")
    bad = post(cloud.admin, "users", "user", {
        "name": "zz", "enabled": "maybe"}, 400)
    check(message(bad).startswith("Invalid input for field 'enabled': "
                                  "'maybe' is not of type 'boolean'"), "type")
    post(cloud.admin, "users", "user", {"password": "x"}, 400)
    bad = post(cloud.admin, "users", "user", {
        "name": "zz", "domain_id": "nope"}, 404)
    equal(message(bad), "Could not find domain: nope.", "no such domain")


def test_user_may(cloud):
    forbidden(cloud.demo, "GET", "users", "list_users")
    forbidden(cloud.demo, "GET", "users/nosuch", "get_user")
    forbidden(cloud.demo, "POST", "users", "create_user",
              {"user": {"name": "x"}})
    own = get(cloud.demo, "users/" + cloud.demo.user_id)["user"]
    equal(own["name"], "demo", "its own")


def test_system_reader(cloud):
    """A reader of the system sees what an admin sees, and changes nothing."""
    user = post(cloud.admin, "users", "user", {
        "name": cloud.name("auditor"), "password": "x",
        "domain_id": "default"})
    role = get(cloud.admin, "roles?name=reader")["roles"][0]["id"]
    path = "/v3/system/users/%s/roles/%s" % (user["id"], role)
    status(cloud.admin.put("identity", path), 204)
    status(cloud.admin.head("identity", path), 204)
    auditor = cloud.anon.login(user["name"], "x", system=True)
    for path_read in "users", "projects", "domains", "roles", \
            "role_assignments", "services", "endpoints":
        get(auditor, path_read)
    forbidden(auditor, "DELETE", "users/" + user["id"], "delete_user")
    listed = get(cloud.admin, "system/users/%s/roles" % user["id"])
    equal([r["name"] for r in listed["roles"]], ["reader"], "grants")
    status(cloud.admin.delete("identity", path), 204)
    status(auditor.get("identity", "/v3/users"), 401)


# -- groups ---------------------------------------------------------------


def test_group_life(cloud):
    place = life(cloud, "groups", "group", {
        "name": cloud.name("group"), "domain_id": "default",
        "description": "one"}, {"description": "two"}, GROUP)
    user = post(cloud.admin, "users", "user", {"name": cloud.name("user")})
    member = "/v3/%s/users/%s" % (place, user["id"])
    status(cloud.admin.head("identity", member), 404)
    for _ in range(2):
        status(cloud.admin.put("identity", member), 204)
    status(cloud.admin.head("identity", member), 204)
    equal([u["id"] for u in get(cloud.admin, place + "/users")["users"]],
          [user["id"]], "users")
    groups = get(cloud.admin, "users/%s/groups" % user["id"])["groups"]
    looks_like(groups, [dict(GROUP, membership_expires_at=None)], "groups")
    equal(groups[0]["id"], place.split("/")[1], "the group")
    status(cloud.demo.put("identity", member), 403)
    status(cloud.admin.delete("identity", member), 204)
    reply = cloud.admin.delete("identity", member)
    status(reply, 404)
    equal(message(reply.json), "User '%s' not found in group '%s'." % (
        user["id"], place.split("/")[1]), "message")
    reply = cloud.admin.put("identity", "/v3/%s/users/nope" % place)
    status(reply, 404)
    equal(message(reply.json), "Could not find user: nope.", "message")
    name = get(cloud.admin, place)["group"]["name"]
    bad = post(cloud.admin, "groups", "group", {"name": name}, 409)
    check(message(bad).startswith("Conflict occurred attempting to store "
                                  "group"), "conflict")
    gone(cloud, place, "group")
    forbidden(cloud.demo, "GET", "groups", "list_groups")
    get(cloud.demo, "users/%s/groups" % cloud.demo.user_id)


# -- roles and grants -----------------------------------------------------


def test_role_life(cloud):
    place = life(cloud, "roles", "role", {
        "name": cloud.name("role"), "description": "one", "options": {}},
        {"description": "two"}, ROLE)
    bad = post(cloud.admin, "roles", "role", {"name": "admin"}, 409)
    equal(message(bad), "Conflict occurred attempting to store role - "
          "Duplicate entry found with name admin.", "conflict")
    gone(cloud, place, "role")
    admin = get(cloud.admin, "roles?name=admin")["roles"][0]
    equal(admin["options"], {"immutable": True}, "immutable")
    delete(cloud.admin, "roles/" + admin["id"], 403)
    forbidden(cloud.demo, "GET", "roles", "list_roles")


def test_role_inference_list(cloud):
    listed = get(cloud.admin, "role_inferences")["role_inferences"]
    found = {r["prior_role"]["name"]: [i["name"] for i in r["implies"]]
             for r in listed}
    equal(found, {"admin": ["member"], "member": ["reader"]}, "rules")
    looks_like(listed[0]["prior_role"],
               {"id": "", "name": "", "links": {"self": ""}}, "prior role")


def test_grants(cloud):
    user = post(cloud.admin, "users", "user", {"name": cloud.name("user")})
    role = get(cloud.admin, "roles?name=member")["roles"][0]["id"]
    for target in "projects/" + cloud.demo.project_id, "domains/default", \
            "system":
        base = "%s/users/%s/roles" % (target, user["id"])
        path = "/v3/%s/%s" % (base, role)
        reply = cloud.admin.delete("identity", path)
        status(reply, 404)
        check(message(reply.json).startswith(
            "Could not find role assignment with role: " + role), "404")
        status(cloud.admin.head("identity", path), 404)
        for _ in range(2):
            status(cloud.admin.put("identity", path), 204)
        status(cloud.admin.head("identity", path), 204)
        equal([r["id"] for r in get(cloud.admin, base)["roles"]], [role],
              "listed")
        status(cloud.demo.put("identity", path), 403)
    listed = get(cloud.admin, "role_assignments?include_names=true&user.id="
                 + user["id"])["role_assignments"]
    equal(len(listed), 3, "assignments")
    kinds = sorted(list(a["scope"])[0] for a in listed)
    equal(kinds, ["domain", "project", "system"], "scopes")
    for a in listed:
        equal(a["role"], {"id": role, "name": "member"}, "role")
        equal(a["user"]["domain"], {"id": "default", "name": "Default"},
              "domain of the user")
        status(cloud.admin.delete("identity", a["links"]["assignment"][len(
            cloud.url("identity")):]), 204)
    listed = get(cloud.admin, "role_assignments?user.id=" + user["id"])
    equal(listed["role_assignments"], [], "none left")


def test_grant_bad(cloud):
    role = get(cloud.admin, "roles?name=member")["roles"][0]["id"]
    path = "/v3/projects/%s/users/%s/roles/%s"
    for parts, what in (("nope", cloud.demo.user_id, role), "project: nope"), \
            ((cloud.demo.project_id, "nope", role), "user: nope"), \
            ((cloud.demo.project_id, cloud.demo.user_id, "nope"),
             "role: nope"):
        reply = cloud.admin.put("identity", path % parts)
        status(reply, 404)
        equal(message(reply.json), "Could not find %s." % what, "what")


def test_role_implied(cloud):
    prior, implied = (post(cloud.admin, "roles", "role", {
        "name": cloud.name("role")}) for _ in range(2))
    base = "roles/%s/implies" % prior["id"]
    path = "%s/%s" % (base, implied["id"])
    get(cloud.admin, path, 404)
    reply = cloud.admin.put("identity", "/v3/" + path)
    status(reply, 201)
    brief = {"id": "", "name": "", "links": {"self": ""}}
    looks_like(reply.json, {
        "role_inference": {"prior_role": brief, "implies": brief},
        "links": {"self": ""}}, "created")
    equal(get(cloud.admin, path), reply.json, "shown")
    status(cloud.admin.head("identity", "/v3/" + path), 204)
    listed = get(cloud.admin, base)["role_inference"]
    equal([r["id"] for r in listed["implies"]], [implied["id"]], "listed")
    equal(get(cloud.admin, "roles/%s/implies" % implied["id"])[
        "role_inference"]["implies"], [], "nothing")
    status(cloud.admin.put("identity", "/v3/%s/nope" % base), 404)
    status(cloud.demo.put("identity", "/v3/" + path), 403)
    delete(cloud.admin, path)
    delete(cloud.admin, path, 404)
    status(cloud.admin.head("identity", "/v3/" + path), 404)


def test_domain_roles(cloud):
    """A role of a domain is for its projects, and never in force itself."""
    domain = post(cloud.admin, "domains", "domain", {
        "name": cloud.name("domain")})["id"]
    project = post(cloud.admin, "projects", "project", {
        "name": cloud.name("p"), "domain_id": domain})["id"]
    user = post(cloud.admin, "users", "user", {
        "name": cloud.name("user"), "password": "x"})
    role = post(cloud.admin, "roles", "role", {
        "name": cloud.name("role"), "domain_id": domain})
    listed = get(cloud.admin, "roles?domain_id=" + domain)["roles"]
    equal(listed, [role], "of the domain")
    check(role["id"] not in [r["id"] for r in get(cloud.admin, "roles")[
        "roles"]], "not among the global ones")
    grant = "/v3/projects/%s/users/%s/roles/" + role["id"]
    reply = cloud.admin.put("identity", grant % (
        cloud.demo.project_id, user["id"]))
    status(reply, 403, "in another domain")
    status(cloud.admin.put("identity", grant % (project, user["id"])), 204)
    query = "role_assignments?user.id=%s&scope.project.id=%s" % (
        user["id"], project)
    equal(len(get(cloud.admin, query)["role_assignments"]), 1, "assigned")
    equal(get(cloud.admin, query + "&effective")["role_assignments"], [],
          "not effective")
    member = get(cloud.admin, "roles?name=member")["roles"][0]["id"]
    implies = "/v3/roles/%s/implies/%s"
    status(cloud.admin.put("identity", implies % (member, role["id"])), 403)
    status(cloud.admin.put("identity", implies % (role["id"], member)), 201)
    effective = get(cloud.admin, query + "&effective&include_names")
    equal(sorted(a["role"]["name"] for a in effective["role_assignments"]),
          ["member", "reader"], "what it implies is")
    admin = get(cloud.admin, "roles?name=admin")["roles"][0]["id"]
    status(cloud.admin.put("identity", implies % (role["id"], admin)), 403)


def test_role_assignment_list(cloud):
    def listed(query):
        return get(cloud.admin, "role_assignments?" + query)[
            "role_assignments"]

    pid, uid = cloud.admin.project_id, cloud.admin.user_id
    one = listed("user.id=%s&scope.project.id=%s" % (uid, pid))
    equal(len(one), 1, "direct")
    looks_like(one[0], {"links": {"assignment": ""}, "role": {"id": ""},
                        "scope": {"project": {"id": ""}},
                        "user": {"id": ""}}, "shape")
    equal(len(listed("user.id=%s&scope.project.id=%s&effective" % (
        uid, pid))), 3, "effective")
    below = post(cloud.admin, "projects", "project", {
        "name": cloud.name("p"), "parent_id": pid})["id"]
    member = get(cloud.admin, "roles?name=member")["roles"][0]["id"]
    status(cloud.admin.put("identity", "/v3/projects/%s/users/%s/roles/%s" %
                           (below, uid, member)), 204)
    equal(len(listed("user.id=%s&scope.project.id=%s" % (uid, pid))), 1,
          "without what is below")
    equal(len(listed("user.id=%s&scope.project.id=%s&include_subtree=True" % (
        uid, pid))), 2, "with it")
    delete(cloud.admin, "projects/" + below)
    check(all("system" in a["scope"] for a in listed("scope.system=all")),
          "system")
    forbidden(cloud.demo, "GET", "role_assignments", "list_role_assignments")


def test_group_grants_elsewhere(cloud):
    """Groups on a domain and on the system have the same operations."""
    group = cloud.name("group")
    cloud.sql("insert into identity.groups (id, domain_id, name) "
              "values ('%s', 'default', '%s')" % (group, group))
    role = get(cloud.admin, "roles?name=reader")["roles"][0]["id"]
    for target in "domains/default", "system":
        base = "/v3/%s/groups/%s/roles" % (target, group)
        status(cloud.admin.put("identity", base + "/" + role), 204)
        status(cloud.admin.head("identity", base + "/" + role), 204)
        reply = cloud.admin.get("identity", base)
        equal([r["id"] for r in reply.json["roles"]], [role], "listed")
        found = get(cloud.admin, "role_assignments?include_names=1&group.id="
                    + group)["role_assignments"]
        equal(found[0]["group"]["name"], group, "assignment")
        status(cloud.admin.delete("identity", base + "/" + role), 204)


# -- regions, services, endpoints -----------------------------------------


def test_region_life(cloud):
    name = cloud.name("Region")
    place = life(cloud, "regions", "region", {
        "id": name, "description": "one", "enabled": True},
        {"description": "two"}, dict(REGION, enabled=True))
    bad = post(cloud.admin, "regions", "region", {"id": name}, 409)
    equal(message(bad), "Conflict occurred attempting to store region - "
          "Duplicate ID, %s.." % name, "conflict")
    below = post(cloud.admin, "regions", "region", {"parent_region_id": name})
    equal(len(below["id"]), 32, "an id of its own")
    delete(cloud.admin, place, 403)
    delete(cloud.admin, "regions/" + below["id"])
    status(cloud.admin.put("identity", "/v3/regions/%s2" % name, {
        "region": {"description": "d"}}), 201)
    equal(get(cloud.admin, "regions/%s2" % name)["region"]["description"],
          "d", "made by PUT")
    get(cloud.demo, place)
    gone(cloud, place, "region")


def test_service_life(cloud):
    place = life(cloud, "services", "service", {
        "name": cloud.name("svc"), "type": "testtype",
        "description": "a test", "enabled": True}, {"enabled": False},
        dict(SERVICE, description=""))
    gone(cloud, place, "service")
    forbidden(cloud.demo, "GET", "services", "list_services")
    post(cloud.admin, "services", "service", {"name": "x"}, 400)
    types = get(cloud.admin, "services?type=image")["services"]
    equal([s["name"] for s in types], ["glance"], "by type")


def test_endpoint_life(cloud):
    service = post(cloud.admin, "services", "service", {
        "name": cloud.name("svc"), "type": "testtype"})
    body = {"service_id": service["id"], "interface": "public",
            "url": "http://127.0.0.1:1/%(project_id)s", "enabled": True,
            "region": cloud.name("NewRegion"), "name": "an extra"}
    place = life(cloud, "endpoints", "endpoint", body,
                 {"url": "http://127.0.0.1:2"}, dict(ENDPOINT, name=""))
    get(cloud.admin, "regions/" + body["region"])
    delete(cloud.admin, "regions/" + body["region"], 403)
    for query, n in (("interface=public&region_id=" + body["region"], 1),
                     ("interface=admin", 0), ("interface=public", 1)):
        listed = get(cloud.admin, "endpoints?service_id=%s&%s" % (
            service["id"], query))["endpoints"]
        equal(len(listed), n, query)
    gone(cloud, place, "endpoint")
    bad = post(cloud.admin, "endpoints", "endpoint", dict(
        body, interface="x"), 400)
    check(message(bad).startswith(
        "Invalid input for field 'interface': 'x' is not one of ['admin', "
        "'internal', 'public']"), "interface")
    bad = post(cloud.admin, "endpoints", "endpoint", dict(
        body, service_id="x"), 400)
    check(message(bad).startswith("Expecting to find endpoint service_id in "
                                  "service table."), "service")
    delete(cloud.admin, "services/" + service["id"])
    forbidden(cloud.demo, "GET", "endpoints", "list_endpoints")


def test_bootstrap_again(cloud):
    """A second bootstrap changes nothing that is right."""
    tables = ("projects", "users", "roles", "implied_roles", "assignments",
              "regions", "services", "endpoints")
    count = "select " + ", ".join(
        "(select count(*) from identity.%s)" % t for t in tables)
    before = cloud.sql(count), cloud.sql(
        "select password_hash from identity.users order by id")
    cloud.bootstrap()
    after = cloud.sql(count), cloud.sql(
        "select password_hash from identity.users order by id")
    equal(after, before, "the catalog")


def command(cloud, *args, **env):
    """What keystone-shim says as a command; "" when it is content."""
    done = subprocess.run(
        [os.path.join(cloud.bin, "keystone-shim"), "--config",
         cloud.conf("keystone-shim"), *args], env=dict(cloud.env, **env),
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout if done.returncode else ""


def test_subcommands(cloud):
    """Bad values are refused before anything happens; keys rotate."""
    for value in "3", "32":
        said = command(cloud, "bootstrap", OS_BOOTSTRAP_PASSWORD="x",
                       OS_IDENTITY__PASSWORD_HASH_ROUNDS=value)
        check("from 4 to 31" in said, said)
    check("no password for admin" in command(cloud, "bootstrap"), "password")
    check("usage:" in command(cloud, "bootstrap", "--nosuch"), "usage")
    token = cloud.admin.token
    equal(command(cloud, "fernet_rotate"), "", "rotate")
    names = sorted(os.listdir(cloud.path("fernet-keys")))
    check(len(names) == 3 and names[0] == "0", repr(names))
    status(cloud.admin.get("identity", "/v3/regions", token=token), 200)
    again = cloud.anon.login("demo", cloud.secret("demo"), project="demo")
    status(again.get("identity", "/v3/regions"), 200)
    equal(command(cloud, "fernet_setup"), "", "setup")
    equal(sorted(os.listdir(cloud.path("fernet-keys"))), names, "the same")
