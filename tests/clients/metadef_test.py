#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the glance CLI, whose library user interfaces use as well, makes of the
metadata definitions of managed boot. It checks replies by the schemas that it
fetches."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "api"))
import compute_kit as kit  # noqa: E402
from harness import Cloud, Count, check, equal  # noqa: E402

NS = "OS::Lite::ManagedBoot"


def glance(cloud, *words):
    """(exit code, rows of the table by their first column, errors)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
    env.update(OS_AUTH_URL="http://%s:%d/v3" % cloud.urls["identity"],
               OS_USERNAME="demo", OS_PASSWORD=cloud.secret("demo"),
               OS_PROJECT_NAME="demo", OS_USER_DOMAIN_ID="default",
               OS_PROJECT_DOMAIN_ID="default", COLUMNS="4000",
               HOME=cloud.path("home"))
    done = subprocess.run(["glance", *words], env=env, text=True,
                          capture_output=True)
    return done.returncode, table(done.stdout), done.stderr + done.stdout


def table(text):
    """A long cell goes on in lines without a first column."""
    rows, last = {}, None
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[1:]:
        first, *rest = [c.strip() for c in line.strip("|").split("|")]
        if first:
            last = rows[first] = rest
        else:
            last[:] = [" ".join(pair) for pair in zip(last, rest)]
    return rows


def good(cloud, *words):
    code, rows, text = glance(cloud, *words)
    equal(code, 0, " ".join(words) + ": " + text)
    return rows


def offer(cloud, kind, name, **properties):
    return kit.image(cloud, cloud.admin, name=name, visibility="public",
                     disk_format=kind, container_format="bare"
                     if kind == "raw" else kind, **properties)


def walk(cloud):
    kernel = offer(cloud, "aki", "linux")
    offer(cloud, "raw", "set", **{"boot:set_kernel": kernel,
                                  "boot:set_modules": "xfs,loop"})
    for words in ((), ("--resource-types", "OS::Nova::Server"),
                  ("--page-size", "1"), ("--visibility", "public")):
        equal(set(good(cloud, "md-namespace-list", *words)),
              {NS, "OS::Lite::OSImage"}, words)
    equal(good(cloud, "md-namespace-list", "--resource-types",
               "OS::Cinder::Volume"), {}, "of no other type")
    for words in (), ("--resource-type", "OS::Nova::Server"):
        shown = good(cloud, "md-namespace-show", NS, *words)
        equal((shown["namespace"], shown["visibility"], shown["protected"]),
              ([NS], ["public"], ["True"]), words)
        check("boot:module_policy" in shown["properties"][0], "properties")
    kinds = {name: row[1]
             for name, row in good(cloud, "md-property-list", NS).items()}
    equal((len(kinds), kinds["boot:modules"], kinds["boot:ramdisk_size"]),
          (6, "array", "integer"), "properties")
    one = good(cloud, "md-property-show", NS, "boot:modules")
    equal(json.loads(one["items"][0]),
          {"type": "string", "enum": ["loop", "xfs"]}, "modules")
    one = good(cloud, "md-property-show", NS, "boot:kernel")
    equal(json.loads(one["enum"][0]), ["linux"], "kernels")
    equal(good(cloud, "md-namespace-resource-type-list", NS)[
        "OS::Nova::Server"], ["", "metadata"], "what it is for")
    check("OS::Nova::Flavor" in good(cloud, "md-resource-type-list"), "types")
    for what in "object", "tag":
        equal(good(cloud, "md-%s-list" % what, NS), {}, what)
    code, _, text = glance(cloud, "md-namespace-show", "no")
    check(code and "Metadata definition namespace=no was not found." in text,
          "an unknown one: " + text)


def main():
    Count.where = "metadef_test"
    with Cloud() as cloud:
        os.mkdir(cloud.path("home"))
        walk(cloud)
    print("%d passed, %d failed" % (Count.passed, Count.failed))
    return 1 if Count.failed or not Count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
