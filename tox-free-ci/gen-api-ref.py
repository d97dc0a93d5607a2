#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes api-ref/*.md from the programs' tables of operations and from the
field tables of their handlers; --check: fails where the files differ.

The operations come from --dump-routes. The body of an operation comes from
the source: the table that its function gives to req_body().
"""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, os.environ.get("LITE_BIN", "build/release/bin"))
# page: program, title, where its handlers are
PAGES = {
    "identity": ("keystone-shim", "Identity v3", "keystone-shim/**/*.c"),
    "image": ("glance-lite", "Image v2", "glance-lite/**/*.c"),
    "compute": ("nova-lite", "Compute v2.1", "nova-lite/api/*.c"),
    "network": ("nova-lite-network", "Network v2.0 (read-only)",
                "nova-lite/network/*.c"),
    "metadata": ("nova-lite-metadata", "Metadata for guests",
                 "nova-lite/metadata/*.c"),
}
WHO = {"PUBLIC": "anyone, without a token", "TOKEN": "any valid token",
       "READER": "reader in the project", "MEMBER": "member in the project",
       "ADMIN": "admin"}
TYPES = {"STR": "string", "INT": "integer", "BOOL": "boolean",
         "NUM": "number", "JSON": "any"}
NO_MAX = 999
TABLE = re.compile(r"struct jfield (\w+)\[\] = \{(.*?)\n\};", re.S)
BODY = re.compile(r"req_body\(\s*rq,\s*(\"[^\"]*\"|\w+),\s*(\w+),", re.S)
FUNCTION = re.compile(r"^(?:static )?int (\w+)\(struct req \*rq[^)]*\)\n"
                      r"\{\n(.*?)^\}", re.S | re.M)


def split_args(text):
    """Arguments of a macro, split at the commas that are outside ()."""
    out, depth, part = [], 0, ""
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            out.append(part.strip())
            part = ""
        else:
            part += c
    return out + [part.strip()]


def macro_rows(body):
    """(name, [arguments]) of each JF_NAME(...) in a table."""
    for m in re.finditer(r"JF_(\w+)\(", body):
        depth, i = 1, m.end()
        while depth:
            depth += (body[i] == "(") - (body[i] == ")")
            i += 1
        yield m.group(1), split_args(" ".join(body[m.end():i - 1].split()))


def field(kind, args):
    """A row of a field table as (key, type, remarks)."""
    kind, *more = kind.split("_")
    args = args[1:]
    key = args.pop(0)
    if "K" in more or kind == "JSON" and "MV" in more:
        key = args.pop(0)
    flags = args.pop(0).split(" | ")
    remarks = ["required"] if "J_REQ" in flags else []
    remarks += ["may be null"] if "J_NULL" in flags else []
    shape = TYPES[kind]
    shape = "object" if "J_OBJ" in flags else shape
    shape = "array" if "J_ARR" in flags else shape
    shape = "uuid" if "J_UUID" in flags else shape
    if kind in ("STR", "INT", "NUM") and len(args) > 1:
        lo, hi = args[0], args[1]
        del args[:2]
        if kind == "STR":
            remarks.append("%s to %s characters" % (lo, hi))
        elif (lo, hi) != ("0", "0"):
            remarks.append("%s to %s" % (lo, hi))
    if "MV" in more and len(args) > 1:
        remarks.append(versions(int(args[0]),
                                NO_MAX if args[1] == "MAX" else
                                int(args[1])))
    return key.strip('"'), shape, ", ".join(r for r in remarks if r)


def versions(low, high):
    if high >= NO_MAX:
        return "since 2.%d" % low if low > 1 else ""
    return "2.%d to 2.%d" % (max(low, 1), high)


def read_sources(pattern):
    """({table: rows}, {function: its text})."""
    tables, functions = {}, {}
    for path in sorted(glob.glob(os.path.join(ROOT, pattern),
                                 recursive=True)):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for name, body in TABLE.findall(text):
            tables[name] = [field(k, a) for k, a in macro_rows(body)
                            if len(a) > 2]
        functions.update(FUNCTION.findall(text))
    return tables, functions


def body_of(op, tables, functions):
    found = BODY.search(functions.get(op, ""))
    if not found or found.group(2) not in tables:
        return []
    key = found.group(1).strip('"')
    under = "" if key == "NULL" else " of `%s`" % key
    out = ["", "| member%s | type | |" % under, "|---|---|---|"]
    out += ["| `%s` | %s | %s |" % row for row in tables[found.group(2)]]
    return out


def operation(row, tables, functions):
    op, method, path, _, access, policy, low, high, doc = row
    out = ["## %s" % op, "", "`%s %s`" % (method, path), "", doc + ".", ""]
    facts = ["For: %s." % WHO[access]]
    if policy not in ("", "-"):
        facts.append("Policy: `%s`." % policy)
    span = versions(int(low), int(high)) if int(high) else ""
    if span:
        facts.append("Microversions: %s." % span)
    return out + [" ".join(facts)] + body_of(op, tables, functions) + [""]


def page(program, title, pattern):
    dump = subprocess.run([os.path.join(BIN, program), "--dump-routes"],
                          capture_output=True, text=True, check=True).stdout
    tables, functions = read_sources(pattern)
    out = ["# %s" % title, "", "Written by `make api-ref` from the tables of "
           "%s; edit those." % program, ""]
    for line in dump.splitlines():
        out += operation(line.split("\t"), tables, functions)
    return "\n".join(out)


def main():
    bad = 0
    os.makedirs(os.path.join(ROOT, "api-ref"), exist_ok=True)
    for name, (program, title, pattern) in PAGES.items():
        path = os.path.join(ROOT, "api-ref", name + ".md")
        text = page(program, title, pattern)
        try:
            with open(path, encoding="utf-8") as f:
                old = f.read()
        except FileNotFoundError:
            old = ""
        if old == text:
            continue
        if "--check" in sys.argv[1:]:
            print("api-ref/%s.md is not what the tables say: "
                  "make api-ref" % name)
            bad += 1
            continue
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
