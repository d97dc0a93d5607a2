#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What sqlfiles.py makes of statements and rows, and what it refuses."""
import os
import tempfile
import unittest

from sqlfiles import BadSql, Room


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def room(self, **files):
        for name, text in files.items():
            name = name.replace("__", ".")
            with open(os.path.join(self.folder.name, name), "w") as f:
                f.write(text)
        return Room([self.folder.name])

    def refused(self, what, **files):
        with self.assertRaises(BadSql) as caught:
            self.room(**files)
        text = str(caught.exception)[len(self.folder.name) + 1:]
        self.assertEqual(text, what)

    def test_statement(self):
        room = self.room(
            a__row="f.id\nf.ram as memory_mb\n\n-- more\nf(x, 'as') as y\n",
            b__row="@a\nz\n",
            b_list__sql="-- One.\n\n-- Two @a.\nselect @b -- @a $9\n"
                        "from f where x = $2 and '@a;' <@ y and $1 < 3;\n")
        st = room.statements[0]
        self.assertEqual(st.text, "select f.id, f.ram as memory_mb, "
                         "f(x, 'as') as y, z -- @a $9\nfrom f where x = $2 "
                         "and '@a;' <@ y and $1 < 3")
        self.assertEqual((st.name, st.first, st.nparams, st.row.name),
                         ("b_list", 4, 2, "b"))
        self.assertEqual([n for _, n in st.row.columns],
                         ["id", "memory_mb", "y", "z"])

    def test_outermost_row(self):
        room = self.room(
            a__row="id\n", b__row="$3 as n3\n",
            q__sql="with x as (select @a from t) select @b from x")
        self.assertEqual(room.statements[0].row.name, "b")
        self.assertEqual(room.statements[0].nparams, 3)

    def test_operators(self):
        text = "select $$;@a$1$$, a @> b, c <@d, @ -1, 'it''s @a'"
        room = self.room(q__sql=text)
        self.assertEqual(room.statements[0].text, text)
        self.assertEqual(room.statements[0].nparams, 0)

    def test_refused(self):
        self.refused("q.sql:3: no such row: @nosuch",
                     q__sql="-- x\nselect\n@nosuch")
        self.refused("q.sql:2: more than one statement",
                     q__sql="select 1\n; select 2")
        self.refused("q.sql:1: no statement", q__sql="-- nothing\n")

    def test_refused_rows(self):
        self.refused("a.row:2: neither a column nor `expression as name`",
                     a__row="id\nf(x)\n")
        self.refused("a.row:1: column id: name taken",
                     a__row="f.id\ng.id\n")
        self.refused("a.row:1: no columns", a__row="-- none\n")

    def test_refused_circles(self):
        self.refused("b.row:1: no such row, or a circle: @a",
                     a__row="@b\n", b__row="@a\n")

    def test_refused_names(self):
        self.refused("a-b.sql:1: not a name for a C identifier",
                     **{"a-b__sql": "select 1"})


if __name__ == "__main__":
    unittest.main()
