#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole cloud in one folder: PostgreSQL, libvirt, our daemons.

    cloud.py [--api-only]

runs one in the foreground until it is interrupted (this is `make run`); the
tests make theirs from the class. STATE (default var) is the folder;
KEYSTONE_PORT, GLANCE_PORT, NOVA_PORT, NETWORK_PORT, METADATA_PORT and BIN
(build/release/bin) are what they say. The daemons end with it, even
by kill -9; the guests end when it is told to stop. LIBVIRT_URI names a libvirt
to use instead of a private one.
"""
import ctypes
import fcntl
import hashlib
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

import bootparts
import postgres
import settings
from rest import Client

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PORTS = {"identity": ("KEYSTONE_PORT", 5000), "image": ("GLANCE_PORT", 9292),
         "compute": ("NOVA_PORT", 8774), "network": ("NETWORK_PORT", 9696),
         "metadata": ("METADATA_PORT", 8775)}
STATE_MAX = 44      # sun_path's 107 bytes less those of the longest socket
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None, use_errno=True)


def log_lines(folder):
    """Every line of the logs in folder, as (daemon, {key: value})."""
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), errors="replace") as f:
            for line in f:
                yield name[:-4], log_pairs(line)


def log_pairs(line):
    line = line[line.find(">") + 1:] if line.startswith("<") else line
    try:
        words = shlex.split(line) if '"' in line else line.split()
    except ValueError:
        words = line.split()
    return dict(w.split("=", 1) for w in words if "=" in w)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def home_of(state):
    """Where the daemons of the cloud in state keep their things: there, if
    sockets fit below it and QEMU's and PostgreSQL's users may pass, else in
    a folder of /var/tmp that state/home leads to."""
    link = os.path.join(state, "home")
    parts = state.split("/")
    closed = os.getuid() == 0 and not all(
        os.stat("/".join(parts[:n]) or "/").st_mode & 0o001
        for n in range(1, len(parts)))
    if len(state) <= STATE_MAX and not closed:
        os.chmod(state, 0o711)
        return state
    digest = hashlib.sha256(state.encode()).hexdigest()[:12]
    home = "/var/tmp/lite-%d-%s" % (os.getuid(), digest)
    os.makedirs(home, 0o711, exist_ok=True)
    if os.path.islink(home) or os.stat(home).st_uid != os.getuid():
        raise RuntimeError(home + " is somebody else's")
    if not os.path.islink(link):
        os.symlink(home, link)
    return home


class Process:
    """A child that is started again when it dies, slower each time."""

    def __init__(self, name, command, log, **popen):
        self.name, self.command, self.log = name, command, log
        self.popen, self.child = popen, None
        self.stop_signal = popen.pop("stop_signal", signal.SIGTERM)
        self.pause, self.due, self.began = 0.0, None, 0.0

    def start(self):
        def die_with_parent():
            libc.prctl(PR_SET_PDEATHSIG, self.stop_signal)

        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, start_new_session=True,
                preexec_fn=die_with_parent, **self.popen)
        self.began, self.due = time.monotonic(), None
        return self

    @property
    def pid(self):
        return self.child.pid if self.alive() else None

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def kill(self, sig=signal.SIGKILL):
        if self.alive():
            self.child.send_signal(sig)

    def stop(self, seconds=15):
        self.kill(self.stop_signal)
        self.wait(seconds)

    def wait(self, seconds=15):
        """Its exit code; killed when it takes longer than that."""
        if self.child is None:
            return None
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.child.wait()

    def watch(self):
        """Starts it again when it is time; True when it has just died."""
        if self.alive():
            return False
        now = time.monotonic()
        if self.due is None:
            lived = now - self.began
            self.pause = 0.2 if lived > 30 else min(self.pause * 2 + 0.2, 10)
            self.due = now + self.pause
            return True
        if now >= self.due:
            self.start()
        return False


class Cloud:
    """state: its folder. ports: {"identity": 5000 ...}. compute: with
    libvirt, the agent, the metadata service and the demo image. options:
    {"nova-lite": {("section", "name"): value}}. env: for the daemons."""

    def __init__(self, state, ports, compute=True, options=None, env=None,
                 durable=True, quiet=False, containers=False):
        self.state, self.ports = os.path.abspath(state), ports
        self.compute, self.options = compute, options or {}
        self.durable, self.containers = durable, containers
        self.env = dict(os.environ, **(env or {}))
        self.bin = os.path.abspath(os.environ.get(
            "LITE_BIN", os.path.join(ROOT, "build/release/bin")))
        self.quiet = quiet
        self.urls = {s: ("127.0.0.1", p) for s, p in ports.items()}
        self.processes = []
        os.makedirs(self.state, exist_ok=True)
        self.home = home_of(self.state)
        for folder in ("log", "conf", "secret"):
            os.makedirs(self.path(folder), exist_ok=True)
            os.chmod(self.path(folder), 0o700)
        self.db = postgres.Postgres(self.path("pg"), durable)
        self.appliance = os.path.join(ROOT, "build/appliance")
        self.uri = None         # libvirt's
        self.agent_port = free_port()

    def path(self, *parts):
        """Below the folder where the daemons keep things."""
        return os.path.join(self.home, *parts)

    def url(self, service):
        return "http://%s:%d" % self.urls[service]

    def say(self, text):
        if not self.quiet:
            print(text, flush=True)

    def secret(self, name):
        """A random password, made on first use, in a file of its own."""
        with open(self.secret_file(name)) as f:
            return f.read().strip()

    def secret_file(self, name):
        path = self.path("secret", name)
        if not os.path.exists(path):
            settings.write(path, secrets.token_urlsafe(18) + "\n", 0o600)
        return path

    def seal_key_file(self):
        path = self.path("secret", "seal-keys")
        if not os.path.exists(path):
            settings.write(path, secrets.token_hex(32) + "\n", 0o600)
        return path

    def sql(self, text):
        return self.db.sql(text)

    # -- starting --------------------------------------------------------

    def start(self):
        missing = [n for n in settings.DAEMONS
                   if not os.path.exists(os.path.join(self.bin, n))]
        if missing:
            raise RuntimeError("not built: " + " ".join(missing))
        began = time.monotonic()
        self.start_postgres()
        self.check_ports()
        if self.compute:
            self.start_libvirt()
            self.build_appliance()
        settings.write_all(self)
        self.bootstrap()
        for name in settings.daemons(self.compute):
            self.add(name)
        self.wait_ready()
        if self.compute:
            self.fill()
        self.say("ready after %.1f s" % (time.monotonic() - began))

    def check_ports(self):
        for service, address in self.urls.items():
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind(address)
                except OSError as e:
                    raise RuntimeError("port %d (%s): %s" % (
                        address[1], PORTS[service][0], e.strerror))

    def start_postgres(self):
        if self.db.init():
            self.say("made a PostgreSQL cluster in " + self.db.data)
        self.postgres = Process(
            "postgres", self.db.command(), self.path("log/postgres.log"),
            stop_signal=signal.SIGINT, **postgres.as_owner())
        self.processes.append(self.postgres.start())
        self.db.ready(self.postgres.alive)

    def bootstrap(self):
        for name, args in settings.bootstraps(self):
            self.run(name, *args)

    def run(self, name, *args):
        """A daemon's program run once to its end."""
        done = subprocess.run(
            [os.path.join(self.bin, name), "--config", self.conf(name),
             *args], env=self.env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        if done.returncode:
            raise RuntimeError("%s %s: %s" % (name, args[0], done.stdout))
        return done.stdout

    def conf(self, name):
        return self.path("conf", name + ".conf")

    def add(self, name, env=None):
        """Starts a daemon; env: on top of the cloud's."""
        process = Process(
            name, [os.path.join(self.bin, name), "--config",
                   self.conf(name)], self.path("log", name + ".log"),
            env=dict(self.env, **(env or {})))
        self.processes.append(process.start())
        return process

    def process(self, name):
        return next(p for p in self.processes if p.name == name)

    def restart(self, name, env=None, sig=signal.SIGTERM):
        """Ends a daemon by a signal and starts it again."""
        old = self.process(name)
        old.kill(sig)
        old.wait()
        self.processes.remove(old)
        return self.add(name, env)

    def wait_ready(self, seconds=60):
        """Until every service answers its version document."""
        client, end = Client(self.urls), time.monotonic() + seconds
        waiting = [s for s in self.urls if self.compute or s != "metadata"]
        while waiting:
            try:
                if client.get(waiting[0], "/").status < 500:
                    waiting.pop(0)
                    continue
            except OSError:
                pass
            dead = [p.name for p in self.processes if not p.alive()]
            if dead or time.monotonic() > end:
                raise RuntimeError("does not start: %s (logs: %s)" % (
                    " ".join(dead or waiting), self.path("log")))
            time.sleep(0.02)
        client.close()

    # -- what guests need ------------------------------------------------

    def start_libvirt(self):
        """The libvirt of LIBVIRT_URI, or one of our own (see the script);
        and the program that QEMU runs, where QEMU's user may go."""
        program = self.path("nova-lite-guestfwd")
        shutil.copy(os.path.join(self.bin, "nova-lite-guestfwd"),
                    program + ".new")
        os.replace(program + ".new", program)
        self.uri = os.environ.get("LIBVIRT_URI")
        if not self.uri:
            self.start_libvirtd()

    def start_libvirtd(self):
        os.environ.setdefault("LIBVIRT_CACHE", os.path.join(
            ROOT, "build/libvirt-cache-%d" % os.getuid()))
        os.makedirs(self.path("libvirt"), exist_ok=True)
        os.chmod(self.path("libvirt"), 0o711)
        self.libvirtd("stop")       # one that kill -9 left
        if self.containers:
            os.environ["LIBVIRT_SHARE"] = self.path("nova")
        self.uri = self.libvirtd("start").strip()
        if self.containers:
            self.uri = self.uri.replace("qemu+", "lxc+")

    def libvirtd(self, word):
        script = os.path.join(ROOT, "tests/guest/libvirtd-private.sh")
        done = subprocess.run([script, word, self.path("libvirt")],
                              text=True, stdout=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError("libvirtd does not %s" % word)
        return done.stdout

    def virsh(self, *args):
        return subprocess.run(["virsh", "-q", "-c", self.uri, *args],
                              text=True, capture_output=True)

    def build_appliance(self):
        """Unless there is one with the program as it is now."""
        manifest = os.path.join(self.appliance, "manifest")
        init = os.path.join(self.bin, "nova-lite-appliance-init")
        if os.path.exists(manifest) and \
                os.path.getmtime(manifest) > os.path.getmtime(init):
            return
        self.say("building the appliance (a minute, once)")
        subprocess.run(
            [os.path.join(ROOT, "nova-lite/inject/build-appliance.sh"),
             self.appliance], check=True, env=dict(
                 os.environ, PACKAGE_CACHE=os.path.join(ROOT, "build/guest"),
                 APPLIANCE_INIT=init))

    def stop_libvirt(self):
        """Leaves no domain and no network of this cloud."""
        if not self.uri:
            return
        if not os.environ.get("LIBVIRT_URI"):
            self.libvirtd("stop")
            return
        if not self.postgres.alive():
            return
        for uuid, in self.sql("select id from compute.servers"):
            self.virsh("destroy", uuid)
            self.virsh("undefine", uuid)
        for uuid, in self.sql("select id from compute.networks"):
            self.virsh("net-destroy", uuid)
            self.virsh("net-undefine", uuid)

    def fill(self):
        """The agent's user and the demo image, by plain API calls."""
        client = Client(self.urls).login("admin", self.secret("admin"),
                                         project="admin")
        self.add_service_user(client)
        self.wait_for_agent(client)
        if not client.get(
                "image", "/v2/images?name=demo").json["images"]:
            self.upload_demo(client)
        if not self.quiet:
            self.add_boot_parts(client)
        client.close()

    def add_boot_parts(self, client):
        """For managed boot."""
        if client.get("image", "/v2/images?name=" +
                      bootparts.ROOT_IMAGE).json["images"]:
            return
        if not bootparts.built():
            self.say("building kernels and modules to boot from (once)")
            bootparts.build(stdout=subprocess.DEVNULL)
        bootparts.register(client)

    def wait_for_agent(self, client, seconds=60):
        """Until the agent has said that it is there."""
        end = time.monotonic() + seconds
        while True:
            listed = client.get("compute", "/v2.1/os-services")
            if any(s["state"] == "up" for s in listed.json["services"]):
                return
            if time.monotonic() > end:
                raise RuntimeError("the agent does not report (logs: %s)" %
                                   self.path("log"))
            time.sleep(0.1)

    def add_service_user(self, client):
        """nova in project service, who fetches images for the agent."""
        def put(kind, name, **more):
            found = client.get("identity", "/v3/%ss?name=%s" % (kind, name))
            for thing in found.json[kind + "s"]:
                return thing["id"]
            made = client.post("identity", "/v3/%ss" % kind, {
                kind: dict(more, name=name)})
            return made.json[kind]["id"]

        project = put("project", "service", domain_id="default")
        user = put("user", "nova", domain_id="default",
                   password=self.secret("nova"))
        client.put("identity", "/v3/projects/%s/users/%s/roles/%s" % (
            project, user, put("role", "admin")))

    def upload_demo(self, client):
        path = os.path.join(ROOT, "build/guest/demo.qcow2")
        if not bootparts.made_of(path, "build-demo.sh", "demo-root.sh",
                                 "demo-disk.sh", "demo"):
            self.say("building the demo image (a minute, once)")
            subprocess.run([os.path.join(ROOT, "tests/guest/build-demo.sh"),
                            path], check=True)
        made = client.post("image", "/v2/images", {
            "name": "demo", "visibility": "public", "disk_format": "qcow2",
            "container_format": "bare", "min_disk": 0, "min_ram": 64})
        with open(path, "rb") as f:
            put = client.put("image", "/v2/images/%s/file" %
                             made.json["id"], f.read())
        if put.status != 204:
            raise RuntimeError("demo image: %r" % put)

    # -- running and ending ----------------------------------------------

    def watch(self):
        """Once: starts again what has died."""
        for process in self.processes:
            if process.watch():
                self.say("%s died (exit %s); again in %.1f s" % (
                    process.name, process.child.returncode, process.pause))

    def stop(self):
        """Daemons first, all at once, then what they stand on."""
        daemons = [p for p in self.processes if p.name != "postgres"]
        for process in daemons:
            process.kill(process.stop_signal)
        for process in daemons:
            process.wait()
        self.stop_libvirt()
        for process in reversed(self.processes):
            process.stop()
        self.processes = []
        self.note_ops()

    def note_ops(self):
        """Adds the operations that the logs tell of to the file LITE_OPS,
        for check-routes.py."""
        path = os.environ.get("LITE_OPS")
        if not path:
            return
        seen = {(daemon, line["op"]) for daemon, line in
                log_lines(self.path("log")) if "op" in line}
        with open(path, "a") as f:
            f.writelines("%s %s\n" % pair for pair in sorted(seen))


def wait_for_signal(cloud):
    """Watches the daemons until SIGINT, SIGTERM or SIGHUP."""
    wanted = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    while True:
        got = signal.sigtimedwait(wanted, 0.5)
        if got:
            return got.si_signo
        cloud.watch()


def serve(cloud):
    wanted = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    try:
        cloud.start()
        settings.write_client_files(cloud)
        cloud.say("ready\n\n  . %s/openrc\n  openstack server create "
                  "--image demo --flavor m1.tiny --network private --wait "
                  "v1\n" % cloud.state)
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        signo = wait_for_signal(cloud)
        cloud.say("stopping (%s)" % signal.Signals(signo).name)
        return 0
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print("cloud: %s" % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        cloud.stop()


def only_one(cloud):
    """The lock that keeps a second cloud out of the folder; None: taken."""
    lock = open(os.path.join(cloud.state, "lock"), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    return lock


def interrupt(signo, frame):
    raise KeyboardInterrupt


def main():
    ports = {s: int(os.environ.get(*map(str, v))) for s, v in PORTS.items()}
    state = os.environ.get("STATE", os.path.join(ROOT, "var"))
    cloud = Cloud(state, ports, compute="--api-only" not in sys.argv[1:])
    lock = only_one(cloud)
    if not lock:
        print("cloud: one runs in %s already" % cloud.state, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    return serve(cloud)


if __name__ == "__main__":
    sys.exit(main())
