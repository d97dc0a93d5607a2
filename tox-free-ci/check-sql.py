#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: every statement is one that PostgreSQL understands.

Applies the migrations of catalog/ to a private PostgreSQL, in which it then
describes every statement of every room (the sql_ROOM variables of the
Makefile). Mistakes come in psql's own words, with its caret; and where the
outermost select list is an @row, the columns must be that row's. So for the
forms for several callers, which have one column more.
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
MARK, MULTI = "-- statement ", ".multiget"


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


def forms(st):
    """(path, lines before, text): the one that its file has, where that has
    it; and the one for several callers."""
    yield st.path, st.first - 1, st.text
    if st.multi:
        yield st.path + MULTI, 0, st.multi


def describe(dsn, scratch, statements):
    """({path: column names}, what psql complained about)."""
    script = []
    for st in statements:
        copy = os.path.join(scratch, st.path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        for path, first, text in forms(st):
            with open(os.path.join(scratch, path), "w") as f:
                f.write("\n" * first + text + "\n\\gdesc\n")
            script += ["\\echo '%s%s'" % (MARK, path), "\\i " + path]
    run = psql(dsn, scratch, [], "\n".join(script) + "\n")
    columns = {}
    for part in run.stdout.split(MARK)[1:]:
        path, *lines = part.splitlines()
        columns[path] = [line.split("|")[0] for line in lines if "|" in line]
    return columns, run.stderr.splitlines()


def wrong_columns(statements, columns):
    for st in statements:
        for path, more in ((st.path, []), (st.path + MULTI, ["at"])):
            got = columns.get(path)
            if not st.row or not got:
                continue
            want = [name for _, name in st.row.columns] + more
            if got != want:
                yield "%s:%d: not the columns of %s: number %s" % (
                    path, st.first, st.row.path, first_other(got, want))


def first_other(got, want):
    at = next((i for i, pair in enumerate(zip(got, want))
               if pair[0] != pair[1]), min(len(got), len(want)))
    return "%d is %s, not %s" % (at, "".join(got[at:at + 1]) or "missing",
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
