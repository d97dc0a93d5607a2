#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns statements into C: gen-sql.py OUT_BASE GROUP FOLDER...

Writes OUT_BASE.h and OUT_BASE.c: `const struct sql_stmt SQL_NAME` for every
NAME.sql and an enum of columns (NAME__id, NAME__name ... NAME__n) for every
NAME.row of the folders. See sqlfiles.py for what may stand in them.
"""
import itertools
import os
import sys

from sqlfiles import BadSql, Room


def quoted(text):
    lines = text.replace("\\", "\\\\").replace('"', '\\"').split("\n")
    return "\n".join('\t"%s%s"' % (line.replace("\t", "\\t"), end)
                     for line, end in zip(lines, ["\\n"] * (len(lines) - 1) +
                                          [""]))


def enum(row):
    names = [name for _, name in row.columns] + ["n"]
    return "enum {\n%s};\n" % "".join("\t%s__%s,\n" % (row.name, n)
                                      for n in names)


def header(guard, room):
    yield "/* Made by gen-sql.py; SPDX-License-Identifier: Apache-2.0 */\n"
    yield "#ifndef %s\n#define %s\n\n" % (guard, guard)
    yield '#include "common/sql/sql.h"\n\n'
    for row in room.rows.values():
        yield enum(row) + "\n"
    for st in room.statements:
        yield "extern const struct sql_stmt SQL_%s;\n" % st.name
    yield "\n#endif\n"


def source(include, group, room):
    yield "/* Made by gen-sql.py; SPDX-License-Identifier: Apache-2.0 */\n"
    yield '#include "%s"\n' % include
    number = itertools.count()
    for st in room.statements:
        multi = "NULL"
        if st.multi:
            multi = "&multi_" + st.name
            yield struct("static", "multi_" + st.name, st.name + "_multi",
                         st.multi, st.nparams + 1, group, next(number), "NULL")
        yield struct("", "SQL_" + st.name, st.name, st.text, st.nparams,
                     group, next(number), multi)


def struct(storage, symbol, name, text, *rest):
    return ('\n%sconst struct sql_stmt %s = {\n\t"%s",\n%s,\n'
            "\t%d, %d, %d, %s\n};\n" % ((storage and storage + " ", symbol,
                                       name, quoted(text)) + rest))


def write(path, parts):
    """Whole or not at all: several makes may run at once."""
    temp = "%s.%d" % (path, os.getpid())
    with open(temp, "w") as f:
        f.write("".join(parts))
    os.replace(temp, path)


def main(out, group, *folders):
    room = Room(folders)
    base = os.path.basename(out)
    write(out + ".h", header("GEN_" + base.upper() + "_H", room))
    write(out + ".c", source(base + ".h", int(group), room))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BadSql as e:
        sys.exit(str(e))
