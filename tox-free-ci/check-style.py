#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: the style and the budgets of HACKING.md. Prints file:line: what.

    check-style.py [FILE...]     (default: every file that git knows)

Left out: widths in .tbl files, whose rows are tables; SPDX lines in statement
files (sql/NAME.sql), whose first line says what they are for.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WIDTH, FILE_MAX, FUNCTION_MAX, PARAMS_MAX, NESTING_MAX = 80, 800, 80, 5, 3
SPDX = "SPDX-License-Identifier: Apache-2.0"
C = (".c", ".h")
CODE = C + (".py", ".sh", ".sql", ".tbl")
# In comments. In pieces here, so that this file passes its own gate.
UNFINISHED = re.compile(r"(/\*|^\s*\*|//|#|--)[^\"]*\b(TO" r"DO|FIX" r"ME|XX"
                        r"X)\b")


def files():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                         cwd=ROOT, capture_output=True, text=True, check=True)
    return [f for f in out.stdout.splitlines() if f.endswith(CODE)
            and os.path.exists(os.path.join(ROOT, f))]


def strip(text):
    """C without comments, strings and preprocessor lines; same lines."""
    def blank(m):
        return '""' if m.group()[0] in "\"'" else re.sub(r"[^\n]", "",
                                                         m.group())
    text = re.sub(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
                  r"|/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", blank, text, flags=re.M)


def lines_style(name, lines):
    for n, line in enumerate(lines, 1):
        if not name.endswith(".tbl") and len(line.expandtabs(8)) > WIDTH:
            yield n, "wider than %d columns" % WIDTH
        if line != line.rstrip():
            yield n, "white space at the end"
        if name.endswith(C) and re.match(r"\t* {8}", line):
            yield n, "spaces where a tab belongs"
        if UNFINISHED.search(line):
            yield n, "unfinished work"
    if "/sql/" not in name and SPDX not in "".join(lines[:2]):
        yield 1, "no SPDX line at the top"
    if len(lines) > FILE_MAX:
        yield FILE_MAX, "file longer than %d lines" % FILE_MAX


def functions(lines):
    """(first line of the head, head, first line of the body, body)."""
    for n, line in enumerate(lines):
        if line != "{":
            continue
        top = n
        while top and lines[top - 1] and lines[top - 1][-1] not in ";}":
            top -= 1
        end = n
        while end < len(lines) and lines[end] != "}":
            end += 1
        yield top + 1, " ".join(lines[top:n]), n + 2, lines[n + 1:end]


def parameters(head):
    """The number of parameters besides outputs (NAME_r); ARGS() is one,
    though it fills two."""
    depth, start = 0, None
    for i in range(len(head) - 1, -1, -1):
        depth += (head[i] == ")") - (head[i] == "(")
        if head[i] == "(" and depth == 0:
            start = i
            break
    if start is None:
        return 0
    inner = head[start + 1:head.rindex(")")].strip()
    while re.search(r"\([^()]*\)", inner):
        inner = re.sub(r"\([^()]*\)", "", inner)
    if inner in ("", "void"):
        return 0
    return len([p for p in inner.split(",")
                if not re.search(r"\bnargs$|\w_r$", p.strip())])


def nesting(first, body):
    """Lines where a statement begins too deep."""
    depth, last = 0, "{"
    for n, line in enumerate(body, first):
        text = line.strip()
        if depth == 0 and text and last in ";{}:)":
            tabs = len(line) - len(line.lstrip("\t"))
            if tabs - 1 > NESTING_MAX and text[0] not in "{}.":
                yield n
        depth += line.count("(") - line.count(")")
        last = text[-1] if text else last


def c_style(lines):
    if any(re.match(r"typedef\s+(struct|union|enum)\b", t) for t in lines):
        yield 1, "typedef of a struct, union or enum"
    for top, head, first, body in functions(lines):
        if len(body) > FUNCTION_MAX:
            yield top, "function of %d lines (at most %d)" % (
                len(body), FUNCTION_MAX)
        if parameters(head) > PARAMS_MAX:
            yield top, "%d parameters (at most %d)" % (parameters(head),
                                                       PARAMS_MAX)
        for n in nesting(first, body):
            yield n, "nested deeper than %d" % NESTING_MAX


def check(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        text = f.read()
    yield from lines_style(name, text.splitlines())
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end"
    if name.endswith(C):
        yield from c_style(strip(text).splitlines())


def main():
    bad = 0
    for name in sys.argv[1:] or files():
        for n, what in check(name):
            print("%s:%d: %s" % (name, n, what))
            bad += 1
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
