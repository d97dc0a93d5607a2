# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL: a cluster in a folder, reached by a unix socket."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import time


def bindir():
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not found:
        raise RuntimeError("no PostgreSQL: run tox-free-ci/install-deps.sh")
    newest = max(found, key=lambda p: int(p.split("/")[4]))
    return os.path.dirname(newest)


def owner():
    """PostgreSQL refuses to be root: as root it is the user postgres."""
    if os.getuid():
        return None
    return pwd.getpwnam("postgres")


def as_owner():
    """subprocess arguments that run a program as owner()."""
    who = owner()
    if not who:
        return {}
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [],
            "cwd": "/"}


class Postgres:
    """One cluster, made in folder on first start. Its socket's folder is
    open to its owner (and root) alone, which is the authentication. Whoever
    is owner() must be able to reach folder."""

    def __init__(self, folder, durable=True):
        self.folder, self.durable = folder, durable
        self.data = os.path.join(folder, "data")
        self.socket = os.path.join(folder, "run")

    @property
    def dsn(self):
        return "host=%s dbname=lite user=lite" % self.socket

    def init(self):
        if os.path.exists(os.path.join(self.data, "PG_VERSION")):
            return False
        shutil.rmtree(self.data, ignore_errors=True)
        self.make_folder(self.folder)
        subprocess.run(
            [bindir() + "/initdb", "-D", self.data, "-U", "lite", "-A",
             "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            stdout=subprocess.DEVNULL, check=True, **as_owner())
        return True

    @staticmethod
    def make_folder(path):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o700)
        who = owner()
        if who:
            os.chown(path, who.pw_uid, who.pw_gid)

    def command(self):
        """The server's command line (run it with as_owner)."""
        self.make_folder(self.socket)
        more = {"listen_addresses": "", "unix_socket_directories":
                self.socket, "max_connections": "200",
                "log_min_messages": "warning"}
        if not self.durable:
            more.update(fsync="off", full_page_writes="off")
        return [bindir() + "/postgres", "-D", self.data] + [
            "-c%s=%s" % pair for pair in more.items()]

    def ready(self, alive, seconds=60):
        """Waits until it answers, and makes the database lite."""
        end = time.monotonic() + seconds
        while subprocess.run([bindir() + "/pg_isready", "-q", "-h",
                              self.socket, "-U", "lite", "-d",
                              "postgres"]).returncode:
            if not alive() or time.monotonic() > end:
                raise RuntimeError("PostgreSQL does not start")
            time.sleep(0.03)
        found = self.sql("select 1 from pg_database where datname = 'lite'",
                         "postgres")
        if not found:
            self.sql("create database lite", "postgres")

    def sql(self, text, database="lite"):
        """Runs SQL; the rows as lists of strings."""
        out = subprocess.run(
            ["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h",
             self.socket, "-U", "lite", "-d", database, "-c", text],
            check=True, capture_output=True, text=True).stdout
        return [line.split("\t") for line in out.splitlines()]

    # For tests, which need no supervisor.

    def start(self):
        """Starts the server and waits for it; made first when it must be."""
        self.init()
        self.server = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **as_owner())
        self.ready(lambda: self.server.poll() is None)

    def kill(self):
        """Ends it at once, for its clients as a crash would."""
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait()
