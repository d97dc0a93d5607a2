#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the catalog's migrations in: gen-migrations.py OUT.c FOLDER."""
import glob
import os
import re
import sys

# A character a number: a string literal is limited to 64 KB by some tools.
PER_LINE = 16


def name_of(path, before):
    name = os.path.basename(path)[:-len(".sql")]
    if not re.fullmatch(r"\d{4}_[a-z0-9_]+", name):
        sys.exit(path + ":1: a migration is called NNNN_name.sql")
    if name[:4] in (b[:4] for b in before):
        sys.exit(path + ":1: its number is taken")
    return name


def array(path):
    with open(path, "rb") as f:
        data = f.read()
    if b"\0" in data:
        sys.exit(path + ":1: a NUL byte")
    numbers = ["%d" % (b - 256 if b > 127 else b) for b in data] + ["0"]
    return ",\n".join("\t" + ", ".join(numbers[i:i + PER_LINE])
                      for i in range(0, len(numbers), PER_LINE))


def text(folder):
    names = []
    yield "/* Made by gen-migrations.py; SPDX-License-Identifier: " \
        "Apache-2.0 */\n"
    yield '#include "common/sql/migrations.h"\n\n'
    for path in sorted(glob.glob(os.path.join(folder, "*.sql"))):
        names.append(name_of(path, names))
        yield "static const char text_%s[] = {\n%s\n};\n\n" % (
            names[-1][:4], array(path))
    yield "const struct sql_migration sql_migrations[] = {\n"
    for name in names:
        yield '\t{ "%s", text_%s },\n' % (name, name[:4])
    yield "\t{ 0 }\n};\n"


def main(out, folder):
    temp = "%s.%d" % (out, os.getpid())
    with open(temp, "w") as f:
        f.write("".join(text(folder)))
    os.replace(temp, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
