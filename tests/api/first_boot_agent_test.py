# SPDX-License-Identifier: Apache-2.0
"""activation-agent: installs what is genuine, whole, and nothing else."""
import base64
import http.server
import json
import os
import shutil
import stat
import subprocess
import tempfile
import threading
import time

from first_boot_rig import (CLOUD, KINDS, PATH, ask, run, server, unbase64)
from harness import check, equal

__all__ = ["CLOUD"]
FILES = {"etc/ssh/ssh_host_ecdsa_key": 0o600,
         "etc/ssh/ssh_host_ecdsa_key.pub": 0o644,
         "etc/ssh/ssh_host_ed25519_key": 0o600,
         "etc/ssh/ssh_host_ed25519_key.pub": 0o644,
         "etc/machine-id": 0o444, "etc/ssl/private/first-boot.key": 0o600,
         "etc/ssl/certs/first-boot.pem": 0o644,
         "etc/ssl/certs/first-boot-authority.pem": 0o644,
         "etc/ltpa/ltpa.keys": 0o600, "etc/ltpa/password": 0o600}


class Between:
    """A wire between a guest and its service, with somebody on it: change is
    called with the method and the answer, and returns what goes on."""

    def __init__(self, cloud, ident, change=None):
        outer = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def answer(self):
                body = self.rfile.read(
                    int(self.headers.get("Content-Length") or 0)).decode()
                outer.asked.append((self.command, self.path, body))
                status, data = ask(cloud, ident, self.command, self.path,
                                   body or None)
                length = len(data)
                if change:
                    status, data, length = change(self.command, status, data)
                self.wfile.write(
                    b"HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n"
                    % (status, length) + data)
                self.close_connection = True
            do_GET = do_POST = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def posts(self):
        return sum(m == "POST" for m, _, _ in self.asked)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Guest:
    """A machine's file system, and its config drive."""

    def __init__(self, cloud, name, keys=None):
        self.cloud, self.ident = cloud, server(cloud, name)
        self.temp = tempfile.mkdtemp(prefix="lite-guest-")
        self.root = os.path.join(self.temp, "root")
        self.drive = os.path.join(self.temp, "drive")
        os.makedirs(self.drive + "/openstack/latest")
        self.pin(keys or ask(cloud, self.ident, "GET", PATH + "_keys")[1])
        self.write(self.drive + "/openstack/latest/meta_data.json",
                   json.dumps({"uuid": self.ident}))
        for folder in "etc/ssh", "etc/ssl/certs":
            os.makedirs(os.path.join(self.root, folder))
        self.write(self.root + "/etc/machine-id", "uninitialized\n")

    @staticmethod
    def write(path, data):
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def pin(self, keys):
        self.write(self.drive + "/openstack/latest/first_boot_keys", keys)

    def activate(self, wire, *options, **env):
        return subprocess.run(
            [os.path.join(self.cloud.bin, "activation-agent"), "--root",
             self.root, "--drive", self.drive, "--url",
             wire.url if wire else "http://127.0.0.1:1", "--deadline", "20",
             *options], capture_output=True, text=True, timeout=120,
            env={**os.environ, **env})

    def files(self):
        """{path: mode} of what is there, the agent's own notes aside."""
        out = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(folder, name)
                out[os.path.relpath(path, self.root)] = stat.S_IMODE(
                    os.lstat(path).st_mode)
        return {p: m for p, m in out.items()
                if not p.startswith("var/lib/activation-agent")}

    def read(self, path):
        with open(os.path.join(self.root, path)) as f:
            return f.read()

    def is_untouched(self):
        return list(self.files()) == ["etc/machine-id"] and \
            self.read("etc/machine-id") == "uninitialized\n"

    def close(self):
        shutil.rmtree(self.temp)


def refused(cloud, name, change, why, keys=None, posts=1):
    """The agent says why, and leaves everything as it was."""
    guest = Guest(cloud, name, keys)
    wire = Between(cloud, guest.ident, change)
    done = guest.activate(wire, "--deadline", "4")
    equal(done.returncode, 1, "%s: %s" % (name, done.stderr))
    check("nothing was installed: " in done.stderr and why in done.stderr,
          "%s: says why: %r" % (name, done.stderr))
    check(guest.is_untouched(), "%s: nothing is there: %r" % (
        name, guest.files()))
    equal(wire.posts(), posts, "%s: asked for" % name)
    wire.close()
    guest.close()


def tamper(fn):
    """Changes the document that a POST is answered with."""
    def change(method, status, data):
        if method == "POST" and status == 200:
            data = fn(data)
        return status, data, len(data)
    return change


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# -----------------------------------------------------------------------------

def test_installs(cloud):
    guest = Guest(cloud, "agent-vm")
    wire = Between(cloud, guest.ident)
    asks = os.path.join(guest.temp, "request.json")
    guest.write(asks, json.dumps({"data": {"names": ["www.example.org"]}}))
    done = guest.activate(wire, "--dry-run")
    equal((done.returncode, done.stderr.count("would install ")),
          (0, len(FILES)), "dry run: " + done.stderr)
    check(guest.is_untouched() and not wire.posts(), "it is one")
    done = guest.activate(wire, "--request", asks)
    equal(done.returncode, 0, done.stderr)
    equal(guest.files(), FILES, "files and modes")
    if os.geteuid() == 0:
        check(all((s.st_uid, s.st_gid) == (0, 0) for s in (
            os.stat(os.path.join(guest.root, f)) for f in FILES)), "owners")
    check_keys(cloud, guest, done.stderr)
    check(len(guest.read("etc/machine-id").strip()) == 32, "machine-id")
    equal(run("openssl", "verify", "-CAfile",
              guest.root + "/etc/ssl/certs/first-boot-authority.pem",
              "-verify_hostname", "www.example.org",
              guest.root + "/etc/ssl/certs/first-boot.pem").returncode, 0,
          "certificate")
    check("PRIVATE" not in done.stderr, "no secrets on the console")
    asked = len(wire.asked)
    done = guest.activate(wire)
    equal((done.returncode, done.stderr, len(wire.asked)), (0, "", asked),
          "once")
    wire.close()
    guest.close()


def test_two_at_once(cloud):
    """One installs, and the other finds it done."""
    guest = Guest(cloud, "two-agents")
    os.makedirs(guest.root + "/etc/cloud/cloud.cfg.d")
    cfg = "etc/cloud/cloud.cfg.d/95-activation-agent.cfg"
    wire = Between(cloud, guest.ident)
    got = []
    threads = [threading.Thread(target=lambda: got.append(
        guest.activate(wire))) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal([d.returncode for d in got], [0] * 6, repr([d.stderr for d in got]))
    equal(sum("installed for" in d.stderr for d in got), 1, "one installs")
    equal(guest.files(), {**FILES, cfg: 0o644}, "all of it")
    check("ssh_deletekeys: false" in guest.read(cfg), "cloud-init is told")
    # Its disk, copied to another machine: the keys are not that one's.
    guest.write(guest.drive + "/openstack/latest/meta_data.json",
                json.dumps({"uuid": server(cloud, "copied")}))
    guest.pin("{}")
    equal(guest.activate(wire).returncode, 1, "no keys to go by")
    check(cfg not in guest.files(), "cloud-init is to make its own")
    wire.close()
    guest.close()


def test_slow(cloud):
    """An answer that takes its time is waited for, and asked for once."""
    guest = Guest(cloud, "slow")

    def change(method, status, data):
        if method == "POST":
            time.sleep(12)
        return status, data, len(data)
    wire = Between(cloud, guest.ident, change)
    done = guest.activate(wire, "--deadline", "40")
    equal((done.returncode, wire.posts()), (0, 1), done.stderr)
    wire.close()
    guest.close()


def check_keys(cloud, guest, said):
    log = open(cloud.path("log", "nova-lite-metadata.log")).read()
    for kind in "ecdsa", "ed25519":
        path = guest.root + "/etc/ssh/ssh_host_%s_key" % kind
        print_ = run("ssh-keygen", "-l", "-f", path + ".pub").stdout.split()[1]
        check(print_ in said and print_ in log, "%s: on the console and in "
              "the audit line" % kind)
        equal(run("ssh-keygen", "-y", "-f", path).stdout.strip().split()[:2],
              guest.read("etc/ssh/ssh_host_%s_key.pub" % kind).split()[:2],
              kind)


def test_tampered(cloud):
    def flip(data):
        reply = json.loads(data)
        payload = unbase64(reply["payload"]).replace(b"novalocal",
                                                     b"evil-host")
        return json.dumps({**reply, "payload": base64url(payload)}).encode()
    refused(cloud, "tampered", tamper(flip), "the signature is not good")

    def unsign(data):
        return json.dumps({**json.loads(data), "signatures": []}).encode()
    refused(cloud, "unsigned", tamper(unsign), "no key that the config drive")

    def bare(data):
        return unbase64(json.loads(data)["payload"])
    refused(cloud, "bare", tamper(bare), "not a signed document")

    def blank(data):
        reply = json.loads(data)
        return json.dumps({**reply, "signatures": [
            {**s, "signature": base64url(bytes(64))}
            for s in reply["signatures"]]}).encode()
    refused(cloud, "blank", tamper(blank), "the signature is not good")

    def relabelled(data):
        reply = json.loads(data)
        return json.dumps({**reply, "signatures": [
            {**s, "protected": base64url(json.dumps(
                {**json.loads(unbase64(s["protected"])),
                 "alg": "none"}).encode())}
            for s in reply["signatures"]]}).encode()
    refused(cloud, "alg-none", tamper(relabelled),
            "no key that the config drive")


def test_signed_by_another(cloud):
    """As good a signature as any, by a key that the drive does not name; and
    by one that calls itself by a name that the drive knows."""
    with tempfile.TemporaryDirectory() as temp:
        key = temp + "/key"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", key)
        der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout",
                              "-outform", "DER"], capture_output=True).stdout

        def sign(kid=None):
            def fn(data):
                reply = json.loads(data)
                mine = json.loads(unbase64(
                    reply["signatures"][0]["protected"]))
                head = base64url(json.dumps(
                    {**mine, "kid": kid or mine["kid"]}).encode())
                with open(temp + "/doc", "w") as f:
                    f.write("%s.%s" % (head, reply["payload"]))
                raw = subprocess.run(
                    ["openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin",
                     "-in", temp + "/doc"], capture_output=True).stdout
                return json.dumps({"payload": reply["payload"], "signatures": [
                    {"protected": head, "signature": base64url(raw)}]}
                    ).encode()
            return tamper(fn)
        pins = json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid":
                                     "mine", "x": base64url(der[-32:])}]})
        refused(cloud, "stranger", sign("mine"), "no key that the config")
        refused(cloud, "impostor", sign(), "the signature is not good")
        refused(cloud, "other-pins", None, "no key that the config", pins)
        # The same hand with the key that the drive names: it is good at it.
        guest = Guest(cloud, "signer", pins)
        wire = Between(cloud, guest.ident, sign("mine"))
        equal(guest.activate(wire).returncode, 0, "its own")
        wire.close()
        guest.close()


def test_truncated(cloud):
    refused(cloud, "cut-wire", lambda m, s, d: (
        (s, d[:len(d) // 2], len(d)) if m == "POST" else (s, d, len(d))),
        "was cut to")
    refused(cloud, "cut-document", tamper(lambda d: d[:len(d) // 2]),
            "not a signed document")

    def cut_payload(data):
        reply = json.loads(data)
        return json.dumps({**reply, "payload": reply["payload"][:-40]}
                          ).encode()
    refused(cloud, "cut-payload", tamper(cut_payload),
            "the signature is not good")


def test_replayed(cloud):
    """What another instance got, word for word."""
    other = server(cloud, "victim")
    status, got = ask(cloud, other)
    equal(status, 200, "its own")
    refused(cloud, "replayed", tamper(lambda d: got),
            "the answer is for instance %s and not" % other)


def test_refusals(cloud):
    """The service's own, and what is not there to ask."""
    guest = Guest(cloud, "gone")
    equal(ask(cloud, guest.ident)[0], 200, "taken by another")
    wire = Between(cloud, guest.ident)
    done = guest.activate(wire)
    check(done.returncode == 1 and "(410)" in done.stderr, done.stderr)
    check(guest.is_untouched(), "nothing")
    wire.close()
    done = guest.activate(None, "--deadline", "2")
    check(done.returncode == 1 and "127.0.0.1:1" in done.stderr, done.stderr)
    os.unlink(guest.drive + "/openstack/latest/first_boot_keys")
    done = guest.activate(wire)
    check(done.returncode == 1 and "first_boot_keys" in done.stderr,
          done.stderr)
    guest.pin("{}")
    done = guest.activate(wire)
    check(done.returncode == 1 and "names no key" in done.stderr, done.stderr)
    began = time.monotonic()
    guest.pin(ask(cloud, guest.ident, "GET", PATH + "_keys")[1])
    done = guest.activate(wire, "--url", "http://name")
    check(done.returncode == 1 and "not http://ADDRESS" in done.stderr and
          time.monotonic() - began < 10, "a name: " + done.stderr)
    guest.close()
    for words in (["--url", "ftp://x"], ["--deadline", "x"], ["x"],
                  ["--no-such"]):
        equal(run(os.path.join(cloud.bin, "activation-agent"),
                  *words).returncode, 2, repr(words))


def test_retries(cloud):
    """A service that comes up late, and one that stumbles."""
    guest = Guest(cloud, "late")
    fails = [3]

    def change(method, status, data):
        fails[0] -= 1
        return (503, b"", 0) if fails[0] >= 0 else (status, data, len(data))
    wire = Between(cloud, guest.ident, change)
    done = guest.activate(wire)
    equal(done.returncode, 0, done.stderr)
    wire.close()
    guest.close()


def test_unwritable(cloud):
    """Found out before anything is asked for."""
    guest = Guest(cloud, "unwritable")
    os.makedirs(guest.root + "/etc/ssl/certs/first-boot.pem")
    wire = Between(cloud, guest.ident)
    done = guest.activate(wire)
    check(done.returncode == 1 and "first-boot.pem is a folder" in
          done.stderr, done.stderr)
    check(guest.is_untouched() and not wire.posts(), "nothing, and asked "
          "for nothing")
    os.rmdir(guest.root + "/etc/ssl/certs/first-boot.pem")
    equal(guest.activate(wire).returncode, 0, "afterwards")
    wire.close()
    guest.close()


def test_unknown_kind(cloud):
    """It would be given out, and lost."""
    def change(method, status, data):
        if method == "GET" and b"kinds" in data:
            data = json.dumps({"kinds": KINDS + ["new_kind"]}).encode()
        return status, data, len(data)
    refused(cloud, "unknown", change, "new_kind is on offer", posts=0)


def test_killed(cloud):
    """At any moment: all of it or nothing, and all of it in the end where
    the list was written down."""
    whole = 0
    for n in range(12):
        guest = Guest(cloud, "killed-agent-%d" % n)
        wire = Between(cloud, guest.ident)
        child = subprocess.Popen(
            ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "inject=rename:"
             "signal=SIGKILL:when=%d" % (n + 1),
             os.path.join(cloud.bin, "activation-agent"), "--root",
             guest.root, "--drive", guest.drive, "--url", wire.url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        child.wait(60)
        done = guest.activate(wire)
        if n == 0:
            # Before the list: it was given out, and is lost.
            check(done.returncode == 1 and "(410)" in done.stderr,
                  done.stderr)
            check(guest.is_untouched(), "nothing: %r" % guest.files())
        else:
            equal(done.returncode, 0, "%d: %s" % (n, done.stderr))
            equal(guest.files(), FILES, "%d: all of it" % n)
            whole += "completed" in done.stderr
        wire.close()
        guest.close()
    check(whole >= 8, "runs that were completed: %d" % whole)


def test_killed_while_undoing(cloud):
    """A rename fails, and the machine dies as it takes the others back."""
    for n in range(1, 12, 3):
        guest = Guest(cloud, "undone-%d" % n)
        wire = Between(cloud, guest.ident)
        # Unlinks: of the temporary files first, of the list, of the places.
        died = subprocess.run(
            ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "inject=rename:"
             "error=EIO:when=8", "-e", "inject=unlink:signal=SIGKILL:when=%d"
             % (unlinks_before_undo(cloud) + n),
             os.path.join(cloud.bin, "activation-agent"), "--root",
             guest.root, "--drive", guest.drive, "--url", wire.url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        check(died.returncode in (-9, 137), "%d: it dies: %d" % (
            n, died.returncode))
        done = guest.activate(wire)
        if done.returncode == 0:
            equal(guest.files(), FILES, "%d: all of it" % n)
        else:
            check("(410)" in done.stderr, done.stderr)
            check(guest.is_untouched(), "%d: %r" % (n, guest.files()))
        wire.close()
        guest.close()


def unlinks_before_undo(cloud):
    """Counted once, of a run whose eighth rename fails."""
    if not hasattr(unlinks_before_undo, "n"):
        guest = Guest(cloud, "counted-unlinks")
        wire = Between(cloud, guest.ident)
        log = os.path.join(guest.temp, "strace")
        subprocess.run(
            ["strace", "-qq", "-f", "-o", log, "-e", "trace=unlink,rename",
             "-e", "inject=rename:error=EIO:when=8",
             os.path.join(cloud.bin, "activation-agent"), "--root",
             guest.root, "--drive", guest.drive, "--url", wire.url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        with open(log) as f:
            text = f.read()
        unlinks_before_undo.n = text[:text.index("(INJECTED)")].count(
            "unlink(")
        wire.close()
        guest.close()
    return unlinks_before_undo.n


def test_rename_fails(cloud):
    """What was put into its place goes back, and what was there is there."""
    for n in (2, 5, 11, 12):        # of the list; the files' own; the mark's
        guest = Guest(cloud, "fails-%d" % n)
        wire = Between(cloud, guest.ident)
        done = subprocess.run(
            ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "inject=rename:"
             "error=EIO:when=%d" % n,
             os.path.join(cloud.bin, "activation-agent"), "--root",
             guest.root, "--drive", guest.drive, "--url", wire.url],
            capture_output=True, text=True, timeout=60,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        equal(done.returncode, 1, "%d: %s" % (n, done.stderr))
        check("nothing was installed" in done.stderr and
              "Input/output error" in done.stderr, "%d: says why" % n)
        check(guest.is_untouched(), "%d: %r" % (n, guest.files()))
        wire.close()
        guest.close()
