# SPDX-License-Identifier: Apache-2.0
"""Manifests: which files stand in which images, and the nearest of them."""
import hashlib
import itertools
import json
import random
import threading

from harness import Client, check, equal, need, status
from image_kit import JSON, NOBODY, V21, create, patch, path, show, upload

EMPTY = hashlib.sha256(b"").hexdigest()
MISSING, EXCESS = ("download", "injection"), ("removal", "transport")
RATES = {"transfer": 1000, "injection": 2, "removal": 0.5}


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def file(where, size=1000, content=None, **more):
    return dict({"path": where, "sha256": sha(content or where),
                 "size": size}, **more)


def files(*names, **kw):
    return [file("/f/" + n, **kw) for n in names]


def whole(f):
    return dict({"mode": "0644", "uid": 0, "gid": 0}, **f)


def digest(wanted):
    """The canonical form, once more."""
    text = "".join("%s %d %d %d %d %s\0" % (
        f["sha256"], f["size"], int(f["mode"], 8), f["uid"], f["gid"],
        f["path"]) for f in sorted(map(whole, wanted),
                                   key=lambda f: f["path"].encode()))
    return hashlib.sha256(text.encode()).hexdigest()


def active(client, **fields):
    image = create(client, **fields)
    status(upload(client, image, b"x"), 204)
    return image


def base_of(cloud):
    """A public base of its own for each test."""
    return active(cloud.admin, visibility="public", name=cloud.name("base"))


def put(client, image, base, wanted, **kw):
    return client.put("image", path(image, "/manifest"), {
        "base_image": base["id"], "files": wanted}, headers=JSON, **kw)


def made(client, base, wanted, **fields):
    image = active(client, visibility="private", **fields)
    status(put(client, image, base, wanted), 200)
    return image


def ask(client, base, wanted, **more):
    body = dict({"files": wanted, "rates": RATES}, **more)
    return client.post("image", path(base, "/candidates"), body, headers=JSON)


def asked(client, base, wanted, **more):
    reply = ask(client, base, wanted, **more)
    need(reply.status == 200, "candidates: %r" % reply)
    return reply.json


def paths(listed):
    return [f["path"] for f in listed]


# -- manifests -----------------------------------------------------------

def test_manifest_put(cloud):
    base, image = base_of(cloud), create(cloud.demo)
    wanted = [file("/etc/b", 7, mode="755", uid=10, gid=20),
              file("/etc/a", 0), file("/\u00e4 b\"\\", 2 ** 40 - 7)]
    reply = put(cloud.demo, image, base, wanted)
    status(reply, 200)
    wanted[0]["mode"] = "0755"
    inside = sorted(map(whole, wanted), key=lambda f: f["path"].encode())
    equal(reply.json, {
        "image_id": image["id"], "base_image": base["id"],
        "digest": digest(wanted), "file_count": 3, "size": 2 ** 40,
        "schema": "/v2/schemas/manifest", "files": inside}, "manifest")
    got = cloud.demo.get("image", path(image, "/manifest"))
    status(got, 200)
    equal(got.json, reply.json, "what is shown is what was put")
    shown = show(cloud.demo, image).json
    equal([shown.get("inject_" + k) for k in ("base_image", "file_count",
                                              "digest")],
          [base["id"], "3", digest(wanted)], "properties")
    listed = cloud.demo.get("image", "/v2/images?inject_digest=" +
                            digest(wanted)).json["images"]
    equal([i["id"] for i in listed], [image["id"]], "list by digest")


def test_manifest_replace(cloud):
    base, image = base_of(cloud), create(cloud.demo)
    put(cloud.demo, image, base, files("a", "b"))
    status(put(cloud.demo, image, base, files("b", "c", "d")), 200)
    got = cloud.demo.get("image", path(image, "/manifest")).json
    equal(paths(got["files"]), ["/f/b", "/f/c", "/f/d"], "files")
    status(put(cloud.demo, image, base, []), 200)
    got = cloud.demo.get("image", path(image, "/manifest")).json
    equal((got["digest"], got["files"], got["base_image"]),
          (EMPTY, [], base["id"]), "an empty set")
    equal(show(cloud.demo, image).json["inject_file_count"], "0", "count")


def test_manifest_show_base(cloud):
    base = base_of(cloud)
    got = cloud.reader.get("image", path(base, "/manifest"))
    status(got, 200)
    equal(got.json, {"image_id": base["id"], "base_image": None,
                     "digest": EMPTY, "file_count": 0, "size": 0,
                     "schema": "/v2/schemas/manifest", "files": []}, "base")
    check("inject_digest" not in show(cloud.demo, base).json, "no property")


def test_manifest_refused(cloud):
    base, image = base_of(cloud), create(cloud.demo)
    for body, words in (
            ({}, "Invalid "), ([], "Invalid body"),
            ({"base_image": base["id"]}, "files"),
            ({"base_image": "x", "files": []}, "Invalid base_image: "),
            ({"base_image": NOBODY, "files": []}, "Invalid base_image: "),
            ({"base_image": image["id"], "files": []}, "its own base"),
            ({"base_image": base["id"], "files": {}}, "Invalid files: "),
            ({"base_image": base["id"], "files": [], "x": 1}, "'x'"),
            ({"base_image": base["id"], "files": files("a") + [
                file("/f/../b")]}, "Invalid files[1].path: "),
            ({"base_image": base["id"], "files": [file("rel")]},
             "Invalid files[0].path: "),
            ({"base_image": base["id"], "files": [file("/" + "n" * 256)]},
             "Invalid files[0].path: "),
            ({"base_image": base["id"], "files": files("a", "a")},
             "/f/a is there twice"),
            ({"base_image": base["id"], "files": files("a", "a/b")},
             "is a file, and a directory"),
            ({"base_image": base["id"], "files": files("a", mode="9")},
             "Invalid files[0].mode: "),
            ({"base_image": base["id"], "files": files("a", size=-1)},
             "Invalid files[0].size: "),
            ({"base_image": base["id"], "files": [file("/a\0b")]},
             "Malformed JSON")):
        reply = cloud.demo.put("image", path(image, "/manifest"), body,
                               headers=JSON)
        status(reply, 400, repr(body)[:80])
        equal(reply.json["title"], "Bad Request", "Glance's form")
        check(words in reply.json["message"], "%r names %r" % (
            reply.json["message"], words))
    many = [{"path": "/%d" % i, "sha256": EMPTY, "size": 0}
            for i in range(1025)]
    for wanted, code in ((many, 413), (many[:1024], 200), (
            [file("/%d" % i, 2 ** 39) for i in range(3)], 413)):
        reply = cloud.demo.put("image", path(image, "/manifest"), json.dumps(
            {"base_image": base["id"], "files": wanted},
            separators=(",", ":")), headers=JSON)
        status(reply, code)
        check(code == 200 or "Invalid files: " in reply.json["message"],
              "names the field: %r" % reply)
    status(cloud.demo.put("image", path(image, "/manifest"), "{",
                          headers=JSON), 400)


def test_manifest_access(cloud):
    base, image = base_of(cloud), create(cloud.demo, visibility="private")
    status(put(cloud.other, image, base, []), 404)
    status(put(cloud.reader, image, base, []), 403)
    status(put(cloud.anon, image, base, []), 401)
    status(put(cloud.demo, base, image, []), 403, "somebody else's image")
    hidden = active(cloud.other, visibility="private")
    reply = put(cloud.demo, image, hidden, [])
    status(reply, 400)
    check("no image found" in reply.json["message"], "a hidden base is none")
    status(put(cloud.demo, image, base, files("a")), 200)
    status(cloud.other.get("image", path(image, "/manifest")), 404)
    status(cloud.demo.get("image", "/v2/images/%s/manifest" % NOBODY), 404)
    status(cloud.demo.get("image", "/v2/images/no/manifest"), 404)
    status(cloud.demo.delete("image", path(image)), 204)
    status(cloud.demo.get("image", path(image, "/manifest")), 404)


def test_manifest_read_only(cloud):
    base, image = base_of(cloud), create(cloud.demo)
    put(cloud.demo, image, base, files("a"))
    for change in ({"op": "replace", "path": "/inject_digest", "value": "x"},
                   {"op": "remove", "path": "/inject_base_image"},
                   {"op": "add", "path": "/inject_file_count",
                    "value": "7"}):
        reply = patch(cloud.demo, image, [change], V21)
        status(reply, 403, repr(change))
        check("is read-only" in reply.json["message"], reply.text)
    status(patch(cloud.demo, image, [
        {"op": "add", "path": "/other", "value": "x"}]), 200)
    reply = cloud.demo.post("image", "/v2/images", {
        "name": "forged", "inject_digest": EMPTY}, headers=JSON)
    status(reply, 403)
    equal(show(cloud.demo, image).json["inject_file_count"], "1", "kept")


def test_schemas(cloud):
    for name in ("manifest", "candidate", "plan"):
        reply = cloud.demo.get("image", "/v2/schemas/" + name)
        status(reply, 200)
        equal(reply.json["name"], name, "name")
    entry = cloud.demo.get("image", "/v2/schemas/manifest").json[
        "properties"]["files"]["items"]
    equal(sorted(entry["required"]), ["path", "sha256", "size"], "file")


# -- candidates ----------------------------------------------------------

def test_candidate_find(cloud):
    """A has f1 f2 f3; the same again is exact; f1 f2 f4 is nearest to A."""
    base = base_of(cloud)
    one = made(cloud.demo, base, files("1", "2", "3"))
    got = asked(cloud.demo, base, files("3", "1", "2"))
    equal((got["match"], got["image_id"], got["missing"], got["excess"]),
          ("exact", one["id"], [], []), "exact")
    equal(set(got["cost"].values()), {0.0}, "costs nothing")
    equal(got["digest"], show(cloud.demo, one).json["inject_digest"],
          "digest")
    got = asked(cloud.reader, base, files("1", "2", "4"))
    equal((got["match"], got["image_id"]), ("nearest", one["id"]), "nearest")
    equal(got["missing"], [whole(file("/f/4"))], "missing")
    equal(got["excess"], [whole(file("/f/3"))], "excess")
    equal(got["cost"], {"download": 1.0, "injection": 2.0, "removal": 0.5,
                        "transport": 1.0, "total": 3.5}, "cost")
    equal(got["base_cost"], 9.0, "from the base")
    equal((got["model"], got["rates"], got["weights"]), (5, {
        "transfer": 1000.0, "injection": 2.0, "removal": 0.5},
        {"download": 1.0, "injection": 1.0, "removal": 1.0}), "model")
    got = asked(cloud.demo, base, files("7", "8"))
    equal((got["match"], got["image_id"]), ("base", base["id"]), "nothing")
    equal(paths(got["missing"]), ["/f/7", "/f/8"], "all are missing")
    got = asked(cloud.demo, base, [])
    equal((got["match"], got["image_id"]), ("exact", base["id"]), "no files")


def test_candidate_content(cloud):
    """Another content, mode or owner is another file; removed, injected."""
    base = base_of(cloud)
    one = made(cloud.demo, base, files("a", "b", "c", "d"))
    for change in ({"content": "new"}, {"mode": "0600"}, {"uid": 7},
                   {"gid": 7}, {"size": 9}):
        wanted = files("a", "b", "c") + [file("/f/d", **change)]
        got = asked(cloud.demo, base, wanted)
        equal(got["image_id"], one["id"], repr(change))
        equal((paths(got["missing"]), paths(got["excess"])),
              (["/f/d"], ["/f/d"]), "both")
    got = asked(cloud.demo, base, files("a", "b") + [
        file("/f/c", mode="4755")])
    equal(got["missing"][0]["mode"], "4755", "mode")


def test_candidate_models(cloud):
    """Two ways: P misses a large file, Q misses two and has three more."""
    base = base_of(cloud)
    wanted = files("1", "2", "3", size=500) + [file("/big", 9000)]
    p = made(cloud.demo, base, wanted[:3])
    q = made(cloud.demo, base, wanted[2:] + files("x", "y", "z", size=4000))
    cost = {p["id"]: (9, 9 + 2, 9 + 2, 9 + 2, 9 * 2 + 2 * 3),
            q["id"]: (1, 1 + 4, 1 + 4 + 1.5, 1 + 4 + 1.5 + 12,
                      1 * 2 + 4 * 3 + 1.5 * 40)}
    for model in range(1, 6):
        more = {"weights": {"download": 2, "injection": 3, "removal": 40}} \
            if model == 5 else {}
        got = asked(cloud.demo, base, wanted, model=model, **more)
        best = min(cost, key=lambda i, n=model: cost[i][n - 1])
        equal(got["image_id"], best, "model %d" % model)
        equal(got["cost"]["total"], cost[best][model - 1], "total")
    got = asked(cloud.demo, base, wanted, rates={
        "transfer": 1e9, "injection": 1, "removal": 1})
    equal(got["image_id"], p["id"], "on a fast network injection decides")


def test_candidate_superset(cloud):
    """Equal costs: what has all first, then by id."""
    base = base_of(cloud)
    made_ = [made(cloud.demo, base, files("a", "b", "x%d" % i))
             for i in range(3)]
    made_ += [made(cloud.demo, base, files("a", "b", "c", "y%d" % i))
              for i in range(3)]
    rates = dict(RATES, injection=0, removal=0, transfer=1000)
    wanted = files("a", "b") + [file("/f/c", 1000)]
    for model in (1, 2, 3, 5):
        got = asked(cloud.demo, base, wanted, model=model, rates=rates)
        equal(got["image_id"], min(i["id"] for i in made_[3:]), "lowest id")
    wanted = files("a", "b") + [file("/f/d", 0)]
    got = asked(cloud.demo, base, wanted, rates=dict(
        RATES, injection=0.5, removal=0.5))
    equal(got["image_id"], min(i["id"] for i in made_[:3]), "lowest id")


def test_candidate_superset_first(cloud):
    """Removing one file costs what injecting one does: remove."""
    base = base_of(cloud)
    less = [made(cloud.demo, base, files("a", "b"), name=str(i))
            for i in range(4)]
    more = made(cloud.demo, base, files("a", "b", "c", "d"))
    got = asked(cloud.demo, base, files("a", "b", "c", size=1000),
                model=3, rates={"transfer": 1e6, "injection": 0.001,
                                "removal": 0.002})
    equal(got["image_id"], more["id"], "a superset at equal cost")
    check(got["cost"]["total"] == 0.002, "cost %r" % got["cost"])
    check(len(less) == 4, "subsets")


def test_candidate_cached(cloud):
    """What the host holds costs no transfer."""
    base = base_of(cloud)
    got = asked(cloud.demo, base, files("a", "b"), cached=[sha("/f/a")])
    equal((got["cost"]["download"], got["cost"]["total"]), (1.0, 5.0),
          "one of two")
    p = made(cloud.demo, base, files("a", "b") + [file("/big", 10 ** 6)])
    q = made(cloud.demo, base, files("a"))
    got = asked(cloud.demo, base, files("a", "b"), model=4)
    equal(got["image_id"], q["id"], "not worth to carry the excess")
    got = asked(cloud.demo, base, files("a", "b"), model=4,
                cached=[p["id"], sha("none")])
    equal(got["image_id"], p["id"], "but it is there")
    equal(got["cost"]["transport"], 0.0, "transport")
    twins = sorted(made(cloud.demo, base, files("t", "u"))["id"]
                   for _ in range(3))
    for wanted in (files("t", "u"), files("t", "u", "v")):
        got = asked(cloud.demo, base, wanted)
        equal(got["image_id"], twins[0], "lowest id")
        got = asked(cloud.demo, base, wanted, cached=[twins[1], twins[2]])
        equal(got["image_id"], twins[1], "of those the host has")


def test_candidate_active(cloud):
    base = base_of(cloud)
    image = create(cloud.demo)
    wanted = files("a")
    put(cloud.demo, image, base, wanted)

    def match(want, what):
        got = asked(cloud.demo, base, wanted)
        equal(got["match"], want, what)
        got = asked(cloud.demo, base, wanted + files("b"))
        equal(got["match"], "nearest" if want == "exact" else "base", what)

    match("base", "queued")
    upload(cloud.demo, image, b"x")
    match("exact", "active")
    cloud.admin.post("image", path(image, "/actions/deactivate"))
    match("base", "deactivated")
    cloud.admin.post("image", path(image, "/actions/reactivate"))
    match("exact", "reactivated")
    cloud.demo.delete("image", path(image))
    match("base", "deleted")
    left = cloud.sql("select count(*) from image.shelves s join image.files f"
                     " on f.shelf_id = s.id where base_id = '%s'" %
                     base["id"])
    equal(int(left[0][0]), 0, "files that nobody has")
    status(ask(cloud.demo, create(cloud.demo), wanted), 409, "queued base")


def test_candidate_refused(cloud):
    base = base_of(cloud)
    for more, words in (
            ({"model": 0}, "Invalid model: "),
            ({"model": 6}, "Invalid model: "),
            ({"model": "1"}, "Invalid model: "),
            ({"weights": {"download": -1}}, "Invalid weights.download: "),
            ({"weights": {"x": 1}}, "'x'"),
            ({"weights": {"removal": 1}, "model": 3}, "Invalid weights: "),
            ({"rates": {"transfer": 0}}, "Invalid rates.transfer: "),
            ({"rates": {"removal": "1"}}, "Invalid rates.removal: "),
            ({"rates": []}, "Invalid rates: "),
            ({"cached": ["x"]}, "Invalid cached[0]: "),
            ({"cached": [EMPTY, 7]}, "Invalid cached[1]: "),
            ({"host": ""}, "Invalid host: "),
            ({"files": [{}]}, "Invalid files[0]"),
            ({"files": None}, "Invalid files"),
            ({"nosuch": 1}, "'nosuch'")):
        reply = ask(cloud.demo, base, files("a"), **more)
        status(reply, 400, repr(more))
        check(words in (reply.json or {}).get("message", ""),
              "%r names %r" % (reply.text, words))
    status(ask(cloud.demo, {"id": NOBODY}, []), 404)
    status(ask(cloud.demo, {"id": "x"}, []), 404)
    status(ask(cloud.anon, base, []), 401)
    status(cloud.demo.get("image", path(base, "/candidates")), 405)


def test_candidate_tenancy(cloud):
    """The same request of another project sees and uses nothing."""
    base = base_of(cloud)
    wanted = files("secret", "b", "c")
    image = made(cloud.demo, base, wanted)
    public = made(cloud.demo, base, wanted)
    patch(cloud.admin, public, [{"op": "replace", "path": "/visibility",
                                 "value": "public"}])
    shared = made(cloud.demo, base, wanted)
    patch(cloud.demo, shared, [{"op": "replace", "path": "/visibility",
                                "value": "shared"}])
    cloud.demo.post("image", path(shared, "/members"),
                    {"member": cloud.other.project_id})
    clean = asked(cloud.other, base_of(cloud), wanted)
    for client, what in ((cloud.other, "other"), (cloud.admin, "admin")):
        got = asked(client, base, wanted)
        equal((got["match"], got["image_id"]), ("base", base["id"]), what)
        equal((got["missing"], got["cost"], got["rates"]),
              (clean["missing"], clean["cost"], clean["rates"]), what)
        got = asked(client, base, wanted[:2])
        equal((got["image_id"], got["excess"]), (base["id"], []), what)
        got = client.post("image", "/v2/images/plans", {"sets": [
            {"base_image": base["id"], "files": wanted}]}).json
        equal(got["steps"][0]["source"], {"image_id": base["id"]}, what)
    own = made(cloud.other, base, wanted[:1])
    equal(asked(cloud.other, base, wanted)["image_id"], own["id"],
          "their own")
    best = asked(cloud.demo, base, wanted)["image_id"]
    check(best in (image["id"], public["id"], shared["id"]), "the owner's")
    hidden = active(cloud.demo, visibility="private")
    status(ask(cloud.other, hidden, wanted), 404)
    status(ask(cloud.other, base, wanted,
               project_id=cloud.demo.project_id), 403)
    got = asked(cloud.admin, base, wanted, project_id=cloud.demo.project_id)
    equal(got["image_id"], best, "an admin for a project")


def test_candidate_owner_changes(cloud):
    """An image that changes hands is a candidate of its new owner only."""
    base = base_of(cloud)
    wanted = files("a", "b")
    image = made(cloud.demo, base, wanted)
    status(patch(cloud.admin, image, [{
        "op": "replace", "path": "/owner",
        "value": cloud.other.project_id}]), 200)
    for extra in ([], files("c")):
        equal(asked(cloud.demo, base, wanted + extra)["image_id"],
              base["id"], "no longer")
        equal(asked(cloud.other, base, wanted + extra)["image_id"],
              image["id"], "now")
    got = cloud.other.get("image", path(image, "/manifest")).json
    equal((paths(got["files"]), got["base_image"]),
          (["/f/a", "/f/b"], base["id"]), "manifest")


def work_of(have, want):
    have = {f["path"]: f for f in have}
    want = {f["path"]: f for f in want}
    missing = [f for p, f in want.items() if have.get(p) != f]
    excess = [f for p, f in have.items() if want.get(p) != f]
    return missing, excess


def total_of(have, want, model):
    missing, excess = work_of(have, want)
    s = sum(f["size"] for f in missing) / RATES["transfer"]
    i = len(missing) * RATES["injection"]
    r = len(excess) * RATES["removal"]
    t = sum(f["size"] for f in excess) / RATES["transfer"]
    return round((s, s + i, s + i + r, s + i + t + r, s + i + r)[model - 1],
                 9)


def best_of(stored, base, wanted, model):
    """(id, cost) by a comparison with every image that shares a file."""
    rivals = {i: have for i, have in stored.items()
              if any(f in wanted for f in have)}
    rivals[base["id"]] = []
    order = {i: (total_of(have, wanted, model),
                 bool(work_of(have, wanted)[0]), i)
             for i, have in rivals.items()}
    exact = [i for i, have in rivals.items()
             if digest(have) == digest(wanted)]
    best = min(exact) if exact else min(order, key=order.get)
    return best, order[best][0]


def compare(cloud, base, pool, stored, seed):
    rand = random.Random(seed)
    for n in range(60):
        wanted = rand.sample(pool, rand.randint(1, 8))
        model = n % 5 + 1
        got = asked(cloud.demo, base, wanted, model=model)
        equal((got["image_id"], got["cost"]["total"]),
              best_of(stored, base, wanted, model), "case %d" % n)


def test_candidate_random(cloud):
    base, rand = base_of(cloud), random.Random(5)
    pool = files(*"abcdefghij", size=512)
    stored = {}
    for _ in range(12):
        inside = rand.sample(pool, rand.randint(1, 7))
        stored[made(cloud.demo, base, inside)["id"]] = inside
    compare(cloud, base, pool, stored, 1)
    # Again as if very many images had some of the files.
    for seed, common in ((2, "/f/a"), (3, "/f/e"), (4, "/f/z")):
        change = ("update image.files set uses = uses %s 300 where path <= "
                  "'" + common + "' and shelf_id = (select id from "
                  "image.shelves where base_id = '" + base["id"] + "')")
        cloud.sql(change % "+")
        compare(cloud, base, pool, stored, seed)
        cloud.sql(change % "-")


def test_candidate_common(cloud):
    """Beyond the first look: files that very many images have."""
    base = base_of(cloud)
    common = files(*("common%d" % i for i in range(3)))
    for i in range(5):
        made(cloud.demo, base, common + files("own%d" % i, size=10 + i))
    near = made(cloud.demo, base, common[:2] + files("p", "q"))
    cloud.sql("update image.files set uses = uses + 600 where path like "
              "'/f/common%'")
    got = asked(cloud.demo, base, common[:2] + files("p", "q", "r"))
    equal(got["image_id"], near["id"], "by its rarer files")
    equal(paths(got["missing"]), ["/f/r"], "the common ones counted")
    got = asked(cloud.demo, base, common + files("n"), model=4)
    equal(got["cost"]["transport"], 0.01, "the lightest, by common ones only")
    for model in (1, 2):
        got = asked(cloud.demo, base, common + files("n"), model=model)
        equal(paths(got["missing"]), ["/f/n"], "whatever must be removed")
    got = asked(cloud.demo, base, common + files("n"), rates=dict(
        RATES, removal=100))
    equal(got["match"], "base", "too much to remove")
    cloud.sql("update image.files set uses = uses - 600 where path like "
              "'/f/common%'")


# -- rates ---------------------------------------------------------------

def test_rates(cloud):
    """Moving averages of what hosts measured, each weighted by its amount."""
    def note(host, kind, amount, seconds):
        cloud.sql("select image.manifest_rate_note('%s', '%s', %g, %g)" %
                  (host, kind, amount, seconds))

    base, host = base_of(cloud), cloud.name("host")
    note(host, "transfer", 8000, 4)
    note(host, "injection", 16, 8)
    note(host, "injection", 2, 0)           # (8 * 7/8 + 0) / (16 * 7/8 + 2)
    note(host, "injection", 0, 1)           # nothing was done
    body = {"files": files("a")}
    where = path(base, "/candidates")
    got = cloud.demo.post("image", where, dict(body, host=host)).json
    equal((got["rates"]["transfer"], got["rates"]["injection"]),
          (2000.0, 0.4375), "rates of the host")
    got = cloud.demo.post("image", where, dict(
        body, host=host, rates={"transfer": 10})).json["rates"]
    equal((got["transfer"], got["injection"]), (10.0, 0.4375),
          "one of them overridden")
    note(cloud.name("host"), "transfer", 8000, 1)
    got = cloud.demo.post("image", where, body).json["rates"]
    check(abs(got["transfer"] - 3200) < 1e-6, "of all hosts: %r" % got)


def test_rates_of_each_other(cloud):
    """A host that has measured one of injection and removal only."""
    def told(host):
        got = cloud.demo.post("image", where, {
            "files": files("a"), "host": host}).json["rates"]
        equal(got["transfer"], 125e6, "nobody has measured a transfer")
        return round(got["injection"], 9), round(got["removal"], 9)

    def note(host, kind, seconds):
        cloud.sql("select image.manifest_rate_note('%s', '%s', 1, %g)" %
                  (host, kind, seconds))

    where = path(base_of(cloud), "/candidates")
    quick, slow = cloud.name("host"), cloud.name("host")
    cloud.sql("delete from image.rates")
    equal(told(quick), (0.007, 0.002), "a guess")
    note(quick, "injection", 0.0007)
    equal(told(quick), (0.0007, 0.0002), "removal, by injection")
    equal(told(slow), (0.0007, 0.0002), "of all hosts")
    note(slow, "removal", 0.0003)
    equal(told(slow), (0.0007, 0.0003), "the part of all hosts")
    note(slow, "injection", 0.0005)         # 0.0006 each, on all hosts
    equal(told(quick), (0.0007, 0.00035), "removal, in that proportion")
    note(slow, "removal", 5)
    equal(told(quick), (0.0007, 0.0007), "removal is not thought dearer")


# -- plans ---------------------------------------------------------------

def plan(client, sets, **more):
    return client.post("image", "/v2/images/plans", dict({
        "sets": [{"base_image": b["id"], "files": f} for b, f in sets],
        "rates": RATES}, **more), headers=JSON)


def test_plan_make(cloud):
    """From A's image to B, from B to C; D stands on another base."""
    base, far = base_of(cloud), base_of(cloud)
    stored = made(cloud.demo, base, files("1", "2", "3", "4"))
    sets = [(base, files("1", "2", "3", "5", "6", "7")),
            (base, files("1", "2", "3", "5")),
            (far, files("1", "2", "3", "5")),
            (base, files("1", "2", "3", "4"))]
    reply = plan(cloud.demo, sets)
    status(reply, 200)
    steps = reply.json["steps"]
    equal([s["set"] for s in steps], [1, 0, 2, 3], "order")
    equal([s["source"] for s in steps], [
        {"image_id": stored["id"]}, {"set": 1}, {"image_id": far["id"]},
        {"image_id": stored["id"]}], "sources")
    equal([s["match"] for s in steps], ["nearest", "nearest", "base",
                                        "exact"], "matches")
    equal(paths(steps[1]["missing"]), ["/f/6", "/f/7"], "missing")
    equal(paths(steps[0]["excess"]), ["/f/4"], "excess")
    equal([s["cost"]["total"] for s in steps], [3.5, 6.0, 12.0, 0.0],
          "costs")
    equal(reply.json["cost"], 21.5, "total")
    twice = plan(cloud.demo, sets[:1] * 3).json
    equal(sorted(s["cost"]["total"] for s in twice["steps"])[:2], [0, 0],
          "the same set is made once")
    equal([s["match"] for s in twice["steps"]], ["nearest", "exact",
                                                 "exact"], "exact")
    equal(plan(cloud.demo, sets).json, reply.json, "the same again")


def best_total(stored, sets, model):
    """The cheapest of all orders."""
    def step(want, there):
        return min(total_of(have, want, model) for have in there)
    best = None
    for order in itertools.permutations(sets):
        there, total = list(stored), 0
        for want in order:
            total += step(want, there)
            there.append(want)
        best = total if best is None else min(best, total)
    return best


def test_plan_random(cloud):
    base, rand = base_of(cloud), random.Random(6)
    pool = files(*"abcdefgh", size=512)
    stored = [[]]
    for _ in range(3):
        stored.append(rand.sample(pool, rand.randint(1, 5)))
        made(cloud.demo, base, stored[-1])
    for n in range(20):
        sets = [rand.sample(pool, rand.randint(1, 6))
                for _ in range(rand.randint(1, 5))]
        model = (1, 2, 3, 5)[n % 4]
        got = plan(cloud.demo, [(base, s) for s in sets], model=model).json
        have = [s for s in stored if any(f in w for w in sets for f in s)]
        equal(round(got["cost"], 9),
              round(best_total(have + [[]], sets, model), 9), "case %d" % n)


def test_plan_refused(cloud):
    base = base_of(cloud)
    status(plan(cloud.demo, []), 400)
    status(plan(cloud.demo, [(base, [])] * 65), 413)
    status(plan(cloud.demo, [({"id": NOBODY}, [])]), 404)
    reply = plan(cloud.demo, [(base, files("a")), (base, [file("x")])])
    status(reply, 400)
    check("Invalid sets[1].files[0].path: " in reply.json["message"],
          reply.text)
    reply = plan(cloud.demo, [({"id": "x"}, [])])
    status(reply, 400)
    check("Invalid sets[0].base_image: " in reply.json["message"],
          reply.text)
    status(plan(cloud.anon, [(base, [])]), 401)
    status(cloud.demo.get("image", "/v2/images/plans", headers=JSON), 404,
           "an image of that name")
    status(plan(cloud.demo, [(base, [])] * 64), 200)


# -- at the same time ----------------------------------------------------

def test_concurrent(cloud):
    """Many images of the same files come and go: all is counted right."""
    base = base_of(cloud)
    pool = files(*"abcdefghijklmnopqrst")
    bad, done, token = [], [], cloud.demo.token

    def work(seed):
        client, rand = Client(cloud.urls, token), random.Random(seed)
        for _ in range(8):
            image = create(client)
            for _ in range(2):
                reply = put(client, image, base, rand.sample(pool, 12))
                if reply.status != 200:
                    bad.append(reply)
            if rand.random() < 0.5:
                reply = client.delete("image", path(image))
                if reply.status != 204:
                    bad.append(reply)
        client.close()
        done.append(seed)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal((bad, len(done)), ([], 6), "replies")
    wrong = cloud.sql(
        "select count(*) from image.files f where f.uses <> (select count(*)"
        " from image.manifest_files m where m.file_id = f.id)")
    equal(int(wrong[0][0]), 0, "uses")
