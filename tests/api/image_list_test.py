# SPDX-License-Identifier: Apache-2.0
"""Lists of images: filters, order, pages."""
import hashlib
import time

from harness import check, equal, status
from image_kit import (
    JSON, NOBODY, create, explained, listed, patch, path, upload)


def test_list_filters(cloud):
    mark = cloud.name("set")
    images = [create(cloud.demo, name="%s-%d" % (mark, i), mark=mark,
                     tags=["t%d" % i, mark], min_ram=i, min_disk=5,
                     disk_format=("raw", "qcow2", "iso")[i],
                     protected=i == 1) for i in range(3)]
    upload(cloud.demo, images[0], b"x" * 10)
    names = [i["name"] for i in images]
    base = "sort=name:asc&mark=%s&" % mark
    for query, want in (
            ("", names), ("name=in:%s,%s" % (names[0], names[2]),
                          [names[0], names[2]]),
            ("name=in:%%22%s%%22,x" % names[1], names[1:2]),
            ("status=active", names[:1]), ("status=queued", names[1:]),
            ("tag=t1", names[1:2]), ("tag=t1&tag=" + mark, names[1:2]),
            ("tag=t1&tag=t2", []), ("disk_format=iso", names[2:]),
            ("disk_format=in:iso,raw", [names[0], names[2]]),
            ("container_format=bare", names), ("container_format=ovf", []),
            ("size_min=1", names[:1]), ("size_max=9", []),
            ("protected=true", names[1:2]), ("protected=False",
                                             [names[0], names[2]]),
            ("min_ram=2", names[2:]), ("owner=" + cloud.demo.project_id,
                                       names), ("owner=x", []),
            ("id=in:%s,%s" % (images[0]["id"], images[1]["id"]), names[:2]),
            ("id=nosuch", []), ("os_hidden=true", []),
            ("checksum=" + hashlib.md5(b"x" * 10).hexdigest(), names[:1]),
            ("created_at=gte:2020-01-01T00:00:00Z", names),
            ("created_at=lt:2020-01-01T00:00:00Z", []),
            ("created_at=" + images[0]["created_at"], None),
            ("updated_at=neq:2020-01-01T00:00:00Z", names),
            ("visibility=all", names), ("other=x", []),
            ("name=%27%3B%20drop%20table%20x", []), ("name=%22%5C%7B", [])):
        got = listed(cloud.demo, base + query)
        if want is None:
            check(names[0] in got, query)
        else:
            equal(got, want, query)
    patch(cloud.demo, images[0],
          [{"op": "add", "path": "/os_hidden", "value": True}])
    equal(listed(cloud.demo, base), names[1:], "hidden images")
    equal(listed(cloud.demo, base + "os_hidden=True"), names[:1], "hidden")


def test_list_sort(cloud):
    mark = cloud.name("sort")
    for name, ram in (("b", 1), ("a", 2), ("c", 3)):
        image = create(cloud.demo, name=name, mark=mark,
                       disk_format="raw" if ram > 1 else "iso")
        upload(cloud.demo, image, b"x" * (10 ** ram))
    base = "mark=%s&" % mark
    for query, want in (
            ("", "cab"), ("sort=name:asc", "abc"), ("sort=name", "cba"),
            ("sort_key=name&sort_dir=asc", "abc"),
            ("sort_key=name", "cba"), ("sort_dir=asc", "bac"),
            ("sort=size:desc", "cab"), ("sort=created_at:asc", "bac"),
            ("sort=disk_format:asc,name:desc", "bca"),
            ("sort=disk_format:desc,name:asc", "acb"),
            ("sort=status,size:asc", "bac"),
            ("sort=status,disk_format,created_at:asc", "acb"),
            ("sort_key=disk_format&sort_key=name&sort_dir=asc", "bac"),
            ("sort_key=disk_format&sort_key=name&sort_dir=asc&sort_dir=desc",
             "bca")):
        equal("".join(listed(cloud.demo, base + query)), want, query)
        pages = ""
        where = "/v2/images?limit=1&" + base + query
        while where:
            page = cloud.demo.get("image", where).json
            pages += "".join(i["name"] for i in page["images"])
            where = page.get("next")
        equal(pages, want, "in pages: " + query)


def test_list_pages(cloud):
    mark = cloud.name("page")
    for i in range(3):
        create(cloud.demo, name="x y", mark=mark)
    where = "/v2/images?name=x+y&mark=%s&limit=2" % mark
    reply = cloud.demo.get("image", where)
    line = cloud.log_of(reply)
    equal(line["sql"], "1", "statements of a list")
    page = reply.json
    equal(page["first"], where, "first")
    equal(page["schema"], "/v2/schemas/images", "schema")
    equal(page["next"], "%s&marker=%s" % (where, page["images"][1]["id"]),
          "next")
    page = cloud.demo.get("image", page["next"]).json
    equal(len(page["images"]), 1, "second page")
    equal(page["first"], where, "first of the second page")
    check("next" not in page, "it is the last")
    page = cloud.demo.get("image", "/v2/images?limit=0").json
    equal(page, {"images": [], "first": "/v2/images?limit=0",
                 "schema": "/v2/schemas/images"}, "limit=0")


def test_list_bad(cloud):
    create(cloud.demo)
    for query, text in (
            ("limit=abc", "limit param must be an integer"),
            ("limit=-1", "limit param must be positive"),
            ("sort_key=x", "Invalid sort key: x. It must be one of the "
             "following: name, status, container_format, disk_format, size, "
             "id, created_at, updated_at."),
            ("sort_dir=up", "Invalid sort direction: up"),
            ("sort=name:up", "Invalid sort direction: up"),
            ("sort=name&sort_key=id",
             "Old and new sorting syntax cannot be combined"),
            ("sort_key=id&sort_dir=asc&sort_dir=asc", "Number of sort dirs "
             "does not match the number of sort keys"),
            ("marker=" + NOBODY, "No image found with ID " + NOBODY),
            ("marker=x", "No image found with ID x"),
            ("visibility=foo", "Invalid visibility value: foo"),
            ("size_min=x", "Unable to filter on a range with a non-numeric "
             "value."), ("member_status=x", "Invalid status: x"),
            ("protected=x", "Invalid value 'x' for 'protected' filter. Valid "
             "values are 'true' or 'false'."),
            ("created_at=xx:1", "Bad \"created_at\" query filter format. Use "
             "ISO 8601 DateTime notation."),
            ("name=in:%22a", "Invalid filter value a. The quote is not "
             "closed.")):
        reply = cloud.demo.get("image", "/v2/images?" + query, headers=JSON)
        explained(reply, 400, "Bad Request", text)
    for query in ("tag=%FF", "name=%FF", "x=%FF", "%FF=x", "owner=%FF"):
        status(cloud.demo.get("image", "/v2/images?" + query), 400, query)


def test_list_speed(cloud):
    """A list of 1000 is one statement and a few milliseconds."""
    cloud.db.sql(
        "insert into image.images (id, owner, name, status, visibility, "
        "disk_format, container_format, size, properties) select "
        "gen_random_uuid(), '%s', 'bulk-' || i, 'active', 'private', 'raw', "
        "'bare', i, '{\"bulk\": \"1\", \"os_distro\": \"debian\"}' "
        "from generate_series(1, 1000) i; analyze image.images"
        % cloud.demo.project_id)
    best = 1e9
    for _ in range(10):
        began = time.monotonic()
        reply = cloud.demo.get("image", "/v2/images?bulk=1&limit=1000")
        best = min(best, time.monotonic() - began)
    equal(len(reply.json["images"]), 1000, "images")
    check(best < 0.1, "1000 images in %.1f ms" % (best * 1000))
    cloud.db.sql("delete from image.images where name like 'bulk-%'")
