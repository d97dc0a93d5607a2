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
TABLE = re.compile(r"struct jfield (\w+)\[\] = \{(.*?)\n\t*\};", re.S)
FUNCTION = re.compile(r"^(?:static )?[\w *]+?\b(\w+)\(([^;{}]*)\)\n"
                      r"\{\n(.*?)^\}", re.S | re.M)
DEPTH = 3           # of calls from a handler to the reader of its body


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


class Source:
    """A .c file: its functions, and field tables outside of them."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        self.functions = {m.group(1): m.group(3)
                          for m in FUNCTION.finditer(text)}
        self.tables = tables_of(FUNCTION.sub("", text))

    def reach(self, name, depth=DEPTH):
        """A function's text and those of the ones it calls here."""
        text = self.functions.get(name)
        if text is None or not depth:
            return []
        out = [text]
        for called in dict.fromkeys(re.findall(r"\b(\w+)\(", text)):
            if called != name:
                out += self.reach(called, depth - 1)
        return out


def tables_of(text):
    return {name: [field(k, a) for k, a in macro_rows(body) if len(a) > 2]
            for name, body in TABLE.findall(text)}


def read_sources(pattern):
    return [Source(path) for path in sorted(
        glob.glob(os.path.join(ROOT, pattern), recursive=True))]


def bodies_of(op, sources):
    """(key or None, rows) of each table that the handler reads by."""
    shared = {n: t for s in sources for n, t in s.tables.items()}
    source = next((s for s in sources if op in s.functions), None)
    seen = set()
    for text in source.reach(op) if source else ():
        tables = {**shared, **source.tables, **tables_of(text)}
        for call in re.finditer(r"\(\s*rq,([^;{]*)", text):
            for word in re.finditer(r"\b\w+\b", call.group(1)):
                name = word.group()
                if name not in tables or name in seen or not tables[name]:
                    continue
                seen.add(name)
                keys = re.findall(r'"([^"%]*)"',
                                  call.group(1)[:word.start()])
                yield keys[-1] if keys else None, tables[name]


def body_of(op, sources):
    out = []
    for key, rows in bodies_of(op, sources):
        under = " of `%s`" % key if key else ""
        out += ["", "| member%s | type | |" % under, "|---|---|---|"]
        out += ["| `%s` | %s | %s |" % row for row in rows]
    return out


def operation(row, sources):
    op, method, path, _, access, policy, low, high, doc = row
    out = ["## %s" % op, "", "`%s %s`" % (method, path), "", doc + ".", ""]
    facts = ["For: %s." % WHO[access]]
    if policy not in ("", "-"):
        facts.append("Policy: `%s`." % policy)
    span = versions(int(low), int(high)) if int(high) else ""
    if span:
        facts.append("Microversions: %s." % span)
    return out + [" ".join(facts)] + body_of(op, sources) + [""]


def page(program, title, pattern):
    dump = subprocess.run([os.path.join(BIN, program), "--dump-routes"],
                          capture_output=True, text=True, check=True).stdout
    sources = read_sources(pattern)
    out = ["# %s" % title, "", "Written by `make api-ref` from the tables of "
           "%s; edit those." % program, ""]
    for line in dump.splitlines():
        out += operation(line.split("\t"), sources)
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
