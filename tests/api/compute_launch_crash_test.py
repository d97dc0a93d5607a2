# SPDX-License-Identifier: Apache-2.0
"""Made images when somebody dies: the agent at every step of making and of
storing one, glance-lite while it receives one, another host while it makes
one. The server ends active and what is offered is whole."""
import hashlib
import os
import subprocess
import time

import cloud as base
import settings
from compute_kit import create, delete, get, put
from compute_launch_test import (action, active, demo, made, one, show,
                                 stored, with_user)
from harness import check, equal, free_ports, need, status, until

CLOUD = {"compute": True}
OTHER = "elsewhere"


def steps(cloud):
    agent = os.path.join(cloud.bin, "nova-lite-compute")
    listed = subprocess.run([agent, "--dump-steps"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.split()
    return [s for s in listed if s == "server_create.files" or
            s.startswith("image_snapshot.")]


def whole(cloud, user):
    """Every image that is offered is what its manifest and digest say."""
    for image in made(user):
        got = user.get("image", "/v2/images/%s/file" % image["id"])
        status(got, 200, "download")
        path = cloud.path("check.qcow2")
        with open(path, "wb") as f:
            f.write(got.body)
        done = subprocess.run(["qemu-img", "check", "-q", path])
        equal(done.returncode, 0, "qemu-img check")
        os.unlink(path)


def nothing_left(cloud, user):
    """No claim, no part of a file, no image that is not active."""
    need(until(lambda: cloud.sql("select count(*) from lite.jobs")[0][0] ==
               "0", 60), "no job is left")
    equal(cloud.sql("select count(*) from compute.completions")[0][0], "0",
          "claims")
    equal(cloud.sql("select count(*) from compute.contents")[0][0], "0",
          "contents")
    equal(cloud.sql("select count(*) from image.images where owner = '%s' "
                    "and status not in ('active', 'deleted')" %
                    user.project_id)[0][0], "0", "images that are not whole")
    folder = cloud.path("nova", "images")
    equal([n for n in os.listdir(folder) if n.endswith(".part")], [],
          "parts of files")


def gone(cloud, name):
    """Waits for a daemon to die of its fault; and forgets it."""
    process = cloud.process(name)
    need(until(lambda: not process.alive(), 60), name + " dies")
    process.wait()
    cloud.processes.remove(process)


def test_agent_dies(cloud):
    user = with_user(cloud)
    n = 0
    for step in steps(cloud):
        for when in ("", ":after"):
            n += 1
            cloud.restart("nova-lite-compute",
                          env={"LITE_CRASH_AT": step + when})
            server = create(cloud, user, demo(cloud), personality=[
                one("/opt/%d" % n, os.urandom(4000))])
            gone(cloud, "nova-lite-compute")
            cloud.add("nova-lite-compute")
            active(user, server)
            stored(user, n)
            nothing_left(cloud, user)
            delete(user, "/servers/" + server)
    equal(n, 8, "deaths")
    whole(cloud, user)


def test_agent_is_killed(cloud):
    """In the middle of a step: while it edits, packs, or sends."""
    user = with_user(cloud)
    folder = cloud.path("nova", "images")
    for n, wait in enumerate((0, 0.02, 0.05, 0.1, 0.15, 0.25), 1):
        server = create(cloud, user, demo(cloud), personality=[
            one("/opt/%d" % n, os.urandom(10000))])
        need(until(lambda: [f for f in os.listdir(folder)
                            if f.endswith(".part")], 30, 0.0005), "a part")
        time.sleep(wait)
        agent = cloud.process("nova-lite-compute")
        agent.kill()
        agent.wait()
        cloud.processes.remove(agent)
        cloud.add("nova-lite-compute")
        active(user, server)
        stored(user, n)
        nothing_left(cloud, user)
        delete(user, "/servers/" + server)
    whole(cloud, user)


def test_snapshot_fails(cloud):
    """A failed snapshot fails no server, and is made anew by the next."""
    user = with_user(cloud)
    files = [one("/opt/a", os.urandom(4000))]
    for at in (":undo", ":undone"):
        cloud.restart("nova-lite-compute", env={
            "LITE_FAIL_AT": "image_snapshot.manifest",
            "LITE_CRASH_AT": "image_snapshot.create" + at})
        server = create(cloud, user, demo(cloud), personality=files)
        gone(cloud, "nova-lite-compute")
        cloud.add("nova-lite-compute")
        active(user, server)
        nothing_left(cloud, user)
        equal(made(user), [], "snapshots")
        delete(user, "/servers/" + server)
    server = create(cloud, user, demo(cloud), personality=files)
    active(user, server)
    stored(user, 1)
    delete(user, "/servers/" + server)


def test_glance_dies(cloud):
    """Killed while it receives: the job tries again."""
    user = with_user(cloud)
    folder = cloud.path("images", "incoming")
    for n in range(1, 4):
        server = create(cloud, user, demo(cloud), personality=[
            one("/opt/%d" % i, os.urandom(10000)) for i in range(4)] + [
            one("/opt/x%d" % n, b"x")])
        until(lambda: os.path.isdir(folder) and os.listdir(folder), 10,
              0.0005)
        glance = cloud.process("glance-lite")
        glance.kill()
        glance.wait()
        cloud.processes.remove(glance)
        time.sleep(0.2)
        cloud.add("glance-lite")
        cloud.wait_ready()
        active(user, server)
        stored(user, n)
        nothing_left(cloud, user)
        delete(user, "/servers/" + server)
    whole(cloud, user)


# -- another host -----------------------------------------------------------

def digest(path, data):
    """Of the set of one file, as api-ref/manifests.md has it."""
    record = "%s %d %d 0 0 %s\0" % (hashlib.sha256(data).hexdigest(),
                                    len(data), 0o644, path)
    return hashlib.sha256(record.encode()).hexdigest()


def other_host(cloud, user, data, seen):
    """Another host makes the set, and was seen so many seconds ago."""
    cloud.sql("insert into compute.hosts (name, hypervisor_hostname, zone, "
              "disabled, heartbeat, vcpus, memory_mb, local_gb, cpu_info) "
              "values ('%s', '%s', 'nova', true, now() - interval '%d s', "
              "1, 1, 1, '{}') on conflict (name) do update set heartbeat = "
              "excluded.heartbeat" % (OTHER, OTHER, seen))
    cloud.sql("insert into compute.completions (project_id, base_id, digest, "
              "image_id, host) values ('%s', '%s', '%s', "
              "gen_random_uuid(), '%s')" % (
                  user.project_id, demo(cloud), digest("/opt/a", data),
                  OTHER))


def test_waits_for_other_host(cloud):
    user = with_user(cloud)
    data = os.urandom(3000)
    other_host(cloud, user, data, -3600)
    server = create(cloud, user, demo(cloud), personality=[
        one("/opt/a", data)])
    time.sleep(2)
    equal(show(user, server)["status"], "BUILD", "it waits")
    equal(made(user), [], "nothing is made here")
    cloud.sql("delete from compute.completions where host = '%s'" % OTHER)
    active(user, server)
    check(action(user, server)[0].startswith("No candidate; injected"),
          "made here, when the other host has given up")
    stored(user, 1)
    delete(user, "/servers/" + server)


def test_other_host_is_dead(cloud):
    user = with_user(cloud)
    data = os.urandom(3000)
    other_host(cloud, user, data, 120)
    server = create(cloud, user, demo(cloud), personality=[
        one("/opt/a", data)])
    active(user, server)
    stored(user, 1)
    nothing_left(cloud, user)
    delete(user, "/servers/" + server)


def second_agent(cloud):
    """A host of its own beside the cloud's: another name, another state."""
    values = settings.common(cloud, "nova-lite-compute")
    values["compute", "host"] = "second"
    values["compute", "state_path"] = cloud.path("second")
    values["DEFAULT", "listen"] = "127.0.0.1:%d" % free_ports(1)[0]
    os.makedirs(cloud.path("second"), exist_ok=True)
    os.chmod(cloud.path("second"), 0o711)
    conf = cloud.path("conf", "second.conf")
    settings.write(conf, settings.ini(values), 0o600)
    agent = base.Process("second", [os.path.join(
        cloud.bin, "nova-lite-compute"), "--config", conf],
        cloud.path("log", "second.log"), env=cloud.env).start()
    need(until(lambda: cloud.sql("select count(*) from compute.hosts where "
                                 "name = 'second'")[0][0] == "1", 30),
         "the second host")
    return agent


def test_two_hosts(cloud):
    """Two hosts that want a set at once: one makes it, and both have it."""
    agent = second_agent(cloud)
    user, data = cloud.admin, os.urandom(60000)
    first = cloud.sql("select name from compute.hosts where name not in "
                      "('second', '%s')" % OTHER)[0][0]
    put(user, "/os-quota-sets/" + user.project_id, {"quota_set": {
        "injected_file_content_bytes": -1}})
    try:
        before = len(made(user))
        servers = [create(cloud, user, demo(cloud), availability_zone="nova:" +
                          host, personality=[one("/opt/both", data)])
                   for host in (first, "second")]
        for server in servers:
            active(user, server)
        said = sorted(action(user, s)[0].split()[0] for s in servers)
        equal(said, ["Exact", "No"], "one makes it")
        stored(user, before + 1)
        image = made(user)[0]["id"]
        for state in ("nova", "second"):
            check(os.path.exists(cloud.path(state, "images", image +
                                            ".delta")), "cache of " + state)
        for server in servers:
            delete(user, "/servers/" + server)
            need(until(lambda: get(user, "/servers/" + server).status == 404,
                       60), "gone")
        nothing_left(cloud, user)
    finally:
        agent.stop()
        cloud.sql("update compute.hosts set disabled = true where name = "
                  "'second'")


def test_deleted_while_waiting(cloud):
    user = with_user(cloud)
    data = os.urandom(3000)
    other_host(cloud, user, data, -3600)
    server = create(cloud, user, demo(cloud), personality=[
        one("/opt/a", data)])
    time.sleep(1)
    delete(user, "/servers/" + server)
    need(until(lambda: get(user, "/servers/" + server).status == 404, 20),
         "gone")
    cloud.sql("delete from compute.completions where host = '%s'" % OTHER)
    nothing_left(cloud, user)
