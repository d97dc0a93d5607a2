# SPDX-License-Identifier: Apache-2.0
"""What a scenario file (tests/api/NAME_test.py) may use.

    from harness import check, equal, status, shape

    CLOUD = {"compute": True}       # optional: what the cloud must have

    def test_keypair_create(cloud):
        reply = cloud.demo.post("compute", "/v2.1/os-keypairs",
                                {"keypair": {"name": cloud.name("k")}})
        status(reply, 200)
        equal(reply.json["keypair"]["user_id"], cloud.demo.user_id, "owner")

Every function named test_* runs with a cloud that is shared by all files
which ask for the same CLOUD, so names come from cloud.name() and lists are
searched, not counted. A failed check is noted and the test goes on; need()
ends the test; an exception is one failure.

cloud.admin, cloud.demo (member), cloud.reader, cloud.anon: clients, see
tox-free-ci/rest.py for get/post/put/patch/delete/head/request and Reply.
Services: "identity", "image", "compute", "network", "metadata".
"""
import itertools
import json
import os
import shutil
import socket
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tox-free-ci"))
import cloud as base  # noqa: E402
from rest import Client  # noqa: E402,F401


class Count:
    passed = failed = 0
    where = ""


class Enough(Exception):
    """need() failed: the rest of the test makes no sense."""


def check(ok, what):
    """Counts one assertion; what says what should have been."""
    if ok:
        Count.passed += 1
        return True
    Count.failed += 1
    print("  FAIL %s: %s" % (Count.where, what), flush=True)
    return False


def need(ok, what):
    if not check(ok, what):
        raise Enough(what)


def equal(got, want, what):
    return check(got == want, "%s: got %r, want %r" % (what, got, want))


def status(reply, want, what=""):
    return check(reply.status == want,
                 "%s%r, want %d" % (what and what + ": ", reply, want))


def _kind(value):
    if isinstance(value, bool):
        return "boolean"
    for types, name in ((dict, "object"), (list, "array"), (str, "string"),
                        ((int, float), "number")):
        if isinstance(value, types):
            return name
    return "null"


class Model:
    """The shape of some JSON values: their kinds, the keys that all objects
    have and those that some have, and the shape of all array elements."""

    def __init__(self, values):
        values = [v for v in values if v is not None]
        self.kinds = {_kind(v) for v in values}
        objects = [v for v in values if isinstance(v, dict)]
        self.keys = {k: Model([o[k] for o in objects if k in o])
                     for o in objects for k in o}
        self.always = set.intersection(*map(set, objects)) if objects \
            else set()
        arrays = [v for v in values if isinstance(v, list)]
        elements = [e for v in arrays for e in v]
        self.items = Model(elements) if elements else None

    def differences(self, got, maps, path):
        if got is None or not self.kinds:
            return
        if _kind(got) not in self.kinds:
            yield "%s is %s, not %s" % (path, _kind(got),
                                        " or ".join(self.kinds))
        elif isinstance(got, list) and self.items:
            for i, item in enumerate(got):
                yield from self.items.differences(item, maps,
                                                  "%s[%d]" % (path, i))
        elif isinstance(got, dict) and path.rsplit(".", 1)[-1] not in maps:
            for key in sorted(self.always - set(got)):
                yield "%s.%s is missing" % (path, key)
            for key in sorted(set(got) - set(self.keys)):
                yield "%s.%s is too much" % (path, key)
            for key in sorted(set(got) & set(self.keys)):
                yield from self.keys[key].differences(
                    got[key], maps, path + "." + key)


def shape(got, want, maps=()):
    """The differences in keys and types between two JSON values, as lines.
    null fits everything, an empty array every array. What some elements of
    an array have in want, elements of got may have. Objects under the keys
    in maps (metadata, properties) may have any keys."""
    return list(Model([want]).differences(got, maps, "$"))


def until(fn, seconds=30, step=0.05):
    """Calls fn until it returns something true, and returns that; None
    when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = fn()
        if value:
            return value
        if time.monotonic() > end:
            return None
        time.sleep(step)


def free_ports(n):
    socks = [socket.socket() for _ in range(n)]
    try:
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in socks]
    finally:
        for sock in socks:
            sock.close()


class Cloud(base.Cloud):
    """A cloud in a temporary folder on free ports; `with Cloud() as c` for a
    test that wants one of its own (to break it). Arguments:
      compute=True     with libvirt, agent, metadata service, demo image
      options={"nova-lite": {("quota", "cores"): 1}}   configuration
      containers=True  with libvirt's LXC driver instead of QEMU
      env={"LITE_CRASH_AT": ...}                       of the daemons
    """

    def __init__(self, compute=False, options=None, env=None,
                 containers=False):
        self.temp = tempfile.mkdtemp(prefix="lite-", dir="/tmp")
        os.chmod(self.temp, 0o755)
        ports = dict(zip(base.PORTS, free_ports(len(base.PORTS))))
        super().__init__(os.path.join(self.temp, "s"), ports,
                         compute=compute, options=options, env=env,
                         containers=containers,
                         durable=False, quiet=True)
        self.serial = itertools.count(1)
        self.kept = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            self.show_logs()
            self.remove()
            raise
        return self

    def __exit__(self, *exc):
        self.stop()
        self.remove()

    def remove(self):
        if os.environ.get("LITE_KEEP"):
            print("kept: " + self.temp)
        else:
            shutil.rmtree(self.temp, ignore_errors=True)

    def show_logs(self):
        for name in sorted(os.listdir(self.path("log"))):
            with open(self.path("log", name), errors="replace") as f:
                for line in f.readlines()[-15:]:
                    print("  %s: %s" % (name, line.rstrip()))

    def name(self, prefix="n"):
        """A name that nobody else uses in this cloud."""
        return "%s-%d-%d" % (prefix, os.getpid() % 1000, next(self.serial))

    # -- clients ---------------------------------------------------------

    def _client(self, key, make):
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    @property
    def anon(self):
        return self._client("anon", lambda: Client(self.urls))

    @property
    def admin(self):
        """admin in project admin."""
        return self._client("admin", lambda: self.anon.login(
            "admin", self.secret("admin"), project="admin"))

    @property
    def demo(self):
        """member in project demo."""
        return self._client("demo", lambda: self.anon.login(
            "demo", self.secret("demo"), project="demo"))

    @property
    def reader(self):
        """reader only, in project demo."""
        return self._client("reader", lambda: self.user(["reader"], "demo"))

    @property
    def other(self):
        """member in a project of its own (not demo)."""
        return self._client("other", lambda: self.user(["member"]))

    def user(self, roles, project=None):
        """A client for a new user with these roles in project (by name; a
        new one when None)."""
        name, password = self.name("user"), "a test's password"
        project = project or self.make_project()
        user = self._made("/v3/users", "user", {
            "name": name, "password": password, "domain_id": "default"})
        found = self.admin.get("identity", "/v3/projects?name=" + project)
        pid = found.json["projects"][0]["id"]
        for role in roles:
            listed = self.admin.get("identity", "/v3/roles?name=" + role)
            rid = listed.json["roles"][0]["id"]
            self.admin.put("identity", "/v3/projects/%s/users/%s/roles/%s" %
                           (pid, user["id"], rid))
        return self.anon.login(name, password, project=project)

    def make_project(self):
        name = self.name("project")
        self._made("/v3/projects", "project",
                   {"name": name, "domain_id": "default"})
        return name

    def _made(self, path, key, value):
        reply = self.admin.post("identity", path, {key: value})
        if reply.status != 201:
            raise RuntimeError(repr(reply))
        return reply.json[key]

    # -- underneath ------------------------------------------------------

    def raw(self, service, data, seconds=5):
        """Sends bytes as they are; returns what came back until the server
        closed the connection or was silent for a while."""
        sock = socket.create_connection(self.urls[service], timeout=seconds)
        out = b""
        with sock:
            sock.sendall(data)
            sock.settimeout(0.5)
            try:
                while True:
                    part = sock.recv(65536)
                    if not part:
                        break
                    out += part
            except (socket.timeout, ConnectionResetError):
                pass
        return out

    def log_lines(self):
        """Every logged line of the daemons as (daemon, {key: value})."""
        return base.log_lines(self.path("log"))

    def log_of(self, reply):
        """The request's line in the log, as {key: value}."""
        def find():
            for _, line in self.log_lines():
                if line.get("req") == reply.id and "op" in line:
                    return line
            return None
        return until(find, 2)


def recordings(name):
    """The exchanges of shared recordings (see LITE_RECORDINGS)."""
    folder = os.environ.get("LITE_RECORDINGS",
                            os.path.join(ROOT, "tests/recordings"))
    path = os.path.join(folder, name + ".jsonl")
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]
