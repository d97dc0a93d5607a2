#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the openstack CLI, which knows nothing of deltas, makes of images that
are stored so: list, show, save, and delete of their base."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "api"))
from delta_kit import SIZE, Disks, base_image, run, stored  # noqa: E402
from harness import Cloud, Count, check, equal  # noqa: E402


def openstack(cloud, user, *words):
    """(exit code, output, errors) of the CLI as a user in his project."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
    env.update(OS_AUTH_URL="http://%s:%d/v3" % cloud.urls["identity"],
               OS_USERNAME=user, OS_PASSWORD=cloud.secret(user),
               OS_PROJECT_NAME=user, OS_USER_DOMAIN_ID="default",
               OS_PROJECT_DOMAIN_ID="default", OS_IDENTITY_API_VERSION="3")
    done = subprocess.run(["openstack", *words], env=env, text=True,
                          capture_output=True)
    return done.returncode, done.stdout, done.stderr


def shown(cloud, image):
    code, out, errors = openstack(cloud, "demo", "image", "show", "-f",
                                  "json", image["id"])
    equal(code, 0, "image show: " + errors)
    return json.loads(out)


def walk(cloud):
    disks = Disks(cloud)
    base, overlay = base_image(cloud, disks), disks.overlay("a")
    image = stored(cloud, base, overlay)
    code, out, errors = openstack(cloud, "demo", "image", "list", "--long")
    equal(code, 0, "image list: " + errors)
    check(image["id"] in out, "the list has it")
    got = shown(cloud, image)
    equal((got["status"], got.get("size"), got["virtual_size"]),
          ("active", None, SIZE), "before")
    saved = disks.path("saved")
    code, _, errors = openstack(cloud, "demo", "image", "save", "--file",
                                saved, image["id"])
    equal(code, 0, "image save: " + errors)
    run("qemu-img", "check", "-q", "-f", "qcow2", saved)
    run("qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", saved,
        overlay)
    equal(shown(cloud, image)["size"], os.path.getsize(saved), "afterwards")
    other = stored(cloud, base, overlay)
    code, out, errors = openstack(cloud, "admin", "image", "delete",
                                  base["id"])
    check(code and other["id"] in out + errors and
          image["id"] not in out + errors, "the base is in use: " + errors)
    code, _, errors = openstack(cloud, "demo", "image", "delete",
                                other["id"])
    equal(code, 0, "image delete: " + errors)
    code, _, errors = openstack(cloud, "admin", "image", "delete",
                                base["id"])
    equal(code, 0, "and of the base: " + errors)
    os.unlink(saved)
    code, _, errors = openstack(cloud, "demo", "image", "save", "--file",
                                saved, image["id"])
    equal(code, 0, "image save without the base: " + errors)


def main():
    Count.where = "delta_test"
    with Cloud() as cloud:
        walk(cloud)
    print("%d passed, %d failed" % (Count.passed, Count.failed))
    return 1 if Count.failed or not Count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
