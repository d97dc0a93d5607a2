# SPDX-License-Identifier: Apache-2.0
"""Replays recorded exchanges: finds the route, learns which id of ours stands
for which recorded one, and compares the replies."""
import base64
import json
import os
import re
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/api"))
from harness import shape, until  # noqa: E402

BINS = os.path.join(ROOT, os.environ.get("LITE_BIN", "build/release/bin"))
PROGRAMS = {"identity": "keystone-shim", "image": "glance-lite",
            "compute": "nova-lite", "network": "nova-lite-network"}
ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
WHOLE = re.compile(r"(?:req-)?%s$" % ID.pattern)
# Objects whose keys are the user's.
MAPS = ("metadata", "extra_specs", "properties", "addresses", "limits",
        "absolute", "security_compliance", "cpu_info", "usages")
# Keys that depend on a server's state, or on how many there are.
BY_STATE = ("progress", "fault", "security_groups", "servers_links", "next")
# user@project: passwords that the recordings give the user.
PEOPLE = {"admin@admin": ["admin"], "admin@": ["admin"],
          "recuser@recproj": ["recpw", "recpw2"],
          "recuser@": ["recpw", "recpw2"]}
NEWEST = 90         # minor microversion
EXACT = ("content-type", "vary", "openstack-api-version", "accept-patch",
         "x-openstack-nova-api-version", "content-range")


class Routes:
    """Which operation serves a request."""

    def __init__(self, folder):
        self.rows = {}
        for service, program in PROGRAMS.items():
            out = subprocess.run([os.path.join(folder, program),
                                  "--dump-routes"], text=True, check=True,
                                 capture_output=True).stdout
            self.rows[service] = []
            for line in out.splitlines():
                op, method, path = line.split("\t")[:3]
                path, _, action = path.partition("#")
                pattern = re.sub(r"\\{\w+\\}", "[^/]+",
                                 re.escape(path.rstrip("/")))
                self.rows[service].append(
                    (method, re.compile(pattern + "/?$"), action, op,
                     path.count("{")))

    def find(self, service, method, path, body):
        path = re.sub(r"^/v2\.1/[0-9a-f]{32}/", "/v2.1/", path)
        keys = body if isinstance(body, dict) else {}
        found = [(n, op) for m, pattern, action, op, n in self.rows[service]
                 if m == method and pattern.match(path) and
                 (not action or action in keys)]
        return min(found)[1] if found else None


class Replay:
    def __init__(self, cloud):
        self.cloud, self.tokens, self.ids = cloud, {}, {}
        self.sent = {"stores"}  # keys that users chose

    # -- ids -------------------------------------------------------------

    def ours(self, text):
        """Recorded text with our ids in place of the recorded ones."""
        return ID.sub(lambda m: self.ids.get(m.group(), m.group()), text)

    def learn(self, recorded, got):
        if isinstance(recorded, dict) and isinstance(got, dict):
            for key in recorded.keys() & got.keys():
                self.learn(recorded[key], got[key])
        elif isinstance(recorded, list) and isinstance(got, list):
            for a, b in self.pairs(recorded, got):
                self.learn(a, b)
        elif isinstance(recorded, str) and isinstance(got, str):
            if WHOLE.match(recorded) and WHOLE.match(got):
                self.ids.setdefault(recorded, got)

    @staticmethod
    def pairs(recorded, got):
        """Elements that are the same thing: by name, or the only one."""
        named = {e.get("name"): e for e in got if isinstance(e, dict)}
        for e in recorded:
            name = e.get("name") if isinstance(e, dict) else None
            if name is not None and name in named:
                yield e, named[name]
        if len(recorded) == len(got) == 1:
            yield recorded[0], got[0]

    # -- one exchange ----------------------------------------------------

    def send(self, e):
        body = e["body"]
        self.note_keys(body)
        if isinstance(body, dict) and "base64_head" in body:
            body = data_like(body)
        elif isinstance(body, (dict, list)):
            body = re.sub("TOKEN ([\\w@]+)", lambda m: self.who(m.group(1)),
                          self.ours(json.dumps(body)))
        elif body == "" or body is None:
            body = None
        if body is None and e["path"].endswith("/file") \
                and e["method"] == "PUT":
            body = b""
        headers = {"content-type": None}
        headers |= {k: self.who(v) if k == "x-subject-token" else v
                    for k, v in e["headers"].items()}
        path = self.ours(e["path"])
        if e["query"]:
            path += "?" + self.ours(lasting(e["query"]))
        return self.cloud.anon.request(
            e["method"], e["service"], path.replace(" ", "%20"), body=body,
            headers=headers, token=self.who(e["who"]))

    def adopt_networks(self, exchanges, our_id):
        for e in exchanges:
            for thing in things(e["body"]):
                for net in thing.get("networks") or ():
                    if isinstance(net, dict) and "uuid" in net:
                        self.ids.setdefault(net["uuid"], our_id)

    def beyond(self, e):
        """Whether it needs a newer microversion than we have."""
        asked = e["headers"].get("openstack-api-version") or \
            e["headers"].get("x-openstack-nova-api-version") or ""
        found = re.search(r"\b2\.(\d+)$", asked)
        return e["status"] != 406 and (
            asked.endswith("latest") or
            found is not None and int(found.group(1)) > NEWEST)

    def note_keys(self, body):
        """JSON Patch names a key in its path."""
        if isinstance(body, dict):
            self.sent |= body.keys()
            for value in body.values():
                self.note_keys(value)
        elif isinstance(body, list):
            for item in body:
                self.note_keys(item)
                if isinstance(item, dict) and "path" in item:
                    self.sent.add(str(item["path"]).lstrip("/"))

    def adopt(self, exchanges, name, our_id):
        """Takes what the recordings call name for a thing of ours."""
        for e in exchanges:
            for thing in things(e["reply"]):
                if thing.get("name") == name and "id" in thing:
                    self.ids.setdefault(thing["id"], our_id)

    def lend_server(self, e):
        """Makes the server that an exchange is about, when the recording
        does not tell how it came to be."""
        found = re.match(r"/v2\.1/servers/(%s)" % ID.pattern, e["path"])
        if not found or found.group(1) in self.ids or e["status"] >= 400 or \
                e["file"] not in ("errors", "microversions"):
            return
        # However full the host is by now: the recorded cloud had two.
        self.cloud.sql("update compute.hosts set ram_ratio = ram_ratio + 0.1, "
                       "cpu_ratio = cpu_ratio + 1")
        reply = self.cloud.admin.post("compute", "/v2.1/servers", {"server": {
            "name": "rawsrv", "flavorRef": "42", "imageRef": self.image,
            "networks": [{"uuid": self.network}],
            "metadata": {"m": "v"}}})
        self.settle({"method": "POST", "path": "/v2.1/servers"}, reply)
        self.ids[found.group(1)] = reply.json["server"]["id"]

    def lacks(self, e):
        """Whether it asks about a thing that no exchange before has made
        here, because the operation that makes it is not there."""
        unknown = set(ID.findall(e["path"] + e["query"])) - set(self.ids)
        return e["status"] < 400 and bool(unknown)

    def who(self, name):
        """The token of `user@project`, or what is no such name as it is."""
        if name not in PEOPLE:
            return name
        if name not in self.tokens:
            user, project = name.split("@")
            for password in PEOPLE[name]:
                try:
                    self.tokens[name] = self.cloud.anon.login(
                        user, password, project=project or None,
                        unscoped=not project).token
                    break
                except RuntimeError:
                    pass
        return self.tokens.get(name, "nobody")

    def do(self, e):
        """Replays an exchange of a newer microversion at our newest, so that
        what it makes is there; nothing is compared."""
        named = "2.%d" % NEWEST
        headers = {k: v[:-len(v.split()[-1])] + named if "api-version" in k
                   else v for k, v in e["headers"].items()}
        reply = self.send(dict(e, headers=headers))
        if reply.status < 300:
            self.learn(e["reply"], reply.json)
            self.settle(e, reply)

    def run(self, e):
        """Replays an exchange; the differences, as lines."""
        reply = self.send(e)
        if reply.status == 401 and e["status"] != 401:
            self.tokens = {}        # revoked, by a new password perhaps
            reply = self.send(e)
        out = self.compare(e, reply)
        if reply.status < 300:
            self.learn(e["reply"], reply.json)
            self.settle(e, reply)
        return reply, out

    def settle(self, e, reply):
        """Waits until a server that was told to change has changed."""
        found = re.match(r"/v2\.1/servers/([^/]+)/action$", e["path"])
        made = e["path"] == "/v2.1/servers" and e["method"] == "POST"
        if not made and not (found and reply.status == 202):
            return
        if made and "server" not in reply.json:
            return              # a reservation id
        server = reply.json["server"]["id"] if made \
            else self.ours(found.group(1))

        def settled():
            got = self.cloud.anon.get("compute", "/v2.1/servers/" + server,
                                      token=self.who("admin@admin"))
            state = (got.json or {}).get("server", {})
            return got.status == 404 or (
                state.get("status") != "BUILD" and
                not state.get("OS-EXT-STS:task_state"))
        until(settled, 60, 0.2)

    # -- comparing -------------------------------------------------------

    @staticmethod
    def sooner(e, reply):
        """Ours is gone where the recorded server was still going."""
        server = e["reply"].get("server") if isinstance(e["reply"], dict) \
            else None
        return reply.status == 404 and isinstance(server, dict) and \
            server.get("OS-EXT-STS:task_state") == "deleting"

    def compare(self, e, reply):
        if self.sooner(e, reply):
            return []
        if reply.status != e["status"]:
            return ["status %d, not %d: %s" % (
                reply.status, e["status"], reply.text[:300])]
        out = []
        for name, want in e["answer"].items():
            got = ", ".join(reply.headers.get_all(name, []))
            if name == "content-type" and not reply.body:
                continue
            if not got:
                out.append("no header %s (%s)" % (name, want))
            elif name in EXACT and not self.same_header(want, got):
                out.append("header %s: %r, not %r" % (name, got, want))
        if not reply.id:
            out.append("no x-openstack-request-id")
        want = e["reply"]
        if isinstance(want, (dict, list)) and "base64_head" not in want:
            if reply.json is None:
                out.append("no JSON: " + reply.text[:200])
            else:
                out += [d for d in shape(reply.json, want, MAPS)
                        if not self.of_users(d)]
        elif want in ("", None) and e["method"] != "HEAD" and reply.body:
            out.append("a body where there was none: " + reply.text[:200])
        if e["status"] >= 400:
            out += self.wording(want, reply)
        return out

    def of_users(self, difference):
        """Whether it is about a key of an array's element that a user chose
        in a request of this replay, or one that comes and goes."""
        if difference.endswith(".swap is number, not string"):
            return True         # "" is 0 there
        if difference.split()[0].rsplit(".", 1)[-1] in BY_STATE or \
                ".owner_specified." in difference:
            return True
        found = re.match(r"\$\.\w+\[\d+\]\.(.+) is (too much|missing)$",
                         difference)
        return found and found.group(1) in self.sent

    @staticmethod
    def same_header(want, got):
        """Lists compare as sets, without case."""
        return {w.strip().lower() for w in want.split(",")} == \
            {g.strip().lower() for g in got.split(",")}

    def wording(self, want, reply):
        """Errors say the same, but for ids and addresses."""
        def plain(text):
            text = text.split("\n\nFailed validating")[0]
            text = ID.sub("ID", text)
            text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
            return re.sub(r"(maximum is 2\.|reserved )\d+", r"\1N", text)
        got = reply.json if reply.json is not None else reply.text
        a, b = plain(text_of(want)), plain(text_of(got))
        return [] if a == b else ["says %r, not %r" % (b, a)]


def lasting(query):
    """Usage is asked for until the day of the recording: let it be now."""
    return re.sub(r"\bend=\d{4}-", "end=2100-", query)


def data_like(body):
    """Bytes that begin as the recorded ones did; a qcow2 header's second
    half is made up."""
    head = base64.b64decode(body["base64_head"])
    if head.startswith(b"QFI\xfb"):
        head += bytes(96 - len(head)) + struct.pack(">II", 4, 104)
    return head + bytes(body["bytes"] - len(head))


def things(value):
    """All objects in a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from things(item)


def text_of(body):
    """The message in an error's body."""
    if isinstance(body, dict) and len(body) == 1:
        inner = next(iter(body.values()))
        if isinstance(inner, dict):
            return str(inner.get("message", inner))
    return body if isinstance(body, str) else json.dumps(body)
