# SPDX-License-Identifier: Apache-2.0
"""Reads the statements (*.sql) and select lists (*.row) of a room's folders.

A .sql file is one statement, named as the file. @NAME in it stands for the
columns of NAME.row, joined by commas. A .row file has one column per line:

    f.id                    a column, named as it is
    f.ram as memory_mb      an expression with a name
    @other                  the columns of other.row

Its columns are numbered from 0, across the spliced ones. Lines of -- comment
and empty lines are passed over in .row files and before a statement.

A line `-- @multiget` before a statement says that it gives at most one row:
it has a second form then, for several callers in one execution (struct
sql_stmt). Its parameters are text there: casts say what else they are.
"""
import glob
import os
import re

STATEMENTS_MAX, NAME_MAX = 512, 63      # SQL_GROUP_MAX; PostgreSQL's limit
PARAMETERS_MAX = 40                     # SQL_ARGS_MAX
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z")
COLUMN = re.compile(r"(?:[a-z_][a-z0-9_]*\.)?([a-z_][a-z0-9_]*)\Z")
EXPRESSION = re.compile(r"(.*\S)\s+as\s+([a-z_][a-z0-9_]*)\Z", re.I)
# Text that is not code: comments, and what stands in quotes.
OPAQUE = re.compile(r"--[^\n]*|/\*.*?\*/|[eE]'(?:\\.|''|[^'\\])*'"
                    r"|'(?:''|[^'])*'|\"[^\"]*\"|(\$[a-z_]*\$).*?\1", re.S)
# @> and <@ and their like are operators.
REFERENCE = re.compile(r"(?<![-+*/<>=~!@#%^&|`?\w])@([a-z_][a-z0-9_]*)")
PARAMETER = re.compile(r"\$([0-9]+)")


class BadSql(Exception):
    """Says file:line: what."""


def bad(path, line, what):
    raise BadSql("%s:%d: %s" % (path, line, what))


def map_code(text, fn):
    """text with its code (not comments, not literals) changed by fn, which
    gets a part and its place."""
    out, at = [], 0
    for m in OPAQUE.finditer(text):
        out += [fn(text[at:m.start()], at), m.group()]
        at = m.end()
    return "".join(out) + fn(text[at:], at)


class Row:
    """A select list: .columns is [(expression, name)]."""

    def __init__(self, path, name):
        self.path, self.name, self.columns = path, name, None

    def select_list(self):
        return ", ".join(e if COLUMN.match(e) and
                         COLUMN.match(e).group(1) == n else
                         "%s as %s" % (e, n) for e, n in self.columns)


class Statement:
    """.text is what PostgreSQL gets, .first the line where it starts, .row
    what its outermost select list consists of (None: not of a row), .multi
    the form for several callers (None: there is none)."""

    def __init__(self, path, name, first, body, rows, is_multi):
        self.path, self.name, self.first = path, name, first
        self.body, self.rows = body, rows
        self.row, self.depth, self.nparams = None, 0, 0
        self.text = map_code(body, self.expand)
        map_code(self.text, self.count_parameters)
        self.multi = self.for_callers() if is_multi else None

    def for_callers(self):
        """The statement for each row of arrays of parameters."""
        if not 0 < self.nparams < PARAMETERS_MAX:
            self.bad(0, "parameters do not fit a multiget")
        count = range(1, self.nparams + 1)
        inner = map_code(self.text, lambda code, _at:
                         PARAMETER.sub(r"callers.p\1", code))
        return ("select one.*, callers.at\n"
                "from unnest(%s) with ordinality\n\tcallers(%s, at)\n"
                "cross join lateral (\n%s\n) one\n"
                "where callers.at <= $%d::int" % (
                    ", ".join("$%d::text[]" % p for p in count),
                    ", ".join("p%d" % p for p in count),
                    inner, self.nparams + 1))

    def bad(self, at, what):
        bad(self.path, self.first + self.body.count("\n", 0, at), what)

    def expand(self, code, at):
        def put(m):
            row = self.rows.get(m.group(1))
            if not row:
                self.bad(at + m.start(), "no such row: " + m.group())
            before = code[:m.start()]
            if self.depth + before.count("(") == before.count(")"):
                self.row = self.row or row
            return row.select_list()

        if ";" in code:
            self.bad(at + code.index(";"), "more than one statement")
        out = REFERENCE.sub(put, code)
        self.depth += code.count("(") - code.count(")")
        return out

    def count_parameters(self, code, _at):
        for p in PARAMETER.findall(code):
            self.nparams = max(self.nparams, int(p))
        return code


class Room:
    """All statements and rows of some folders, rows expanded."""

    def __init__(self, folders):
        self.rows, self.statements = {}, []
        self.collect(folders, "row", self.add_row)
        for row in self.rows.values():
            self.read_row(row, [])
        names = {}
        self.collect(folders, "sql", lambda p, n: names.setdefault(n, p) != p
                     and bad(p, 1, "there is also " + names[n]))
        for name in sorted(names):
            self.statements.append(self.read_statement(names[name], name))
        for st in self.statements:
            if st.multi and (st.name + "_multi" in names or
                             len(st.name + "_multi") > NAME_MAX):
                bad(st.path, 1, "no room for the name of its multiget")
        if sum(1 + bool(s.multi) for s in self.statements) > STATEMENTS_MAX:
            raise BadSql("more than %d statements" % STATEMENTS_MAX)

    @staticmethod
    def collect(folders, ext, add):
        for folder in folders:
            for path in sorted(glob.glob(os.path.join(folder, "*." + ext))):
                name = os.path.basename(path)[:-len(ext) - 1]
                if not IDENTIFIER.match(name) or len(name) > NAME_MAX:
                    bad(path, 1, "not a name for a C identifier")
                add(path, name)

    def add_row(self, path, name):
        if name in self.rows:
            bad(path, 1, "there is also " + self.rows[name].path)
        self.rows[name] = Row(path, name)

    def read_row(self, row, users):
        if row.columns is not None:
            return
        columns = []
        with open(row.path) as f:
            for n, line in enumerate(f, 1):
                line = line.strip()
                if line and not line.startswith("--"):
                    columns += self.read_column(row, n, line, users)
        names = [name for _, name in columns]
        for name in names:
            if names.count(name) > 1 or name == "n":
                bad(row.path, 1, "column %s: name taken" % name)
        if not columns:
            bad(row.path, 1, "no columns")
        row.columns = columns

    def read_column(self, row, n, line, users):
        if line.startswith("@"):
            other = self.rows.get(line[1:])
            if not other or other is row or other in users:
                bad(row.path, n, "no such row, or a circle: " + line)
            self.read_row(other, users + [row])
            return other.columns
        m = COLUMN.match(line)
        if m:
            return [(line, m.group(1))]
        m = EXPRESSION.match(line)
        if not m or line.endswith(","):
            bad(row.path, n, "neither a column nor `expression as name`")
        return [(m.group(1), m.group(2).lower())]

    def read_statement(self, path, name):
        with open(path) as f:
            whole = f.read()
        body = re.sub(r"\A(?:\s+|--[^\n]*\n)+", "", whole)
        body = re.sub(r"\s*;?\s*\Z", "", body)
        if not body:
            bad(path, 1, "no statement")
        head = whole[:whole.index(body)]
        return Statement(path, name, head.count("\n") + 1, body, self.rows,
                         self.is_multi(path, whole, head))

    @staticmethod
    def is_multi(path, whole, head):
        lines = len(re.findall(r"^-- @multiget$", head, re.M))
        if whole.count("@multiget") != lines or lines > 1:
            bad(path, 1, "@multiget is a line of comment, before a statement")
        return lines == 1
