#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: every statement is one that PostgreSQL understands.

Applies the migrations of catalog/ to a private PostgreSQL, in which it then
describes every statement of every room (the sql_ROOM variables of the
Makefile). Mistakes come in psql's own words, with its caret; and where the
outermost select list is an @row, the columns must be that row's.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

from postgres import Postgres
from sqlfiles import BadSql, Room

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARK = "-- statement "


def rooms():
    """{room: folders}, as the Makefile has them."""
    with open(os.path.join(ROOT, "Makefile")) as f:
        found = re.findall(r"^sql_(\w+) := \d+ (.*)$", f.read(), re.M)
    return {room: folders.split() for room, folders in found}


def psql(dsn, folder, args, text=None):
    return subprocess.run(["psql", "-Xq", "-P", "format=unaligned", "-P",
                           "tuples_only=on", "-d", dsn] + args,
                          cwd=folder, input=text, capture_output=True,
                          text=True)


def migrate(dsn):
    for path in sorted(glob.glob(os.path.join(ROOT, "catalog", "*.sql"))):
        name = os.path.relpath(path, ROOT)
        run = psql(dsn, ROOT, ["-1", "-v", "ON_ERROR_STOP=1", "-f", name])
        if run.returncode:
            raise BadSql(run.stderr.rstrip())


def describe(dsn, scratch, statements):
    """({path: column names}, what psql complained about)."""
    script = []
    for st in statements:
        copy = os.path.join(scratch, st.path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with open(copy, "w") as f:      # same line numbers as the original
            f.write("\n" * (st.first - 1) + st.text + "\n\\gdesc\n")
        script += ["\\echo '%s%s'" % (MARK, st.path), "\\i " + st.path]
    run = psql(dsn, scratch, [], "\n".join(script) + "\n")
    columns = {}
    for part in run.stdout.split(MARK)[1:]:
        path, *lines = part.splitlines()
        columns[path] = [line.split("|")[0] for line in lines if "|" in line]
    return columns, run.stderr.splitlines()


def wrong_columns(statements, columns):
    for st in statements:
        got = columns.get(st.path)
        if not st.row or not got:
            continue
        want = [name for _, name in st.row.columns]
        if got != want:
            at = next((i for i, pair in enumerate(zip(got, want))
                       if pair[0] != pair[1]), min(len(got), len(want)))
            yield "%s:%d: not the columns of %s: number %d is %s, not %s" % (
                st.path, st.first, st.row.path, at,
                "".join(got[at:at + 1]) or "missing",
                "".join(want[at:at + 1]) or "expected")


def check(dsn, scratch):
    migrate(dsn)
    statements = {}
    for folders in rooms().values():
        for st in Room(folders).statements:
            statements[st.path] = st
    columns, complaints = describe(dsn, scratch, statements.values())
    return (complaints + list(wrong_columns(statements.values(), columns)),
            len(statements))


def main():
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="check-sql-") as scratch, \
            tempfile.TemporaryDirectory(prefix="check-sql-pg-") as folder:
        pg = Postgres(folder, durable=False)
        pg.start()
        try:
            complaints, n = check(pg.dsn, scratch)
        except BadSql as e:
            complaints = [str(e)]
        finally:
            pg.kill()
    if complaints:
        sys.exit("\n".join(complaints))
    print("%d statements" % n)


if __name__ == "__main__":
    main()
