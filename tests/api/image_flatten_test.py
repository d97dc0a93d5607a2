# SPDX-License-Identifier: Apache-2.0
"""Bases that are deleted, and the images that rest on them as deltas."""
import concurrent.futures

from delta_kit import (
    Disks, base_image, begin, begun, complete, download, read, send, stored)
from harness import Client, Cloud, check, equal, status, until
from image_kit import JSON, V21, explained, files, path, show


def delete(client, image, query=""):
    return client.delete("image", path(image) + query, headers=JSON)


def in_use(reply, base, names):
    explained(reply, 409, "Conflict",
              "Image %s could not be deleted because it is in use: it is the "
              "base of %s. Delete with flatten=true makes those independent."
              % (base["id"], names))


def named(*images):
    return ", ".join(sorted(i["id"] for i in images))


def made(cloud):
    """A base, its overlay, and a delta of each of two projects."""
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    return disks, base, overlay, [stored(cloud, base, overlay, client)
                                  for client in (cloud.demo, cloud.other)]


def test_flatten_refused(cloud):
    """409 with the ids that the caller may see; nothing changes."""
    disks, base, overlay, (mine, theirs) = made(cloud)
    before = files(cloud)
    in_use(delete(cloud.admin, base), base, named(mine, theirs))
    handed = cloud.admin.patch("image", path(base), [
        {"op": "replace", "path": "/visibility", "value": "community"},
        {"op": "replace", "path": "/owner", "value": cloud.demo.project_id}],
        headers=dict(JSON, **{"Content-Type": V21}))
    status(handed, 200)
    in_use(delete(cloud.demo, base), base,
           named(mine) + " and images of other projects")
    status(cloud.demo.delete("image", path(mine)), 204)
    in_use(delete(cloud.demo, base), base, "images of other projects")
    for query, client, code in (
            ("?flatten=false", cloud.demo, 409),
            ("?flatten=maybe", cloud.demo, 400),
            ("?flatten=true", cloud.other, 403),
            ("?flatten=true", cloud.reader, 403)):
        status(delete(client, base, query), code, query)
    equal(files(cloud), before - {mine["id"] + ".delta"}, "files")
    equal(show(cloud.other, base).json["status"], "active", "base")
    equal(show(cloud.other, theirs).json["size"], None, "not made complete")
    status(cloud.other.delete("image", path(theirs)), 204)
    status(delete(cloud.demo, base), 204, "nobody is left")


def test_flatten_many(cloud):
    """The message does not grow without bound."""
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    images = sorted(stored(cloud, base, overlay)["id"] for _ in range(18))
    in_use(delete(cloud.admin, base), base,
           ", ".join(images[:16]) + " and others")


def lives_on(disks, client, image, base):
    reply = download(client, image)
    status(reply, 200, "its data")
    complete(disks, disks.path("a"), reply.body, "flattened")
    status(client.get("image", path(image, "/delta")), 404, "no delta")
    got = show(client, image).json
    equal((got["status"], got["size"], got["inject_base_image"]),
          ("active", len(reply.body), base["id"]), "image")
    got = client.get("image", path(image, "/manifest")).json
    equal((got["base_image"], got["file_count"]), (base["id"], 1), "manifest")


def test_flatten(cloud):
    disks, base, overlay, images = made(cloud)
    held = {i["id"] for i in images}
    status(cloud.admin.post("image", path(base, "/actions/deactivate")), 204)
    reply = delete(cloud.admin, base, "?flatten=true")
    status(reply, 204)
    status(show(cloud.admin, base), 404, "base")
    equal({f for f in files(cloud) if f[:36] in held | {base["id"]}}, held,
          "files")
    for client, image in zip((cloud.demo, cloud.other), images):
        lives_on(disks, client, image, base)
    for client, image in zip((cloud.demo, cloud.other), images):
        status(client.delete("image", path(image)), 204)
    check(not {f for f in files(cloud) if f[:36] in held}, "no file is left")


def test_flatten_whole(cloud):
    """What was made complete already keeps nobody from deleting."""
    disks, base, overlay, images = made(cloud)
    for client, image in zip((cloud.demo, cloud.other), images):
        status(download(client, image), 200)
    status(delete(cloud.admin, base), 204)
    for client, image in zip((cloud.demo, cloud.other), images):
        lives_on(disks, client, image, base)


def test_flatten_chain(cloud):
    """A complete image may be a base, and is then one like any."""
    disks, base, overlay, (mine, theirs) = made(cloud)
    status(download(cloud.demo, mine), 200)
    data = read(disks.overlay("c", 0x43))
    image = begun(cloud, mine)
    status(send(cloud, image, data), 204)
    status(delete(cloud.admin, base, "?flatten=true"), 204)
    in_use(delete(cloud.demo, mine), mine, named(image))
    equal(cloud.demo.get("image", path(image, "/delta")).headers[
        "X-Image-Base"], mine["id"], "base")
    complete(disks, disks.path("c"), download(cloud.demo, image).body,
             "on a complete image")
    status(delete(cloud.demo, mine), 204)


def test_flatten_protected(cloud):
    disks, base, overlay, (mine, theirs) = made(cloud)
    status(cloud.admin.patch("image", path(base), [
        {"op": "replace", "path": "/protected", "value": True}],
        headers=dict(JSON, **{"Content-Type": V21})), 200)
    for query in ("", "?flatten=true"):
        explained(delete(cloud.admin, base, query), 403, "Forbidden",
                  "Image %s is protected and cannot be deleted." % base["id"])
    equal(show(cloud.demo, mine).json["size"], None, "not made complete")


def test_flatten_saving():
    """A delta that is on its way holds its base, until it is broken off."""
    with Cloud() as own:
        disks = Disks(own)
        base, data = base_image(own, disks), read(disks.overlay("a"))
        image = begun(own, base)
        with begin(own, image, data[:1000], len(data)) as sock:
            for query in ("", "?flatten=true"):
                in_use(delete(own.admin, base, query), base, named(image))
            sock.sendall(data[1000:])
            check(b" 204 " in sock.recv(4096), "the upload ends well")
        other = begun(own, base)
        with begin(own, other, data[:1000], len(data)):
            own.restart("glance-lite", sig=9)
        own.wait_ready()
        in_use(delete(own.admin, base), base, named(image))
        # The delete was recorded, and its daemon died.
        status(download(own.demo, image), 200)
        own.db.sql("update image.images set status = 'pending_delete', "
                   "deleted_at = now() where id = '%s'" % base["id"])
        own.restart("glance-lite", sig=9)
        own.wait_ready()
        equal(files(own), {image["id"]}, "files")
        equal(own.db.sql("select count(*) from image.deltas"), [["0"]],
              "rows")


def waiting(cloud, n):
    """n statements wait for a row."""
    return until(lambda: cloud.db.sql(
        "select count(*) from pg_stat_activity where wait_event_type = "
        "'Lock'") == [[str(n)]], 5)


def test_flatten_order():
    """Upload and delete wait for the same row, in either order: the second
    knows of the first, which was not there when it began."""
    with Cloud() as own, concurrent.futures.ThreadPoolExecutor(3) as pool:
        disks = Disks(own)
        data = read(disks.overlay("a"))
        for first in ("upload", "delete"):
            base = base_image(own, disks)
            image = begun(own, base)
            a, b = (Client(own.urls, own.admin.token) for _ in range(2))
            calls = {"upload": lambda: a.put("image", path(image, "/delta"),
                                             data, headers=JSON),
                     "delete": lambda: delete(b, base)}
            second = ({"upload", "delete"} - {first}).pop()
            held = pool.submit(own.db.sql, "begin; select from image.images "
                               "where id = '%s' for update; select "
                               "pg_sleep(2); commit" % base["id"])
            check(until(lambda: own.db.sql(
                "select count(*) from pg_stat_activity where wait_event = "
                "'PgSleep'") == [["1"]], 5), "the row is locked")
            one = pool.submit(calls[first])
            check(waiting(own, 1), first + " waits")
            two = pool.submit(calls[second])
            check(waiting(own, 2), second + " waits, too")
            held.result()
            equal((one.result().status, two.result().status), (204, 409),
                  first + " was first")
            equal([show(own.admin, i).status for i in (base, image)],
                  [200, 200] if first == "upload" else [404, 200], "images")


def race(cloud, pool, base, data, query):
    """A delta arrives while its base is deleted: (upload, delete)."""
    image = begun(cloud, base)
    a, b = (Client(cloud.urls, cloud.admin.token) for _ in range(2))
    up = pool.submit(a.put, "image", path(image, "/delta"), data)
    down = pool.submit(delete, b, base, query)
    return image, (up.result().status, down.result().status)


def test_flatten_race(cloud):
    """However it goes, what was stored can be downloaded."""
    disks = Disks(cloud)
    data = read(disks.overlay("a"))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for n in range(12):
            base = base_image(cloud, disks)
            image, got = race(cloud, pool, base, data,
                              ("", "?flatten=true")[n % 2])
            check(got in ((204, 409), (409, 204)) or
                  n % 2 and got == (204, 204), "statuses: %r" % (got,))
            equal(show(cloud.admin, base).status, 404 if got[1] == 204
                  else 200, "base")
            if got[0] == 204:
                complete(disks, disks.path("a"),
                         download(cloud.demo, image).body, "image")
            else:
                equal(show(cloud.demo, image).json["status"], "queued",
                      "image")
