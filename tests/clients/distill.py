#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes recordings.jsonl, the exchanges that recordings_test.py replays, from
full recordings of the real services:

    distill.py FOLDER >recordings.jsonl

Kept is what an exchange says about the API: tokens become names of who asked,
headers that nobody depends on go, as do reads that say the same again. Only
services and operations that have a route here are kept (--dump-routes).
"""
import json
import os
import re
import sys

from replay import BINS, Routes

FILES = ("identity", "image", "compute", "errors", "microversions")
REQUEST = ("content-type", "x-subject-token", "openstack-api-version",
           "x-openstack-nova-api-version", "range", "content-range", "accept")
RESPONSE = ("content-type", "vary", "x-subject-token", "location", "allow",
            "openstack-api-version", "x-openstack-nova-api-version",
            "www-authenticate", "content-md5", "content-range",
            "accept-patch")
SERVICES = {"keystone": "identity", "glance": "image", "nova": "compute",
            "neutron": "network"}
# Labels of errors that any path gives, whatever operations there are.
GENERAL = re.compile("unknown path|method not allowed|root unknown|gone|HEAD")
ELEMENTS_MAX, BODY_MAX = 3, 8000
ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def people(exchanges):
    """{token: who} as far as the recordings tell."""
    out = {}
    for e in exchanges:
        subject = headers(e["response"]).get("x-subject-token")
        body = e["response"]["body"]
        if subject and isinstance(body, dict) and "token" in body:
            token = body["token"]
            plain = token["methods"] == ["password"]
            who = "%s@%s" % (token["user"]["name"],
                             token.get("project", {}).get("name", ""))
            out[subject] = who if plain else "subject"
    return out


def headers(message):
    """By name in small letters; repeated ones joined."""
    out = {}
    for name, value in message["headers"]:
        name = name.lower()
        out[name] = out[name] + ", " + value if name in out else value
    return out


def load(folder):
    for name in FILES:
        with open(os.path.join(folder, name + ".jsonl")) as f:
            for line in f:
                yield dict(json.loads(line), file=name)


def guess(exchanges, known):
    """Tokens made before the recording began: who else but these asked."""
    for e in exchanges:
        token = headers(e["request"]).get("x-auth-token", "")
        if token in known or len(token) < 100:
            continue
        member = "member" in e["cli"] or "self" in e["cli"]
        known[token] = "recuser@recproj" if member else "admin@admin"
        if "revoke" in e["cli"] or "app credential" in e["cli"]:
            known[token] = "lost"
    return known


def types(value):
    if isinstance(value, dict):
        return {k: types(v) for k, v in value.items()}
    if isinstance(value, list):
        return [types(v) for v in value[:1]]
    return type(value).__name__


def trim(value):
    """Long arrays keep one element of each shape; what only the import of
    images brings goes."""
    if isinstance(value, dict):
        return {k: trim(v) for k, v in value.items()
                if not k.startswith("os_glance_")}
    if not isinstance(value, list):
        return value
    if len(value) <= ELEMENTS_MAX:
        return [trim(v) for v in value]
    kinds = {}
    for v in value:
        kinds.setdefault(json.dumps(types(v), sort_keys=True), trim(v))
    return list(kinds.values())[:ELEMENTS_MAX]


def hide(value, known):
    """A request's body with tokens named as in `who`."""
    text = json.dumps(value)
    for token in re.findall(r"gAAAA[\w-]{50,}=*", text):
        text = text.replace(token, "TOKEN " + known.get(token, "lost"))
    return json.loads(text)


def shrink(e, known):
    q, r = e["request"], e["response"]
    asked, got = headers(q), headers(r)
    token = asked.get("x-auth-token")
    out = {"file": e["file"], "cli": e.get("cli") or "",
           "service": SERVICES[e["service"]], "method": q["method"],
           "path": q["path"], "query": q["query"],
           "who": None if token is None else known.get(token, token),
           "headers": {k: asked[k] for k in REQUEST if k in asked},
           "body": hide(q["body"], known), "status": r["status"],
           "answer": {k: got[k] for k in RESPONSE if k in got},
           "reply": trim(r["body"])}
    subject = out["headers"].get("x-subject-token")
    if subject:
        out["headers"]["x-subject-token"] = known.get(
            subject, "lost" if len(subject) > 50 else subject)
    if "x-subject-token" in out["answer"]:
        out["answer"]["x-subject-token"] = "any"
    return out


def same(e):
    """What makes a read one that was seen before."""
    path = ID.sub("ID", e["path"])
    return json.dumps([e["service"], e["method"], path, e["query"], e["who"],
                       e["headers"], e["status"], sorted(e["answer"]),
                       types(e["reply"])], sort_keys=True)


def usable(e):
    """Not: faults of the real services, tokens that nobody can make again,
    ways to log in that are not here, bodies that are only long."""
    body = json.dumps(e["body"])
    lost = {"lost", "subject"} & {e["who"],
                                  e["headers"].get("x-subject-token")}
    return not (e["status"] >= 500 or lost or len(body) > BODY_MAX or
                re.search(r"TOKEN (lost|subject)|application_cred|OS-EC2",
                          body + e["path"]))


def main():
    routes = Routes(BINS)
    exchanges = [e for e in load(sys.argv[1]) if e["service"] in SERVICES]
    known = guess(exchanges, people(exchanges))
    seen = set()
    for e in exchanges:
        e = shrink(e, known)
        if not usable(e):
            continue
        op = routes.find(e["service"], e["method"], e["path"], e["body"])
        error = e["file"] == "errors"
        if not op and not (error and GENERAL.search(e["cli"])):
            continue
        reads = e["method"] in ("GET", "HEAD") or "/auth/tokens" in e["path"]
        key = same(e)
        if reads and key in seen and not error:
            continue
        seen.add(key)
        print(json.dumps(e, separators=(",", ":")))


if __name__ == "__main__":
    main()
