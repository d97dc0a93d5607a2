#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The compute agent killed before and after every step of creating, making
anew, undoing and deleting a server, and while files go into its disk:
crash_test.py IMAGE.qcow2

Real PostgreSQL, libvirt and QEMU. After each death the next start of the agent
must bring the server to its end: running (or stopped, as it was), or in error
with nothing left, or gone with nothing left.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tox-free-ci"))
from postgres import Postgres, as_owner  # noqa: E402

BIN = os.path.abspath(os.environ.get("LITE_BIN", ROOT + "/build/release/bin"))
AGENT = os.path.join(BIN, "nova-lite-compute")
IMAGE = "11111111-1111-4111-8111-111111111111"
OTHER = "44444444-4444-4444-8444-444444444444"     # the same bytes
FLAVOR = """{{"id": "1", "name": "m1.tiny", "ram": 96, "disk": 0, "vcpus": 1,
    "extra_specs": {{}}}}"""
HOST = "crash-host"
# The guest tells what it sees of the file that it was given.
TELL = base64.b64encode(b"""#!/bin/sh
echo "TOLD $(wc -c </opt/crash) $(tail -c 5 /opt/crash)" >/dev/ttyS0
""").decode()

CATALOG = """
insert into compute.networks (id, name) values
    ('22222222-2222-4222-8222-222222222222', 'private');
insert into compute.subnets (id, network_id, name, cidr, gateway, first, last)
values ('33333333-3333-4333-8333-333333333333',
    '22222222-2222-4222-8222-222222222222', 'private', '172.24.4.0/24',
    '172.24.4.1', '172.24.4.2', '172.24.4.254');
insert into image.images (id, owner, status, disk_format, container_format,
    size) select x::uuid, 'p', 'active', 'qcow2', 'bare', 1
from unnest('{%s, %s}'::text[]) x;
""" % (IMAGE, OTHER)
# A file of so many bytes that ends in "crash", and its contents.
DATA = "(repeat('x', {size} - 5) || 'crash')::bytea"
FILES = """jsonb_build_array(jsonb_build_object('path', '/opt/crash',
    'mode', '0644', 'size', {size}, 'sha256', encode(sha256(%s), 'hex')))
""" % DATA
CONTENTS = """
insert into compute.contents (request_id, sha256, data)
select '{req}', encode(sha256(data), 'hex'), data from (select %s as data) d;
""" % DATA
CREATE = """
insert into compute.servers (id, project_id, user_id, name, hostname, image_id,
    flavor_id, flavor, vcpus, ram, disk, host, config_drive, reservation_id,
    request_id, user_data)
values ('{id}', 'p', 'u', 's', 's', '%s', '1', '%s', 1, 96, 0, '%s', true,
    'r-1', '{req}', '%s');
insert into compute.ports (network_id, subnet_id, project_id, server_id, mac,
    ip) values ('22222222-2222-4222-8222-222222222222',
    '33333333-3333-4333-8333-333333333333', 'p', '{id}', compute.mac_new(),
    '172.24.4.10');
insert into compute.actions (server_id, action, request_id, user_id,
    project_id) values ('{id}', 'create', '{req}', 'u', 'p');
insert into lite.jobs (kind, host, subject, request_id, args)
values ('server_create', '%s', '{id}', '{req}',
    jsonb_build_object('files', %s));
""" % (IMAGE, FLAVOR, HOST, TELL, HOST, FILES) + CONTENTS
WHO = """'{{"user_id": "u", "project_id": "p", "request_id": "{req}"}}'"""
REBUILD = """select compute.server_rebuild('{id}', null, jsonb_build_object(
    'image_id', '{image}', 'admin', true, 'plain_files', 0,
    'job', jsonb_build_object('preserve_ephemeral', {preserve},
    'files', %s)), %s);""" % (FILES, WHO) + CONTENTS
DELETE = "select compute.server_delete('{id}', null, %s)" % WHO


class Rig:
    def __init__(self, folder, image):
        self.socket = os.path.join(folder, "agent.sock")
        self.state = os.path.join(folder, "state")
        self.pg = Postgres(os.path.join(folder, "pg"), durable=False)
        self.pg.init()
        self.server = subprocess.Popen(
            self.pg.command(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **as_owner())
        self.pg.ready(lambda: self.server.poll() is None)
        self.virt = os.path.join(folder, "virt")
        self.uri = self.libvirt("start").strip()
        os.makedirs(os.path.join(self.state, "images"), mode=0o711)
        for name in (OTHER, IMAGE):
            self.image = os.path.join(self.state, "images", name + ".qcow2")
            shutil.copy(image, self.image)
            os.chmod(self.image, 0o444)
        self.conf = os.path.join(folder, "agent.conf")
        with open(self.conf, "w") as f:
            f.write("[DEFAULT]\nlisten = unix:%s\n"
                    "[database]\nconnection = %s\n[compute]\nhost = %s\n"
                    "state_path = %s\nconnection_uri = %s\n"
                    "virt_type = qemu\n" % (self.socket, self.pg.dsn,
                                            HOST, self.state, self.uri))
        self.log = open(os.path.join(folder, "agent.log"), "w")

    def libvirt(self, verb):
        return subprocess.run(
            ["sh", HERE + "/libvirtd-private.sh", verb, self.virt],
            check=True, stdout=subprocess.PIPE, text=True).stdout

    def agent(self, **env):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        return subprocess.Popen([AGENT, "--config", self.conf],
                                env=dict(os.environ, **env),
                                stdin=subprocess.DEVNULL, stderr=self.log)

    def one(self, text):
        return self.pg.sql(text)[0][0]

    def run_jobs(self):
        """The agent, until no job is left."""
        agent, end = self.agent(), time.monotonic() + 60
        while time.monotonic() < end and agent.poll() is None:
            if os.path.exists(self.socket) and \
                    self.one("select count(*) from lite.jobs") == "0":
                break
            time.sleep(0.03)
        agent.terminate()
        if agent.wait(30):
            raise RuntimeError("the agent ended with %d" % agent.returncode)

    def die(self, **env):
        """The agent, until it dies of its fault; its status."""
        agent = self.agent(**env)
        try:
            return agent.wait(30)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()
            return None

    def domain(self, server):
        """"running", "shut off", or "" when there is none."""
        done = subprocess.run(
            ["virsh", "-q", "-c", self.uri, "domstate", server],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip()

    def left(self, server):
        """What is on the host of the server."""
        found = [self.domain(server)] if self.domain(server) else []
        for name in ("instances/", "metadata/"):
            if os.path.exists(os.path.join(self.state, name + server)):
                found.append(name)
        return found

    def base(self, server):
        """The image that the server's disk is a layer over."""
        out = subprocess.run(
            ["qemu-img", "info", "-U", "--output=json", self.disk(server)],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        return os.path.basename(json.loads(out)["backing-filename"])[:36]

    def disk(self, server, name="disk"):
        return os.path.join(self.state, "instances", server, name)

    def stop(self):
        self.libvirt("stop")
        self.server.terminate()
        self.server.wait()


class Score:
    passed = failed = 0

    def check(self, name, got, want):
        if got == want:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL %s: %r, not %r" % (name, got, want), flush=True)


def state(rig, server):
    return rig.pg.sql(
        "select vm_state, coalesce(task_state, ''), power_state, "
        "deleted_at is not null, (select count(*) from compute.ports "
        "where server_id = s.id) from compute.servers s where id = '%s'"
        % server)[0]


def create(rig, size=5):
    """A server with a file of so many bytes that ends in "crash"."""
    server = str(uuid.uuid4())
    rig.pg.sql(CREATE.format(id=server, req="req-" + server, size=size))
    return server


def delete(rig, server):
    rig.pg.sql(DELETE.format(id=server, req="req-d" + server))


def rebuild(rig, server, image, size=5, preserve=False):
    rig.pg.sql(REBUILD.format(id=server, image=image, size=size,
                              preserve=preserve,
                              req="req-" + str(uuid.uuid4())))


def check_running(rig, score, name, server):
    score.check(name, state(rig, server), ["active", "", "1", "f", "1"])
    score.check(name + " on the host", rig.left(server),
                ["running", "instances/", "metadata/"])


def check_told(rig, score, name, server, size=5):
    """The guest has the file, whole."""
    path = os.path.join(rig.state, "instances", server)
    end, told = time.monotonic() + 90, ""
    while "TOLD" not in told and time.monotonic() < end:
        time.sleep(0.2)
        with open(path + "/console.log", errors="replace") as f:
            told = f.read()
    score.check(name + " in the guest",
                "TOLD %d crash" % size in told.replace("\r", ""), True)
    score.check(name + " in the folder",
                os.path.exists(path + "/disk.files"), False)


def check_gone(rig, score, name, server):
    score.check(name, state(rig, server), ["deleted", "", "0", "t", "0"])
    score.check(name + " on the host", rig.left(server), [])


def fills(at):
    """Whether the files go into the disk in this step."""
    return at.split(".")[1].split(":")[0] in ("files", "disk")


def walk(rig, score, steps):
    """Each step of creating and of deleting."""
    pending = [s + w for s in steps if s.startswith("server_delete.")
               for w in ("", ":after")]
    for at in [s + w for s in steps if s.startswith("server_create.")
               for w in ("", ":after")]:
        server = create(rig)
        score.check(at, rig.die(LITE_CRASH_AT=at), 137)
        rig.run_jobs()
        check_running(rig, score, at, server)
        if fills(at):
            check_told(rig, score, at, server)
        delete(rig, server)
        if pending:
            at = pending.pop(0)
            score.check(at, rig.die(LITE_CRASH_AT=at), 137)
        rig.run_jobs()
        check_gone(rig, score, at, server)


def walk_undo(rig, score, steps):
    """Each undo of a create whose last step fails."""
    for at in [s + w for s in steps if s.startswith("server_create.")
               for w in (":undo", ":undone")]:
        server = create(rig)
        died = rig.die(LITE_CRASH_AT=at, LITE_FAIL_AT="server_create.start")
        score.check(at, died, 137)
        rig.run_jobs()
        score.check(at, state(rig, server), ["error", "", "0", "f", "0"])
        score.check(at + " on the host", rig.left(server), [])
        delete(rig, server)
        rig.run_jobs()
        check_gone(rig, score, at, server)


def check_rebuilt(rig, score, name, server, image):
    """It runs from the image, or is stopped with a disk of it."""
    stopped = state(rig, server)[0] == "stopped"
    if stopped:
        score.check(name, state(rig, server), ["stopped", "", "4", "f", "1"])
        score.check(name + " on the host", rig.left(server),
                    ["shut off", "instances/", "metadata/"])
    else:
        check_running(rig, score, name, server)
    score.check(name + " from", rig.base(server), image)
    return stopped


def walk_rebuild(rig, score, steps, stop):
    """Each step of making a server anew, one that runs or one that not."""
    server, images, size = create(rig), [IMAGE, OTHER], 5
    rig.run_jobs()
    if stop:
        rig.pg.sql("select compute.server_command('%s', null, 'stop', "
                   "'{active}', '{}', 'powering-off', '{}', %s)" % (
                       server, WHO.format(req="req-stop" + server)))
        rig.run_jobs()
    for at in [s + w for s in steps if s.startswith("server_rebuild.")
               for w in ("", ":after")]:
        images.reverse()
        size += 1
        rebuild(rig, server, images[0], size)
        score.check(at, rig.die(LITE_CRASH_AT=at), 137)
        rig.run_jobs()
        stopped = check_rebuilt(rig, score, at, server, images[0])
        score.check(at + " is stopped", stopped, stop)
        if fills(at) and not stop:
            check_told(rig, score, at, server, size)
    rebuild(rig, server, IMAGE)
    at = "server_rebuild.disk"
    score.check(at, rig.die(LITE_CRASH_AT=at), 137)
    delete(rig, server)
    rig.run_jobs()
    check_gone(rig, score, "deleted in a rebuild", server)


def walk_rebuild_undo(rig, score, steps):
    """Each undo of a rebuild whose last step fails: nothing is left in the
    folder, and the next rebuild heals the server."""
    server = create(rig)
    rig.run_jobs()
    for at in [s + w for s in steps if s.startswith("server_rebuild.")
               for w in (":undo", ":undone")]:
        rebuild(rig, server, OTHER)
        died = rig.die(LITE_CRASH_AT=at, LITE_FAIL_AT="server_rebuild.start")
        score.check(at, died, 137)
        rig.run_jobs()
        score.check(at, state(rig, server), ["error", "", "4", "f", "1"])
        score.check(at + " on the host", rig.left(server),
                    ["shut off", "instances/", "metadata/"])
        score.check(at + " in the folder",
                    os.listdir(os.path.dirname(rig.disk(server))), ["owner"])
    rebuild(rig, server, OTHER)
    rig.run_jobs()
    check_rebuilt(rig, score, "healed", server, OTHER)
    delete(rig, server)
    rig.run_jobs()


def walk_preserved(rig, score):
    """The other disks stay when they are asked to."""
    server, names = create(rig), ("disk.eph0", "disk.swap")
    rig.pg.sql("update compute.servers set ephemeral = 1, swap = 64 "
               "where id = '%s'" % server)
    rig.run_jobs()
    for preserve in (True, False):
        for name in ("disk",) + names:
            os.link(rig.disk(server, name), rig.state + "/" + name)
        rebuild(rig, server, OTHER, preserve=preserve)
        rig.run_jobs()
        check_running(rig, score, "preserve %s" % preserve, server)
        for name in ("disk",) + names:
            kept = rig.state + "/" + name
            score.check("preserve %s: %s" % (preserve, name),
                        os.path.samefile(rig.disk(server, name), kept),
                        preserve and name != "disk")
            os.unlink(kept)
    delete(rig, server)
    rig.run_jobs()
    check_gone(rig, score, "preserved", server)


def walk_killed(rig, score):
    """Killed when the files are half in the disk, at several times."""
    size = 8 << 20
    for wait in (0, 0.05, 0.15):
        at, server = "killed %.2f s into inject" % wait, create(rig, size)
        path = os.path.join(rig.state, "instances", server, "disk.files")
        agent, end = rig.agent(), time.monotonic() + 30
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(wait)
        agent.kill()
        agent.wait()
        rig.run_jobs()
        check_running(rig, score, at, server)
        check_told(rig, score, at, server, size)
        delete(rig, server)
        rig.run_jobs()
        check_gone(rig, score, at, server)


def main(image):
    steps = subprocess.run([AGENT, "--dump-steps"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    score = Score()
    with tempfile.TemporaryDirectory(prefix="lite-crash-") as folder:
        os.chmod(folder, 0o755)
        rig = Rig(folder, image)
        try:
            rig.run_jobs()
            rig.pg.sql(CATALOG)
            walk(rig, score, steps)
            walk_undo(rig, score, steps)
            walk_rebuild(rig, score, steps, stop=False)
            walk_rebuild(rig, score, steps, stop=True)
            walk_rebuild_undo(rig, score, steps)
            walk_preserved(rig, score)
            walk_killed(rig, score)
            score.check("the image", os.stat(rig.image).st_mode & 0o777,
                        0o444)
        finally:
            rig.stop()
            if score.failed or sys.exc_info()[0]:
                shutil.copy(rig.log.name, "/tmp/crash_test.log")
    print("%d passed, %d failed" % (score.passed, score.failed))
    return score.failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
