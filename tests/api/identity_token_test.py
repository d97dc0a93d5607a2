# SPDX-License-Identifier: Apache-2.0
"""Discovery, log-in with every scope, validation, revocation, the catalog."""
import re
import threading

from harness import (Client, Cloud, check, equal, need, shape, status,
                     until)

TOKENS = "/v3/auth/tokens"
BAD = "The request you have made requires authentication."
MALFORMED = (" The server could not comply with the request since it is "
             "either malformed or otherwise incorrect. The client is assumed "
             "to be in error.")


def by_password(name, password, scope=None, **user):
    auth = {"identity": {"methods": ["password"], "password": {"user": dict({
        "name": name, "domain": {"id": "default"}, "password": password},
        **user)}}}
    if scope is not None:
        auth["scope"] = scope
    return {"auth": auth}


def by_token(token, scope=None):
    auth = {"identity": {"methods": ["token"], "token": {"id": token}}}
    if scope is not None:
        auth["scope"] = scope
    return {"auth": auth}


def log_in(cloud, body, path=TOKENS):
    return cloud.anon.post("identity", path, body)


def project(name):
    return {"project": {"name": name, "domain": {"id": "default"}}}


def validate(client, token, want=200):
    reply = client.get("identity", TOKENS, headers={"X-Subject-Token": token})
    status(reply, want, "validate")
    return reply


def refused(reply, code, message):
    status(reply, code)
    error = (reply.json or {}).get("error", {})
    equal(error.get("message"), message, "message")
    equal(error.get("code"), code, "code")


def person(cloud, **more):
    """A user with the role member in a project of his own: (user, password,
    project id)."""
    name = cloud.name("person")
    pid = cloud._made("/v3/projects", "project", {
        "name": name, "domain_id": "default"})["id"]
    user = cloud._made("/v3/users", "user", dict({
        "name": name, "password": "first", "domain_id": "default"}, **more))
    grant(cloud, "projects/" + pid, user["id"], "member")
    return user, pid


def grant(cloud, target, user, role, method="PUT"):
    roles = cloud.admin.get("identity", "/v3/roles?name=" + role).json
    status(cloud.admin.request(
        method, "identity", "/v3/%s/users/%s/roles/%s" % (
            target, user, roles["roles"][0]["id"])), 204, "grant")


# -- discovery -----------------------------------------------------------


def test_version_list(cloud):
    reply = cloud.anon.get("identity", "/")
    status(reply, 300)
    equal(reply.headers["Location"], cloud.url("identity") + "/v3/",
          "location")
    value = reply.json["versions"]["values"][0]
    equal(value["id"], "v3.14", "id")
    equal(value["links"][0]["href"], cloud.url("identity") + "/v3/", "self")


def test_version_show(cloud):
    for path in "/v3", "/v3/":
        reply = cloud.anon.get("identity", path)
        status(reply, 200)
        equal(reply.json["version"]["status"], "stable", "status")
        equal(reply.headers["Vary"], "X-Auth-Token", "vary")
        check(re.match("req-[0-9a-f-]{36}$", reply.id), "request id")
    status(cloud.anon.head("identity", "/v3"), 200)


def test_healthcheck(cloud):
    reply = cloud.anon.get("identity", "/healthcheck")
    equal(reply.json, {"detailed": False, "reasons": []}, "body")


def test_unknown_paths(cloud):
    for path in "/nosuch", "/v3/nosuch", "/v2.0":
        reply = cloud.anon.get("identity", path)
        status(reply, 404)
        equal(reply.headers["Content-Type"], "text/html; charset=utf-8",
              "type")
    reply = cloud.anon.put("identity", TOKENS, {})
    status(reply, 405)
    equal(reply.json, {"message": "The method is not allowed for the "
                       "requested URL."}, "body")
    check("POST" in reply.headers["Allow"], "Allow")


# -- log-in ---------------------------------------------------------------


def test_token_create_project(cloud):
    reply = log_in(cloud, by_password("admin", cloud.secret("admin"),
                                      project("admin")))
    status(reply, 201)
    check(reply.headers["X-Subject-Token"].startswith("gAAAAA"), "a token")
    token = reply.json["token"]
    named = {"id": "", "name": ""}
    equal(shape(token, {
        "methods": [""], "audit_ids": [""], "expires_at": "",
        "issued_at": "", "is_domain": False, "roles": [named],
        "user": dict(named, domain=named, password_expires_at=None),
        "project": dict(named, domain=named),
        "catalog": [dict(named, type="", endpoints=[{
            "id": "", "interface": "", "region_id": "", "url": "",
            "region": ""}])]}), [], "shape")
    equal(sorted(r["name"] for r in token["roles"]),
          ["admin", "member", "reader"], "roles")
    for key in "expires_at", "issued_at":
        check(token[key].endswith(".000000Z"), key)
    equal(sorted(s["type"] for s in token["catalog"]),
          ["compute", "identity", "image", "network"], "services")


def test_token_create_by_names_and_ids(cloud):
    admin = cloud.admin
    for user in ({"name": "admin", "domain": {"name": "Default"}},
                 {"id": admin.user_id}):
        for scope in (project("admin"), {"project": {"id": admin.project_id}},
                      {"project": {"name": "admin",
                                   "domain": {"name": "Default"}}}):
            body = {"auth": {"identity": {
                "methods": ["password"], "password": {"user": dict(
                    user, password=cloud.secret("admin"))}},
                "scope": scope}}
            reply = log_in(cloud, body)
            status(reply, 201)
            equal(reply.json["token"]["project"]["id"], admin.project_id,
                  "project")


def test_token_create_id_and_name(cloud):
    """Both are given and mean different things: the name counts."""
    other = cloud._made("/v3/domains", "domain", {
        "name": cloud.name("domain")})
    for domain in other["id"], "default":
        cloud._made("/v3/users", "user", {
            "name": "twin", "password": domain, "domain_id": domain})
        cloud._made("/v3/projects", "project", {
            "name": "twin", "domain_id": domain})
    domain = {"id": "default", "name": other["name"]}
    body = by_password("twin", other["id"], domain=domain,
                       id=cloud.demo.user_id)
    reply = log_in(cloud, body)
    status(reply, 201)
    equal(reply.json["token"]["user"]["domain"]["id"], other["id"], "domain")
    body["auth"]["scope"] = {"project": {
        "id": cloud.demo.project_id, "name": "twin", "domain": domain}}
    refused(log_in(cloud, body), 401, BAD)


def test_foreign_bytes(cloud):
    """What is not UTF-8, or no text at all, is nobody's fault but theirs."""
    for path in "/v3/projects/%ff", "/v3/users?name=%ff%fe", \
            "/v3/projects?enabled=%c3%28", "/v3/users/%00", \
            "/v3/roles?name=a%00b", "/v3/domains/" + "x" * 3000:
        reply = cloud.admin.get("identity", path)
        check(reply.status in (200, 400, 404), repr(reply))
    for body in '{"project": {"name": "a\\u0000b"}}', \
            '{"project": {"name": "\\ud800"}}', \
            '{"project": {"name": "x", "n": 1e999}}', \
            '{"project": {"name": "x", "name": "y"}}', \
            '{"project": ' + '[' * 3000 + ']' * 3000 + '}', \
            '{"project": {"name": "x", "tags": [1, {}, null]}}', \
            '{"project": {"name": "x", "tags": ["a", "a"]}}', \
            '{"project": {"name": "x", "tags": ["a,b"]}}', \
            '{"project": {"name": "x", "extra": "\\u0000"}}':
        reply = cloud.admin.post("identity", "/v3/projects", body)
        check(reply.status in (400, 413), repr(reply))


def test_token_create_unscoped(cloud):
    user, _ = person(cloud)
    for scope in None, "unscoped", {"unscoped": {}}:
        reply = log_in(cloud, by_password(user["name"], "first", scope))
        status(reply, 201)
        equal(sorted(reply.json["token"]), [
            "audit_ids", "expires_at", "issued_at", "methods", "user"],
            "members")


def test_token_create_system(cloud):
    reply = log_in(cloud, by_password("admin", cloud.secret("admin"),
                                      {"system": {"all": True}}))
    status(reply, 201)
    equal(reply.json["token"]["system"], {"all": True}, "system")
    check(reply.json["token"]["catalog"], "catalog")
    refused(log_in(cloud, by_password("demo", cloud.secret("demo"), {
        "system": {"all": True}})), 401, BAD)


def test_token_create_domain(cloud):
    user, _ = person(cloud)
    scope = {"domain": {"name": "Default"}}
    refused(log_in(cloud, by_password(user["name"], "first", scope)), 401,
            BAD)
    grant(cloud, "domains/default", user["id"], "reader")
    for scope in scope, {"domain": {"id": "default"}}:
        reply = log_in(cloud, by_password(user["name"], "first", scope))
        status(reply, 201)
        equal(reply.json["token"]["domain"],
              {"id": "default", "name": "Default"}, "domain")
        equal([r["name"] for r in reply.json["token"]["roles"]], ["reader"],
              "roles")


def test_token_create_default_project(cloud):
    user, pid = person(cloud)
    other = cloud._made("/v3/projects", "project", {
        "name": cloud.name("closed"), "domain_id": "default"})["id"]
    for default, want in (pid, pid), (other, None), ("gone", None):
        status(cloud.admin.patch("identity", "/v3/users/" + user["id"], {
            "user": {"default_project_id": default}}), 200)
        token = log_in(cloud, by_password(user["name"], "first"))
        status(token, 201)
        equal(token.json["token"].get("project", {}).get("id"), want,
              "project")
        token = log_in(cloud, by_password(user["name"], "first", "unscoped"))
        check("project" not in token.json["token"], "unscoped by word")


def test_token_create_nocatalog(cloud):
    body = by_password("admin", cloud.secret("admin"), project("admin"))
    reply = log_in(cloud, body, TOKENS + "?nocatalog")
    check("catalog" not in reply.json["token"], "no catalog")
    check(reply.json["token"]["roles"], "roles")


def test_token_create_refused(cloud):
    right = cloud.secret("admin")
    for body in (by_password("admin", "x", project("admin")),
                 by_password("admin", "", project("admin")),
                 by_password("nobody", "x", project("admin")),
                 by_password("nobody", right),
                 by_password("admin", right, project("nosuch")),
                 by_password("admin", right, project("demo")),
                 by_password("admin", right, domain={"name": "nodom"}),
                 by_password("admin", right, {"project": {"id": "x"}}),
                 by_password("admin", right, {"domain": {"id": "x"}})):
        reply = log_in(cloud, body)
        refused(reply, 401, BAD)
        check(reply.headers["WWW-Authenticate"].startswith("Keystone uri="),
              "challenge")


def test_token_create_malformed(cloud):
    def expecting(what, where, body, **headers):
        reply = cloud.anon.post("identity", TOKENS, body, **headers)
        refused(reply, 400, "Expecting to find %s in %s." % (what, where) +
                MALFORMED)

    expecting("auth", "request body", None)
    expecting("auth", "request body", {})
    expecting("valid JSON", "request body", "{bad")
    expecting("valid JSON", "request body", "[]")
    expecting("valid JSON", "request body", '"text"')
    expecting("application/json", "Content-Type header", "<a/>",
              headers={"Content-Type": "application/xml"})
    expecting("nosuch", "identity",
              {"auth": {"identity": {"methods": ["nosuch"]}}})
    expecting("password", "identity",
              {"auth": {"identity": {"methods": ["password"]}}})
    expecting("id", "token", {"auth": {"identity": {
        "methods": ["token"], "token": {}}}})
    expecting("domain", "user", {"auth": {"identity": {
        "methods": ["password"], "password": {"user": {
            "name": "admin", "password": "x"}}}}})
    expecting("id or name", "user", {"auth": {"identity": {
        "methods": ["password"], "password": {"user": {"password": "x"}}}}})
    expecting("id or name", "project",
              by_password("admin", "x", {"project": {}}))
    for identity in ({}, {"methods": "password"}, {"methods": [1]}, [], 1,
                     {"methods": ["password"], "password": []},
                     {"methods": ["password"], "password": {"user": 1}},
                     {"methods": ["token"], "token": {"id": 1}}):
        status(log_in(cloud, {"auth": {"identity": identity}}), 400)
    for scope in 1, [], {"project": 1}, {"domain": []}, \
            {"project": {"id": "x"}, "domain": {"id": "x"}}:
        status(log_in(cloud, by_password("admin", "x", scope)), 400)


# -- tokens for tokens ----------------------------------------------------


def test_token_create_rescoped(cloud):
    user, pid = person(cloud)
    first = log_in(cloud, by_password(user["name"], "first", "unscoped"))
    token, body = first.headers["X-Subject-Token"], first.json["token"]
    second = log_in(cloud, by_token(token, {"project": {"id": pid}}))
    status(second, 201)
    equal(second.json["token"]["methods"], ["password", "token"], "methods")
    equal(second.json["token"]["expires_at"], body["expires_at"], "expiry")
    equal(second.json["token"]["audit_ids"][1:], body["audit_ids"], "chain")
    token = second.headers["X-Subject-Token"]
    for scope in {"project": {"id": pid}}, "unscoped", None:
        third = log_in(cloud, by_token(token, scope))
        status(third, 201)
        equal(third.json["token"]["audit_ids"][1:], body["audit_ids"],
              "the chain begins with the first")
    refused(log_in(cloud, by_token(token, project("admin"))), 401, BAD)
    refused(log_in(cloud, by_token("x")), 404,
            "Could not recognize Fernet token")


# -- validation and revocation --------------------------------------------


def test_token_show(cloud):
    reply = validate(cloud.admin, cloud.demo.token)
    equal(reply.headers["X-Subject-Token"], cloud.demo.token, "header")
    equal(reply.json["token"]["user"]["name"], "demo", "user")
    check(reply.json["token"]["catalog"], "catalog")
    reply = cloud.admin.head("identity", TOKENS, headers={
        "X-Subject-Token": cloud.demo.token})
    status(reply, 200)
    equal(reply.body, b"", "no body")
    validate(cloud.demo, cloud.demo.token)
    validate(cloud.user(["service"]), cloud.demo.token)
    refused(validate(cloud.demo, cloud.admin.token, 403), 403,
            "You are not authorized to perform the requested action: "
            "identity:validate_token.")
    refused(validate(cloud.admin, "bad", 404), 404,
            "Could not recognize Fernet token")
    refused(cloud.admin.get("identity", TOKENS), 404,
            "No token in the request")
    refused(validate(cloud.anon, cloud.demo.token, 401), 401, BAD)


def test_token_revoke(cloud):
    user, pid = person(cloud)
    scope = {"project": {"id": pid}}
    mine = log_in(cloud, by_password(user["name"], "first", scope))
    mine = mine.headers["X-Subject-Token"]
    more = log_in(cloud, by_token(mine, scope)).headers["X-Subject-Token"]
    reply = cloud.demo.delete("identity", TOKENS, headers={
        "X-Subject-Token": mine})
    status(reply, 403, "somebody else's")
    reply = cloud.anon.delete("identity", TOKENS, token=mine, headers={
        "X-Subject-Token": mine})
    status(reply, 204)
    refused(validate(cloud.admin, mine, 404), 404,
            "Failed to validate token")
    refused(cloud.anon.get("identity", "/v3/auth/projects", token=mine),
            401, BAD)
    refused(log_in(cloud, by_token(mine, scope)), 404,
            "Failed to validate token")
    validate(cloud.admin, more)
    status(cloud.admin.delete("identity", TOKENS, headers={
        "X-Subject-Token": more}), 204)
    validate(cloud.admin, more, 404)


def test_revocations_are_forgotten(cloud):
    """Once every token that an event could mean has expired."""
    cloud.sql("insert into identity.revocation_events (audit_id, revoked_at) "
              "values ('old', now() - interval '1 day'), ('new', now())")
    user, _ = person(cloud)
    token = log_in(cloud, by_password(user["name"], "first"))
    token = token.headers["X-Subject-Token"]
    status(cloud.admin.delete("identity", TOKENS, headers={
        "X-Subject-Token": token}), 204)
    left = cloud.sql("select audit_id from identity.revocation_events "
                     "where audit_id in ('old', 'new')")
    equal(left, [["new"]], "events")


def test_tokens_end_with_what_they_stand_for(cloud):
    """Each change takes the tokens at once; a new log-in works at once."""
    user, pid = person(cloud)
    scope = {"project": {"id": pid}}

    def token(password="first"):
        reply = log_in(cloud, by_password(user["name"], password, scope))
        need(reply.status == 201, repr(reply))
        return reply.headers["X-Subject-Token"]

    def patch(path, **members):
        key = path.split("/")[0][:-1]
        status(cloud.admin.patch("identity", "/v3/" + path, {key: members}),
               200)

    t = token()
    grant(cloud, "projects/" + pid, user["id"], "member", "DELETE")
    validate(cloud.admin, t, 404)
    grant(cloud, "projects/" + pid, user["id"], "member")
    validate(cloud.admin, t)
    patch("users/" + user["id"], password="second")
    validate(cloud.admin, t, 404)
    t = token("second")
    validate(cloud.admin, t)
    for path in "users/" + user["id"], "projects/" + pid:
        t = token("second")
        patch(path, enabled=False)
        validate(cloud.admin, t, 404)
        refused(log_in(cloud, by_password(user["name"], "second", scope)),
                401, BAD)
        patch(path, enabled=True)
        validate(cloud.admin, t, 404)
    t = token("second")
    status(cloud.admin.delete("identity", "/v3/users/" + user["id"]), 204)
    validate(cloud.admin, t, 404)


def test_user_password_change(cloud):
    user, _ = person(cloud)
    path = "/v3/users/%s/password" % user["id"]
    old = log_in(cloud, by_password(user["name"], "first", "unscoped"))
    refused(cloud.anon.post("identity", path, {"user": {
        "original_password": "bad", "password": "second"}}), 401, BAD)
    status(cloud.anon.post("identity", path, {"user": {
        "original_password": "first"}}), 400)
    status(cloud.anon.post("identity", path, {"user": {
        "original_password": "first", "password": "second"}}), 204)
    validate(cloud.admin, old.headers["X-Subject-Token"], 404)
    refused(log_in(cloud, by_password(user["name"], "first")), 401, BAD)
    status(log_in(cloud, by_password(user["name"], "second")), 201)


def test_no_token(cloud):
    for token in None, "x", "gAAAAA" + "A" * 170, "x" * 4000:
        refused(cloud.anon.get("identity", "/v3/projects", token=token), 401,
                BAD)


# -- what a token opens ---------------------------------------------------


def test_catalog_show(cloud):
    service = cloud._made("/v3/services", "service", {
        "type": cloud.name("type"), "name": "templates"})
    urls = {"http://h/$(project_id)s": "http://h/" + cloud.demo.project_id,
            "http://h/%(tenant_id)s": "http://h/" + cloud.demo.project_id,
            "http://h/%(user_id)s/%%": "http://h/%s/%%" % cloud.demo.user_id,
            "http://h/%(nosuch)s": None, "http://h/%(project_id)": None}
    for url in urls:
        cloud._made("/v3/endpoints", "endpoint", {
            "service_id": service["id"], "interface": "public", "url": url,
            "region": "RegionOne"})
    reply = cloud.demo.get("identity", "/v3/auth/catalog")
    status(reply, 200)
    ours = [s for s in reply.json["catalog"] if s["id"] == service["id"]]
    equal(sorted(e["url"] for e in ours[0]["endpoints"]),
          sorted(u for u in urls.values() if u), "URLs")
    status(cloud.admin.patch("identity", "/v3/services/" + service["id"], {
        "service": {"enabled": False}}), 200)
    reply = cloud.demo.get("identity", "/v3/auth/catalog")
    check(service["id"] not in reply.text, "a disabled service")
    unscoped = cloud.anon.login("demo", cloud.secret("demo"), unscoped=True)
    status(unscoped.get("identity", "/v3/auth/catalog"), 403)
    cloud.admin.delete("identity", "/v3/services/" + service["id"])


def test_auth_lists(cloud):
    unscoped = cloud.anon.login("admin", cloud.secret("admin"),
                                unscoped=True)
    reply = unscoped.get("identity", "/v3/auth/projects")
    equal([p["name"] for p in reply.json["projects"]], ["admin"], "projects")
    reply = unscoped.get("identity", "/v3/auth/domains")
    equal(reply.json["domains"], [], "domains")
    reply = unscoped.get("identity", "/v3/auth/system")
    equal(reply.json["system"], [{"all": True}], "system")
    reply = cloud.demo.get("identity", "/v3/auth/system")
    equal(reply.json["system"], [], "system of demo")
    own = "/v3/users/%s/projects"
    reply = cloud.demo.get("identity", own % cloud.demo.user_id)
    equal([p["name"] for p in reply.json["projects"]], ["demo"], "own")
    status(cloud.demo.get("identity", own % cloud.admin.user_id), 403)


def test_group_roles_count(cloud):
    user, _ = person(cloud)
    pid = cloud._made("/v3/projects", "project", {
        "name": cloud.name("grouped"), "domain_id": "default"})["id"]
    group = cloud.name("group")
    cloud.sql("insert into identity.groups (id, domain_id, name) "
              "values ('%s', 'default', '%s')" % (group, group))
    cloud.sql("insert into identity.group_members values ('%s', '%s')" % (
        group, user["id"]))
    roles = cloud.admin.get("identity", "/v3/roles?name=member").json
    path = "/v3/projects/%s/groups/%s/roles/%s" % (
        pid, group, roles["roles"][0]["id"])
    status(cloud.admin.put("identity", path), 204)
    status(cloud.admin.head("identity", path), 204)
    reply = log_in(cloud, by_password(user["name"], "first",
                                      {"project": {"id": pid}}))
    status(reply, 201)
    equal(sorted(r["name"] for r in reply.json["token"]["roles"]),
          ["member", "reader"], "roles")
    reply = cloud.admin.get("identity", path.rsplit("/", 1)[0])
    equal([r["name"] for r in reply.json["roles"]], ["member"], "grants")
    status(cloud.admin.delete("identity", path), 204)
    validate(cloud.admin, log_in(cloud, by_password(
        user["name"], "first")).headers["X-Subject-Token"])


def test_security_compliance():
    """Two wrong passwords lock a user for a while; the last two of his
    passwords are not taken again."""
    options = {"keystone-shim": {
        ("security_compliance", "lockout_failure_attempts"): 2,
        ("security_compliance", "lockout_duration"): 2,
        ("security_compliance", "unique_last_password_count"): 2}}
    with Cloud(options=options) as cloud:
        user, _ = person(cloud)
        lockout(cloud, user)
        history(cloud, user)


def lockout(cloud, user):
    def attempt(password):
        return log_in(cloud, by_password(user["name"], password))

    for _ in range(2):
        refused(attempt("wrong"), 401, BAD)
        status(attempt("first"), 201)
    for _ in range(2):
        refused(attempt("wrong"), 401, BAD)
    refused(attempt("first"), 401,
            "The account is locked for user: %s." % user["id"])
    check(until(lambda: attempt("first").status == 201, 5), "unlocked")
    status(cloud.admin.patch("identity", "/v3/users/" + user["id"], {
        "user": {"options": {"ignore_lockout_failure_attempts": True}}}), 200)
    for _ in range(3):
        refused(attempt("wrong"), 401, BAD)
    status(attempt("first"), 201)


def history(cloud, user):
    def change(old, new):
        return cloud.anon.post(
            "identity", "/v3/users/%s/password" % user["id"],
            {"user": {"original_password": old, "password": new}})

    for old, new in ("first", "second"), ("second", "third"):
        status(change(old, new), 204)
    for new in "third", "second":
        refused(change("third", new), 400,
                "The new password cannot be identical to a previous "
                "password. The total number which includes the new password "
                "must be unique is 2.")
    status(change("third", "first"), 204)
    kept = cloud.sql("select count(*) from identity.password_history "
                     "where user_id = '%s'" % user["id"])
    equal(kept, [["2"]], "recorded")
    status(cloud.admin.patch("identity", "/v3/users/" + user["id"], {
        "user": {"password": "third"}}), 200, "an admin may")


def test_hashing_does_not_stop_others():
    """Eight wrong passwords at full cost: a token for a token overtakes."""
    options = {"keystone-shim": {("identity", "password_hash_rounds"): 12}}
    with Cloud(options=options) as cloud:
        token, replies = cloud.demo.token, []

        def wrong():
            reply = Client(cloud.urls).post(
                "identity", TOKENS, by_password("nobody", "x"))
            replies.append(reply.status)

        threads = [threading.Thread(target=wrong) for _ in range(8)]
        for thread in threads:
            thread.start()
        reply = log_in(cloud, by_token(token, project("demo")))
        status(reply, 201)
        check(len(replies) < 8, "before the last password")
        for thread in threads:
            thread.join()
        equal(replies, [401] * 8, "refused")


def test_long_names(cloud):
    """The longest names in four-byte characters come back whole."""
    name, big = "\U0001f600" * 64, "\U0001f600" * 255
    project_id = cloud._made("/v3/projects", "project", {
        "name": name, "domain_id": "default"})["id"]
    user = cloud._made("/v3/users", "user", {
        "name": big, "password": "x", "domain_id": "default"})
    role = cloud._made("/v3/roles", "role", {"name": big})
    status(cloud.admin.put("identity", "/v3/projects/%s/users/%s/roles/%s" % (
        project_id, user["id"], role["id"])), 204)
    reply = log_in(cloud, by_password(big, "x", project(name)))
    status(reply, 201)
    token = reply.json["token"]
    equal(token["user"]["name"], big, "user")
    equal(token["project"]["name"], name, "project")
    equal([r["name"] for r in token["roles"]], [big], "role")
    for path in "projects/" + project_id, "users/" + user["id"], \
            "roles/" + role["id"]:
        status(cloud.admin.delete("identity", "/v3/" + path), 204)
